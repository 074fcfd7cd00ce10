package headers

import (
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Stamp writes fields in the name of one server. Make one with [For]; the zero
// value has no name and must not be used.
type Stamp struct {
	name  string // authserv-id, a host name as the site writes it
	host  envelope.Host
	forms []string // in which others may write it
}

// For returns the stamp of a server. The name is that of the host, or of its
// site, as RFC 8601, section 2.5 recommends; all servers of a site may share
// one. The error is an *[envelope.SyntaxError].
func For(name string) (*Stamp, error) {
	host, err := envelope.ParseHost(name)
	if err != nil {
		return nil, err
	}
	return &Stamp{name: string(host), host: host, forms: forms(host)}, nil
}

// AuthenticationResults returns the field for the findings of verdicts, with
// its line end. Of several verdicts, those of several recipients of one message,
// each result is written once. If nothing was found it says so: "none".
func (s *Stamp) AuthenticationResults(e *envelope.Envelope, verdicts ...verdict.Verdict) string {
	return s.write(results(verdicts), e.SMTPUTF8)
}

// results collects what belongs into the field: the entries of all details in
// the order of the rules, each once.
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
	case envelope.AuthenticationResults:
		for _, entry := range detail.AuthenticationResults() {
			c.addEntry(entry)
		}
	case []envelope.Finding: // of All and Any
		for _, operand := range detail {
			c.add(operand)
		}
	case envelope.Finding: // of a check that wraps one
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

// ReceivedSPF returns the field for what SPF said of the sender, or else of the
// HELO name, with its line end. It is "" if no rule asked SPF.
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

// identity is which identity an entry of the method spf is about.
func identity(entry *envelope.AuthenticationResult) string {
	for _, p := range entry.Properties {
		if p.Type == "smtp" && p.Name == "helo" {
			return "helo"
		}
	}
	return "mailfrom"
}

// explain says the result in words, for people who read headers. Nothing in it
// was chosen by a peer, so that it can stand in a comment as it is.
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
