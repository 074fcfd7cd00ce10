package main

import (
	"fmt"

	"mxrules.example/dmarc"
	"mxrules.example/envelope/message"
	"mxrules.example/verdict"
)

// dmarcRules returns the rules for mail that fails DMARC. A message without a single
// author is treated alike, because DMARC could not protect its authors. With
// dmarcReject a malformed message is rejected, because programs read it in different
// ways.
func (s site) dmarcRules() verdict.Rules {
	switch s.dmarc {
	case dmarcMark:
		return verdict.Rules{
			verdict.MarkUnless(dmarc.SingleAuthor, "author"),
			verdict.MarkUnless(dmarc.NotReject, "dmarc"),
			verdict.MarkUnless(dmarc.NotQuarantine, "dmarc"),
		}
	case dmarcReject:
		return verdict.Rules{
			verdict.RejectUnless(message.WellFormed),
			verdict.RejectUnless(dmarc.SingleAuthor),
			verdict.RejectUnless(dmarc.NotReject),
			verdict.MarkUnless(dmarc.NotQuarantine, "dmarc"),
		}
	}
	return nil
}

// dmarcChoice is a choice for DMARC. The zero value is the default.
type dmarcChoice uint8

const (
	// dmarcMark marks mail that fails with the policy quarantine or reject.
	dmarcMark dmarcChoice = iota
	// dmarcReject rejects mail that fails with the policy reject.
	dmarcReject
	// dmarcOff does not evaluate DMARC.
	dmarcOff
)

func (c *dmarcChoice) choose(word string) error {
	switch word {
	case "mark":
		*c = dmarcMark
	case "reject":
		*c = dmarcReject
	case "off":
		*c = dmarcOff
	default:
		return fmt.Errorf("unknown choice %q; known are: mark, reject, off", word)
	}
	return nil
}
