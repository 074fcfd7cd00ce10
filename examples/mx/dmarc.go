package main

import (
	"fmt"

	"mxrules.example/dmarc"
	"mxrules.example/envelope/message"
	"mxrules.example/verdict"
)

// dmarcRules are what the server does about mail that its author's domain does
// not stand behind. A message whose author can't be told is no way around it,
// nor, where mail is rejected, is one that programs read in different ways.
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

// dmarcChoice is one of the choices for DMARC. The zero value is the default.
type dmarcChoice uint8

const (
	// dmarcMark takes all mail, and marks what its owner asks not to take.
	dmarcMark dmarcChoice = iota
	// dmarcReject does what the owner asks.
	dmarcReject
	// dmarcOff asks nobody.
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
		return fmt.Errorf("there is no choice %q; there are: mark, reject, off", word)
	}
	return nil
}
