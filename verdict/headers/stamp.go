package headers

import (
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Stamp writes fields with the name of one server or site. Make one with [For]; the
// zero value has no name and must not be used.
type Stamp struct {
	name  string // the authserv-id
	host  envelope.Host
	forms []string // of the name in a reading
}

// For returns a Stamp with a name: that of the host, or one that all servers of a
// site share (RFC 8601, section 2.5). The error is an *[envelope.SyntaxError].
func For(name string) (*Stamp, error) {
	host, err := envelope.ParseHost(name)
	if err != nil {
		return nil, err
	}
	return &Stamp{name: string(host), host: host, forms: forms(host)}, nil
}

// AuthenticationResults returns the field for the findings of verdicts, with its line
// end. The verdicts are those of the recipients of one message; each result is
// written once. Without results the field says "none".
func (s *Stamp) AuthenticationResults(e *envelope.Envelope, verdicts ...verdict.Verdict) string {
	return s.write(results(verdicts), e.SMTPUTF8)
}

// results returns the results of all findings in the order of the rules, each once.
func results(verdicts []verdict.Verdict) []envelope.AuthenticationResult {
	var c collector
	for _, v := range verdicts {
		for _, step := range v.Trace {
			for _, f := range step.Conditions {
				c.add(f)
			}
			c.add(step.Finding)
		}
	}
	return c.entries
}

type collector struct {
	entries []envelope.AuthenticationResult
}

func (c *collector) add(f envelope.Finding) {
	switch detail := f.Detail.(type) {
	case interface {
		AuthenticationResults() []envelope.AuthenticationResult
	}:
		for _, entry := range detail.AuthenticationResults() {
			c.addEntry(entry)
		}
	case []envelope.Finding: // from All, Any and Not
		for _, operand := range detail {
			c.add(operand)
		}
	case envelope.Finding: // from a check that wraps another
		c.add(detail)
	}
}

func (c *collector) addEntry(entry envelope.AuthenticationResult) {
	for _, have := range c.entries {
		if have.Method == entry.Method && have.Result == entry.Result && have.Reason == entry.Reason &&
			slices.Equal(have.Properties, entry.Properties) {
			return
		}
	}
	c.entries = append(c.entries, entry)
}

// ReceivedSPF returns the field for the SPF result of the sender, or otherwise of the
// HELO name, with its line end. It is "" if no rule evaluated SPF.
func (s *Stamp) ReceivedSPF(e *envelope.Envelope, verdicts ...verdict.Verdict) string {
	var chosen *envelope.AuthenticationResult
	for _, entry := range results(verdicts) {
		if entry.Method == "spf" && (chosen == nil || identity(chosen) == "helo" && identity(&entry) != "helo") {
			chosen = &entry
		}
	}
	if chosen == nil || !isKeyword(chosen.Result) {
		return ""
	}
	sender := e.MailFrom
	if sender == "" {
		sender = "<>"
	}
	w := folder{limit: maxColumn}
	w.word("Received-SPF: " + chosen.Result)
	w.word("(" + s.name + ": " + explain(chosen.Result, e) + ")")
	pairs := []struct{ key, value string }{
		{"client-ip", e.Client().String()},
		{"envelope-from", sender},
		{"helo", e.Helo},
		{"identity", identity(chosen)},
		{"receiver", s.name},
		{"problem", chosen.Reason},
	}
	if !e.Client().IsValid() {
		pairs = pairs[1:]
	}
	if chosen.Reason == "" {
		pairs = pairs[:len(pairs)-1]
	}
	for i, p := range pairs {
		end := ";"
		if i == len(pairs)-1 {
			end = ""
		}
		w.word(p.key + "=" + pairValue(p.value, e.SMTPUTF8) + end)
	}
	return w.String()
}

// identity returns which identity an SPF result is about: "helo" or "mailfrom".
func identity(entry *envelope.AuthenticationResult) string {
	for _, p := range entry.Properties {
		if p.Type == "smtp" && p.Name == "helo" {
			return "helo"
		}
	}
	return "mailfrom"
}

// explain describes an SPF result for people. The text has no value that a peer chose,
// so that it is safe in a comment.
func explain(result string, e *envelope.Envelope) string {
	client := "the client"
	if e.Client().IsValid() {
		client = e.Client().String()
	}
	switch result {
	case "pass":
		return client + " may use the domain"
	case "fail":
		return client + " may not use the domain"
	case "softfail":
		return client + " probably may not use the domain"
	case "neutral":
		return "the domain says nothing about " + client
	case "none":
		return "the domain has no SPF record"
	case "temperror":
		return "DNS failed"
	}
	return "the SPF record is wrong"
}
