package spf_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	library "blitiri.com.ar/go/spf"
	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// empty is a DNS with one record. The library gets the records in texts, and for other
// names a record that decides nothing.
type empty struct {
	texts map[string]string
	asked []string
}

func (e *empty) LookupTXT(_ context.Context, name string) ([]string, error) {
	if text, ok := e.texts[name]; ok {
		return []string{text}, nil
	}
	return []string{"v=spf1 ?all"}, nil
}

func (e *empty) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, nothing }

func (e *empty) LookupAddr(context.Context, string) ([]string, error) { return nil, nothing }

func (e *empty) LookupIPAddr(_ context.Context, name string) ([]net.IPAddr, error) {
	e.asked = append(e.asked, name)
	return nil, nothing
}

// askLibrary evaluates with a limit that no record here reaches unless it refers to
// itself. The library recurses, so a high limit would overflow the stack.
func askLibrary(e *empty, ip, helo, sender string) (library.Result, error) {
	return library.CheckHostWithSender(net.ParseIP(ip), helo, sender, library.WithResolver(e),
		library.OverrideLookupLimit(100), library.OverrideVoidLookupLimit(100))
}

// libraryRefuses reports whether a term is malformed for the library.
func libraryRefuses(term string) bool {
	e := &empty{texts: map[string]string{"example.com": "v=spf1 " + term}}
	_, err := askLibrary(e, "192.0.2.1", "mail.example.com", "user@example.com")
	for _, syntax := range []error{library.ErrUnknownField, library.ErrInvalidIP, library.ErrInvalidMask, library.ErrInvalidMacro, library.ErrInvalidDomain} {
		if errors.Is(err, syntax) {
			return true
		}
	}
	return false
}

var (
	prefixLengths = regexp.MustCompile(`(/[0-9]+)?(//[0-9]+)?$`)
	modifier      = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9._-]*=`)
	leadingZero   = regexp.MustCompile(`/0[0-9]`)
	longNumber    = regexp.MustCompile(`[0-9]{10}`)
)

// stricter returns why we refuse a term that the library accepts, "" if there is no
// reason.
func stricter(term, reason string) string {
	switch {
	case strings.HasPrefix(strings.ToLower(term), "redirect="): // read as a domain, see below
	case modifier.MatchString(term):
		return "the library does not look into the modifiers that it ignores (RFC 7208, section 6)"
	}
	switch reason {
	case "has a character that is not visible ASCII":
		return "macro-literal is visible ASCII (section 12)"
	case "has an empty domain", "has a domain that does not end in a dot and the name of a top-level domain":
		return "domain-end is a top label or a macro (section 12)"
	case "has no valid address of its family":
		return "ip4 is IPv4 and ip6 is IPv6 (section 5.6)"
	case "is repeated":
		return "the library does not look at exp, and this test at one term"
	}
	switch {
	case strings.Contains(reason, "prefix length") && leadingZero.MatchString(term):
		return "a prefix length has no leading zero (section 12)"
	case reason == "has a macro with an invalid number of parts" && longNumber.MatchString(term):
		return "a number of parts that fits into 63 bits and not into 31"
	}
	return ""
}

// laxer returns why we accept a term that the library refuses.
func laxer(term string) string {
	if strings.Contains(prefixLengths.ReplaceAllString(term, ""), "/") {
		return "a domain may hold a slash, as a literal or as a delimiter (section 12)"
	}
	return ""
}

// FuzzRecord compares the strict parser with the library, term by term: both accept the
// same terms, with the exceptions in stricter and laxer.
func FuzzRecord(f *testing.F) {
	for _, p := range readCases(f) {
		for line := range strings.Lines(p.zone) {
			if _, terms, ok := strings.Cut(line, `"v=spf1 `); ok {
				f.Add(strings.TrimSuffix(strings.TrimSpace(terms), `"`))
			}
		}
	}
	for _, loop := range []string{"redirect=example.com", "include:example.com al"} {
		f.Add(loop)
	}
	f.Add("a/024 mx/24//0128 ip4:1.2.3.4/08 ip6:::1/0128 exists:%{l/}.example.com a:a/b.example.com/24")
	f.Fuzz(func(t *testing.T, terms string) {
		in := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.com", MailFrom: "user@example.com"}
		w := &watcher{t: t, texts: func(name string) []string {
			if name == "example.com." {
				return []string{"v=spf1 " + terms}
			}
			return nil
		}}
		got := spf.Evaluate(t.Context(), w, in)
		var syntax *envelope.SyntaxError
		if got.Problem != nil && got.Problem.Record == "example.com" && errors.As(got.Problem, &syntax) {
			if !libraryRefuses(syntax.Value) && stricter(syntax.Value, syntax.Reason) == "" {
				t.Errorf("the library takes %q, and we say %v", syntax.Value, syntax)
			}
			return
		}
		if len(terms) > 60_000 { // too long, and not read
			return
		}
		for term := range strings.SplitSeq(terms, " ") {
			if term != "" && libraryRefuses(term) && laxer(term) == "" {
				t.Errorf("the library refuses %q, and we take it", term)
			}
		}
	})
}

// FuzzMacros compares the names from macros with those of the library.
func FuzzMacros(f *testing.F) {
	for _, template := range []string{
		"%{ir}.%{v}._spf.%{d2}", "%{lr-}.lp._spf.%{d}", "%{l1r-}.%{d3r}", "%{S}.%{h}.%{o}", "%%.%-.%_.%{d127}", "%{s.-+,_=}.%{H2}",
		"%{d1}.%{l9r+_}.x.example", "%{i}", "a.%{L}", "%{lr+-}.%{o1}",
	} {
		f.Add(template, "strong-bad", "mail.example.org", false)
		f.Add(template, "a.b_c+d=e!", "x.y-z.example", true)
	}
	f.Fuzz(func(t *testing.T, template, local, helo string, six bool) {
		sender := envelope.Mailbox{Local: local, Domain: "email.example.com"}.String()
		m, err := envelope.ParseMailbox(sender, false)
		// Ours are p and slashes, the escaped blank, and an @ in quotes. The library
		// also drops empty parts of what is not split at all.
		different := strings.ContainsAny(template, " /pP") || strings.ContainsAny(local+helo, " @") ||
			strings.Contains("."+local+".", "..") || strings.Contains("."+helo+".", "..")
		if err != nil || m.Local != local || different || len(template) > 1000 || len(helo) > 1000 {
			return
		}
		ip := "192.0.2.3"
		if six {
			ip = "2001:db8::cb01"
		}
		record := "v=spf1 exists:" + template + " ?all"
		theirs := &empty{texts: map[string]string{"email.example.com": record}}
		askLibrary(theirs, ip, helo, local+"@email.example.com")

		w := &watcher{t: t, texts: func(name string) []string {
			if name == "email.example.com." {
				return []string{record}
			}
			return nil
		}}
		got := spf.Evaluate(t.Context(), w, &envelope.Envelope{ClientIP: netip.MustParseAddr(ip), Helo: helo, MailFrom: sender})
		if got.Word == "permerror" || len(w.asked) < 2 {
			return // no macro-string, or no name that could be asked about
		}
		if len(theirs.asked) != 1 {
			t.Fatalf("the library asks %q, and we ask %q", theirs.asked, w.asked)
		}
		want := strings.ToLower(strings.TrimSuffix(theirs.asked[0], "."))
		for len(want) > 253 { // section 7.3, which the library does not do
			_, want, _ = strings.Cut(want, ".")
		}
		if envelope.IsASCII(want) && w.asked[1] != "A "+want+"." {
			t.Errorf("%s with %q, %q: asked %q, and the library %q", template, local, helo, w.asked[1], want)
		}
	})
}

// FuzzInput tests what is true whatever a client sends and a domain publishes.
func FuzzInput(f *testing.F) {
	f.Add([]byte{192, 0, 2, 1}, "mail.example.com", "user@example.com", "v=spf1 a mx ptr include:%{o} -all exp=x.example.com", "%{s} %{h} %{c} %{t}")
	f.Add([]byte("\x20\x01\x0d\xb8............"), "", "", "v=spf1 redirect=%{h}.example.com", "")
	f.Add([]byte{}, "[192.0.2.1]", `"a@b\"c"@example.com`, "v=spf1 exists:%{S}.%{p} ~all", "\x00\xff")
	f.Add([]byte{1, 2, 3, 4}, "a\r\nb.example", "@a,@b:c@d.example", "V=SPF1 mx:%{l}.d/24//64 ?all", "50%")
	f.Add([]byte{1, 2, 3, 4}, strings.Repeat("a.", 200), "bücher@bücher.example", "v=spf1 a:%{h}%{h}%{h}.%{d} -all", strings.Repeat("%{H}", 100))
	f.Fuzz(func(t *testing.T, ip []byte, helo, from, record, explanation string) {
		client, _ := netip.AddrFromSlice(ip)
		w := &watcher{t: t, texts: func(name string) []string {
			if strings.HasPrefix(name, "x.") {
				return []string{explanation}
			}
			return []string{record}
		}, ptr: func() []string { return []string{helo, "mail.example.com.", explanation} }}
		for _, evaluate := range []func(context.Context, envelope.Resolver, *envelope.Envelope) *spf.Result{spf.Evaluate, evaluateHelo} {
			w.asked = nil
			got := evaluate(t.Context(), w, &envelope.Envelope{ClientIP: client, Helo: helo, MailFrom: from})
			if got.Questions != len(w.asked) || got.Questions > 111 || got.Lookups > 10 || got.VoidLookups > 2 {
				t.Errorf("counts %d questions, %d lookups, %d void; %d were asked", got.Questions, got.Lookups, got.VoidLookups, len(w.asked))
			}
			wrong := got.Word == "temperror" || got.Word == "permerror"
			if wrong != (got.Problem != nil) || wrong && envelope.CleanText(got.Problem.Error(), true) != got.Problem.Error() {
				t.Errorf("%s, and the problem is %q", got.Word, got.Problem)
			}
			if len(got.Explanation) > 250 || strings.ContainsFunc(got.Explanation, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("the explanation is %q", got.Explanation)
			}
			if got.Explanation != "" && got.Word != "fail" {
				t.Errorf("%s, and the explanation is %q", got.Word, got.Explanation)
			}
			if got.Word == "pass" && len(got.Matched) == 0 {
				t.Error("a pass, and nothing matched")
			}
		}
		e := envelope.Envelope{ClientIP: client, Helo: helo, MailFrom: from, SMTPUTF8: true}
		for name, check := range everyCheck {
			if got := check(t.Context(), w, &e); envelope.CleanText(got.Text, true) != got.Text || len(got.Text) > 1200 {
				t.Errorf("%s: %q", name, got.Text)
			}
		}
	})
}
