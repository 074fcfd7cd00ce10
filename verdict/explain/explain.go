// Package explain says what a refusal means to those who were refused.
//
// A reply of SMTP is one sentence. A postmaster needs more: what the rule asks, why, and
// which DNS record or setting mends it. Someone who only wanted to send a message needs
// something else: that it is not their fault, and whom to ask. A Book has both for every
// check of the library:
//
//	x := explain.English().Explain(v, e)
//	fmt.Println(x.Text())
//
// Where a record can be computed from the envelope, such as the PTR record that is missing,
// the explanation has it in the form of a master file.
//
// A site replaces entries, or translates them, by changing its copy of the Book. A check
// of your own brings its entry with the Detail of its findings ([Explainer]), or is added
// to the Book.
//
// The texts of an Explanation are plain text. What a peer sent is cleaned: no control
// characters and no line ends. WriteHTML escapes them. The package does not ask DNS and
// decides nothing.
package explain

import (
	"html/template"
	"io"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Entry explains a check.
type Entry struct {
	// Asks says what the check requires, as a sentence.
	Asks string
	// Why says why, with the RFC and its section if there is one.
	Why string
	// Mend has steps for the postmaster of the sending system.
	Mend []string
	// Records returns DNS records that mend it, nil if none can be computed from the
	// envelope. nil computes none.
	Records func(e *envelope.Envelope) []string
	// User says what someone can do who is no administrator.
	User string
}

// Explainer is implemented by the Detail of a finding of a check that no Book knows.
type Explainer interface {
	ExplainRefusal() Entry
}

// Book has entries by the names of checks.
type Book map[string]Entry

// Explanation explains one verdict.
type Explanation struct {
	// Verdict is the reply with its codes, in one line. It is "" for a verdict that
	// refuses nothing.
	Verdict string `json:"verdict,omitempty"`
	// Check is the name of the check that decided, and Rule that of its rule.
	Check string `json:"check,omitempty"`
	Rule  string `json:"rule,omitempty"`
	// Seen is what was found.
	Seen string `json:"seen,omitempty"`
	// Temporary reports whether the same mail may be accepted later.
	Temporary bool     `json:"temporary,omitempty"`
	Asks      string   `json:"asks,omitempty"`
	Why       string   `json:"why,omitempty"`
	Mend      []string `json:"mend,omitempty"`
	Records   []string `json:"records,omitempty"`
	User      string   `json:"user,omitempty"`
}

// Explain explains a verdict on an envelope. For a check without an entry it has only
// what was seen.
func (b Book) Explain(v verdict.Verdict, e *envelope.Envelope) Explanation {
	if v.Err() == nil {
		return Explanation{}
	}
	f := decisive(v.Finding)
	x := Explanation{
		Verdict: clean(v.Err().Error()), Check: f.Check, Rule: clean(v.Rule), Seen: clean(f.Text),
		Temporary: v.Action == verdict.TempFail,
	}
	entry, ok := b[f.Check]
	if !ok {
		if own, is := f.Detail.(Explainer); is {
			entry = own.ExplainRefusal()
		}
	}
	if f.Outcome == envelope.TempError {
		entry = failure
	}
	x.Asks, x.Why, x.Mend, x.User = clean(entry.Asks), clean(entry.Why), cleanAll(entry.Mend), clean(entry.User)
	if entry.Records != nil && e != nil {
		x.Records = cleanAll(entry.Records(e))
	}
	return x
}

// failure explains a check that could not answer.
var failure = Entry{
	Asks: "The server must be able to look up what its rules need.",
	Why:  "A lookup failed, in DNS or in a directory of this site. The server does not refuse mail for that reason: it asks for another try.",
	Mend: []string{
		"Your server tries again by itself. Nothing has to be done if that succeeds.",
		"If it fails for hours, check that the name servers of your domain answer, over UDP and TCP and from outside of your network.",
	},
	User: "Your message is not lost. Your provider tries to deliver it again, and tells you if it gives up.",
}

// decisive returns the finding of a combination of checks that decided it.
func decisive(f envelope.Finding) envelope.Finding {
	operands, ok := f.Detail.([]envelope.Finding)
	if !ok || !strings.Contains(f.Check, "(") {
		return f
	}
	i := slices.IndexFunc(operands, func(o envelope.Finding) bool { return o.Outcome == f.Outcome && o.Text == f.Text })
	if i < 0 {
		return f
	}
	return decisive(operands[i])
}

func clean(text string) string { return envelope.CleanText(text, true) }

func cleanAll(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, clean(text))
	}
	return all
}

// Text returns the explanation as lines of plain text.
func (x Explanation) Text() string {
	var b strings.Builder
	section := func(title string, lines ...string) {
		if len(lines) == 0 || lines[0] == "" {
			return
		}
		b.WriteString(title + "\n")
		for _, line := range lines {
			b.WriteString("  " + line + "\n")
		}
	}
	section("The reply", x.Verdict)
	section("What was seen", x.Seen)
	section("What is required", x.Asks)
	section("Why", x.Why)
	section("How to mend it", x.Mend...)
	section("DNS records", x.Records...)
	section("If you only wanted to send a message", x.User)
	return b.String()
}

// WriteHTML writes the explanation as a section of an HTML page, without style.
func (x Explanation) WriteHTML(w io.Writer) error { return section.Execute(w, x) }

var section = template.Must(template.New("explanation").Parse(`<section class="explanation">
{{with .Verdict}}<p class="reply"><code>{{.}}</code></p>
{{end}}{{with .Seen}}<h2>What was seen</h2>
<p>{{.}}</p>
{{end}}{{with .Asks}}<h2>What is required</h2>
<p>{{.}}</p>
{{end}}{{with .Why}}<h2>Why</h2>
<p>{{.}}</p>
{{end}}{{with .User}}<h2>If you only wanted to send a message</h2>
<p>{{.}}</p>
{{end}}{{with .Mend}}<h2>How a postmaster mends it</h2>
<ol>
{{range .}}<li>{{.}}</li>
{{end}}</ol>
{{end}}{{with .Records}}<h2>DNS records</h2>
<pre>{{range .}}{{.}}
{{end}}</pre>
{{end}}</section>
`))
