package main

import (
	"fmt"
	"reflect"
	"strings"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/sender"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
)

// fixedForm reports whether a detail has a form in JSON that its package keeps
// to. Other details do not go out.
func fixedForm(detail any) bool {
	switch detail.(type) {
	case *rdns.Result, *dnsbl.Result, *dnsbl.Origin, *sender.Result, *spf.Result, *dkim.Result, *dmarc.Result:
		return !reflect.ValueOf(detail).IsNil()
	}
	return false
}

// gist says in a few words what a finding without a text rests on, "" if there
// is nothing to say.
func gist(detail any) string {
	if !fixedForm(detail) {
		return ""
	}
	switch d := detail.(type) {
	case *rdns.Result:
		if d.Confirmed != "" {
			return string(d.Confirmed) + " leads back to the client"
		}
	case *dnsbl.Origin:
		return fmt.Sprintf("%s announces %s", d, d.Prefix)
	case *sender.Result:
		if d.Usable != "" {
			return fmt.Sprintf("%s takes the mail of %s", d.Usable, d.Domain)
		}
	case *spf.Result:
		if d.Sender != "" {
			return fmt.Sprintf("SPF of %s: %s", d.Sender, d.Word)
		}
	case *dmarc.Result:
		if d.Outcome == envelope.None {
			return d.Reason
		}
	}
	return ""
}

// particulars says in a line each what a detail has that the text of its finding
// may leave out.
func particulars(detail any) (lines []string) {
	if !fixedForm(detail) {
		return nil
	}
	switch d := detail.(type) {
	case *dnsbl.Result:
		for _, listing := range d.Listed {
			lines = append(lines, fmt.Sprintf("on the DNS list %s with %s", listing.Zone, strings.Trim(fmt.Sprint(listing.Codes), "[]")))
		}
	case *sender.Result:
		for _, bad := range d.Bad {
			lines = append(lines, "not usable: "+bad.Host+" "+bad.Reason)
		}
		for _, host := range d.Unknown {
			lines = append(lines, "not known: "+string(host))
		}
	case *spf.Result:
		for _, match := range d.Matched {
			lines = append(lines, fmt.Sprintf("SPF term %s of %s", match.Term, match.Record))
		}
		if d.Problem != nil {
			lines = append(lines, "SPF: "+d.Problem.Error())
		}
	case *dkim.Result:
		for _, s := range d.Signatures {
			line := fmt.Sprintf("DKIM signature: %s", s.Word)
			if s.Domain != "" { // else it could not be read
				line = fmt.Sprintf("DKIM signature of %s (selector %s): %s", s.Domain, s.Selector, s.Word)
			}
			if s.Reason != "" {
				line += ", " + s.Reason
			}
			lines = append(lines, line)
		}
	case *dmarc.Result:
		if d.SPFAligned {
			lines = append(lines, fmt.Sprintf("DMARC of %s: SPF is aligned", d.Domain))
		}
		if d.DKIMAligned {
			lines = append(lines, fmt.Sprintf("DMARC of %s: DKIM is aligned", d.Domain))
		}
		if d.PolicyDomain != "" {
			lines = append(lines, fmt.Sprintf("DMARC record of %s: %s", d.PolicyDomain, d.Applied))
		}
	}
	return lines
}
