package rdns

import (
	"fmt"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// listed is how many names a sentence lists. The rest are counted.
const listed = 3

// temporary is the finding that DNS gave no answer. Its detail says that the
// reverse name is at stake (RFC 7372, section 3.3), its code that nobody is to
// blame (RFC 5321, section 4.2.3: local error in processing).
func temporary(check string, result *Result) envelope.Finding {
	f := envelope.Temporary(check, result.Err)
	f.Status = envelope.Status{Code: 451, Subject: 7, Detail: 25}
	return f.With(result)
}

// nameless is the finding that the client has no name.
func nameless(check string, status envelope.Status, client netip.Addr, result *Result) envelope.Finding {
	var f envelope.Finding
	switch {
	case !client.IsValid():
		f = envelope.Failed(check, status, "the address of the client is not known, and so it has no name")
	case len(result.Unusable) > 0:
		text := result.Unusable[0]
		_, fault := usable(text)
		f = envelope.Failed(check, status, `the PTR record of the client %s says "%s", which %s`, client, text, fault)
	default:
		f = envelope.Failed(check, status, "the client %s has no name: there is no PTR record for its address", client)
	}
	return f.With(result)
}

// unconfirmed is the finding that none of the names leads back.
func unconfirmed(check string, status envelope.Status, client netip.Addr, names []envelope.Host, result *Result) envelope.Finding {
	record := "A"
	if client.Is6() {
		record = "AAAA"
	}
	format := "the PTR record of the client %s says %s, which has no %s record with that address"
	if len(names) > 1 {
		format = "the PTR records of the client %s say %s, none of which has an %s record with that address"
	}
	return envelope.Failed(check, status, format, client, list(names, result.Cut), record).With(result)
}

// What a client is seen to be, given its address and its names.
const (
	isListed  = "the client %s with the name %s is in the list of names"
	notListed = "the client %s with the name %s is not in the list of names"
)

// list writes names for a sentence: the first three, and how many more there
// are.
func list(names []envelope.Host, cut bool) string {
	var b strings.Builder
	for i, name := range names[:min(len(names), listed)] {
		switch {
		case i == 0:
		case i == len(names)-1:
			b.WriteString(" and ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(name))
	}
	if more := len(names) - listed; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	if cut {
		fmt.Fprintf(&b, " (only the first %d were looked at)", maxNames)
	}
	return b.String()
}

// unbacked makes a finding about the client's names one about its greeting.
func unbacked(f envelope.Finding, greeting envelope.Host) envelope.Finding {
	f.Text = "the HELO name " + string(greeting) + " is not backed by DNS: " + f.Text
	return f.SuggestLogin()
}

// Explain implements [envelope.Explainer].
func (result *Result) Explain() []string {
	if result.Confirmed == "" {
		return nil
	}
	return []string{string(result.Confirmed) + " leads back to the client"}
}
