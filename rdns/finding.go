package rdns

import (
	"fmt"
	"strings"

	"mxrules.example/envelope"
)

// listed is how many names a text has. The others are counted.
const listed = 3

var (
	// unproved is the status of a client without a confirmed name (RFC 7372,
	// section 3.3: reverse DNS validation failed).
	unproved = envelope.Status{Code: 550, Subject: 7, Detail: 25}
	// unwanted is the status of a client that is refused for its name (RFC 3463:
	// delivery not authorized).
	unwanted = envelope.Status{Code: 550, Subject: 7, Detail: 1}
)

// temporary is the finding that a lookup failed. Its status has the detail of reverse
// DNS validation (RFC 7372, section 3.3) and the code of a local error in processing
// (RFC 5321, section 4.2.3).
func (result *Result) temporary(check string) envelope.Finding {
	f := envelope.Temporary(check, result.Err)
	f.Status = envelope.Status{Code: 451, Subject: 7, Detail: 25}
	return f.With(result)
}

// nameless is the finding that the client has no name, or that the lookup failed.
func (result *Result) nameless(check string, status envelope.Status) envelope.Finding {
	var f envelope.Finding
	switch {
	case result.Err != nil:
		return result.temporary(check)
	case !result.client.IsValid():
		f = envelope.Failed(check, status, "the client address is unknown")
	case len(result.Unusable) > 0:
		text := result.Unusable[0]
		_, fault := usable(text)
		f = envelope.Failed(check, status, `the PTR record of the client %s is "%s", which %s`, result.client, text, fault)
	default:
		f = envelope.Failed(check, status, "the client %s has no PTR record", result.client)
	}
	return f.With(result)
}

// unconfirmed is the finding that none of the names resolves to the client, or that
// a lookup failed.
func (result *Result) unconfirmed(check string, status envelope.Status, names []envelope.Host) envelope.Finding {
	if result.Err != nil {
		return result.temporary(check)
	}
	record := "A"
	if result.client.Is6() {
		record = "AAAA"
	}
	format := "the PTR record of the client %s is %s, which has no %s record with that address"
	if len(names) > 1 {
		format = "the PTR records of the client %s are %s, none of which has an %s record with that address"
	}
	return envelope.Failed(check, status, format, result.client, result.list(names), record).With(result)
}

// Texts of the checks of sets, for the address of the client and its names.
const (
	isListed  = "the client %s with the name %s is in the list of names"
	notListed = "the client %s with the name %s is not in the list of names"
)

// list returns the first three names for a text, and how many more there are.
func (result *Result) list(names []envelope.Host) string {
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
	if result.Cut {
		fmt.Fprintf(&b, " (only the first %d were checked)", maxNames)
	}
	return b.String()
}

// unbacked turns a failure about the client's names into one about its HELO name.
func unbacked(f envelope.Finding, greeting envelope.Host) envelope.Finding {
	if f.Outcome != envelope.Fail {
		return f
	}
	f.Text = "the HELO name " + string(greeting) + " does not match reverse DNS: " + f.Text
	return f.SuggestLogin()
}

// Explain returns a line for verdict.Verdict.Explain if a name is confirmed.
func (result *Result) Explain() []string {
	if result.Confirmed == "" {
		return nil
	}
	return []string{string(result.Confirmed) + " resolves to the client address"}
}
