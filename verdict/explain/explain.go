// Package explain says what a refusal means to those who were refused.
//
// A reply of SMTP is one sentence. A postmaster needs more: what the rule asks, why, and
// which DNS record or setting fixes it. Someone who only wanted to send a message needs
// something else: that it is not their fault, and where to ask. A Book has both for every
// check of the library:
//
//	x := explain.English().Explain(v, e)
//	fmt.Println(x.Text())
//
// Where a record can be computed from the envelope, such as the PTR record that is missing,
// the explanation has it in the form of a master file.
//
// A site replaces entries by changing its copy of the Book. A translation is another Book,
// which may be incomplete: where it has no entry, that of Book.Else explains, and the
// Explanation says in which language. A title that it lacks is that of Book.Else. A check
// of your own brings its entry with the Detail of its findings ([Explainer]), in one
// language, or is added to the Book of each language. An entry of a Book comes first.
//
// The texts of an Explanation are plain text. What a peer sent is cleaned: no control
// characters and no line ends. WriteHTML escapes them. The package does not ask DNS and
// decides nothing.
package explain

import (
	"cmp"
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
	// Fix has steps for the postmaster of the sending system.
	Fix []string
	// Records returns DNS records that fix it, nil if none can be computed from the
	// envelope. nil computes none. A translation has the Records of the entry that it
	// translates, as in English().Entries["rdns.exists"].Records.
	Records func(e *envelope.Envelope) []string
	// User says what the author of the mail can do, who is usually not an administrator.
	User string
}

// Explainer is implemented by the Detail of a finding of a check that no Book knows.
type Explainer interface {
	ExplainRefusal() Entry
}

// Book has the explanations of checks in one language.
type Book struct {
	// Language is that of the texts, as in the attribute lang of HTML (BCP 47): "en",
	// "pt-BR".
	Language string
	// Titles are those of the parts of an Explanation. One that is "" is that of Else.
	Titles Titles
	// Entries are by the names of checks. An entry "not(client.in)" explains a refusal
	// because client.in passes, as by RejectIf.
	Entries map[string]Entry
	// Failure explains a check that could not answer because a lookup failed.
	Failure Entry
	// Unknown explains a check that has no entry. It is used if Else is nil.
	Unknown Entry
	// Else explains the checks that have no entry here. nil is the end.
	Else *Book
}

// Titles are the titles of the parts of an Explanation.
type Titles struct {
	Rejected, Deferred          string // of a page; Text and WriteHTML leave them out
	Reply, Seen, Asks, Why, Fix string
	Records                     string // what can be computed from the envelope
	User                        string // what the author of the mail does
}

// Explanation explains one verdict.
type Explanation struct {
	// Language is that of Titles and of the texts, except Verdict and Seen, which are
	// what the server said. It is "" for an entry of an Explainer.
	Language string `json:"language,omitempty"`
	Titles   Titles `json:"-"`
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
	Fix       []string `json:"fix,omitempty"`
	Records   []string `json:"records,omitempty"`
	User      string   `json:"user,omitempty"`
}

// Explain explains a verdict on an envelope.
func (b Book) Explain(v verdict.Verdict, e *envelope.Envelope) Explanation {
	if v.Err() == nil {
		return Explanation{}
	}
	x := b.Finding(v.Finding, e)
	x.Verdict, x.Rule, x.Temporary = clean(v.Err().Error()), clean(v.Rule), v.Action == verdict.TempFail
	return x
}

// Finding explains a finding about an envelope: what it takes that its check passes. The
// Explanation has no Verdict. e may be nil.
func (b Book) Finding(f envelope.Finding, e *envelope.Envelope) Explanation {
	f = decisive(f)
	entry, of := b.entry(f)
	x := Explanation{
		Language: of.Language, Titles: of.titles(), Check: f.Check, Seen: clean(f.Text),
		Asks: clean(entry.Asks), Why: clean(entry.Why), Fix: cleanAll(entry.Fix), User: clean(entry.User),
	}
	if entry.Records != nil && e != nil {
		x.Records = cleanAll(entry.Records(e))
	}
	return x
}

// Entry returns the entry of a check and its language. ok is false if neither the Book nor
// those of Else have one.
func (b Book) Entry(check string) (entry Entry, language string, ok bool) {
	if entry, ok = b.Entries[check]; !ok && b.Else != nil {
		return b.Else.Entry(check)
	}
	return entry, b.Language, ok
}

// entry returns the entry for a finding, and the book that it is from.
func (b Book) entry(f envelope.Finding) (Entry, Book) {
	name := f.Check
	if f.Outcome == envelope.Pass {
		name = "not(" + name + ")"
	}
	entry, ok := b.Entries[name]
	own, is := f.Detail.(Explainer)
	switch {
	case f.Outcome == envelope.TempError && b.Failure.Asks != "":
		return b.Failure, b
	case f.Outcome != envelope.TempError && ok:
		return entry, b
	case b.Else != nil:
		return b.Else.entry(f)
	case is:
		b.Language = ""
		return own.ExplainRefusal(), b
	}
	return b.Unknown, b
}

// titles returns the titles of the Book, with those of Else for what it lacks.
func (b Book) titles() Titles {
	t := b.Titles
	if b.Else == nil {
		return t
	}
	rest := b.Else.titles()
	return Titles{
		Rejected: cmp.Or(t.Rejected, rest.Rejected), Deferred: cmp.Or(t.Deferred, rest.Deferred),
		Reply: cmp.Or(t.Reply, rest.Reply), Seen: cmp.Or(t.Seen, rest.Seen), Asks: cmp.Or(t.Asks, rest.Asks),
		Why: cmp.Or(t.Why, rest.Why), Fix: cmp.Or(t.Fix, rest.Fix),
		Records: cmp.Or(t.Records, rest.Records), User: cmp.Or(t.User, rest.User),
	}
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
	section(x.Titles.Reply, x.Verdict)
	section(x.Titles.Seen, x.Seen)
	section(x.Titles.Asks, x.Asks)
	section(x.Titles.Why, x.Why)
	section(x.Titles.Fix, x.Fix...)
	section(x.Titles.Records, x.Records...)
	section(x.Titles.User, x.User)
	return b.String()
}

// WriteHTML writes the explanation as a section of an HTML page, without style. Its
// titles are of level 2.
func (x Explanation) WriteHTML(w io.Writer) error { return section.Execute(w, x) }

var section = template.Must(template.New("explanation").Parse(`<section class="explanation"{{with .Language}} lang="{{.}}"{{end}}>
{{with .Verdict}}<h2>{{$.Titles.Reply}}</h2>
<p class="reply" lang="en"><code>{{.}}</code></p>
{{end}}{{with .Seen}}<h2>{{$.Titles.Seen}}</h2>
<p lang="en">{{.}}</p>
{{end}}{{with .User}}<h2>{{$.Titles.User}}</h2>
<p>{{.}}</p>
{{end}}{{with .Asks}}<h2>{{$.Titles.Asks}}</h2>
<p>{{.}}</p>
{{end}}{{with .Why}}<h2>{{$.Titles.Why}}</h2>
<p>{{.}}</p>
{{end}}{{with .Fix}}<h2>{{$.Titles.Fix}}</h2>
<ol>
{{range .}}<li>{{.}}</li>
{{end}}</ol>
{{end}}{{with .Records}}<h2>{{$.Titles.Records}}</h2>
<pre>{{range .}}{{.}}
{{end}}</pre>
{{end}}</section>
`))
