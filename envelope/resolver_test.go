package envelope_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
)

// scripted is a Resolver that answers from a table of questions, such as
// "ip4 mail.example.org.", and keeps a log. What is not in the table is not
// found.
type scripted struct {
	answers map[string]any // the records, an error, or both
	asked   []string
}

// both is an answer together with an error.
type both struct {
	records any
	err     error
}

func reply[T any](s *scripted, question string) ([]T, error) {
	s.asked = append(s.asked, question)
	switch answer := s.answers[question].(type) {
	case []T:
		return answer, nil
	case error:
		return nil, answer
	case both:
		return answer.records.([]T), answer.err
	}
	return nil, &net.DNSError{Err: "no such host", Name: question, IsNotFound: true}
}

func (s *scripted) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	return reply[netip.Addr](s, network+" "+host)
}

func (s *scripted) LookupAddr(_ context.Context, addr string) ([]string, error) {
	return reply[string](s, "ptr "+addr)
}

func (s *scripted) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return reply[*net.MX](s, "mx "+name)
}

func (s *scripted) LookupTXT(_ context.Context, name string) ([]string, error) {
	return reply[string](s, "txt "+name)
}

func (s *scripted) LookupCNAME(_ context.Context, host string) (string, error) {
	names, err := reply[string](s, "cname "+host)
	return strings.Join(names, ""), err
}

// lookups are the functions that take a name, with the log of their question
// and an answer to it.
var lookups = []struct {
	question string
	answer   any
	lookup   func(ctx context.Context, r envelope.Resolver, name string) (int, error)
}{
	{"ip4", []netip.Addr{netip.MustParseAddr("192.0.2.1")}, func(ctx context.Context, r envelope.Resolver, name string) (int, error) {
		records, err := envelope.LookupIP(ctx, r, "ip4", name)
		return len(records), err
	}},
	{"ip6", []netip.Addr{netip.MustParseAddr("2001:db8::1")}, func(ctx context.Context, r envelope.Resolver, name string) (int, error) {
		records, err := envelope.LookupIP(ctx, r, "ip6", name)
		return len(records), err
	}},
	{"mx", []*net.MX{{Host: "mx.example.org.", Pref: 10}}, func(ctx context.Context, r envelope.Resolver, name string) (int, error) {
		records, err := envelope.LookupMX(ctx, r, name)
		return len(records), err
	}},
	{"txt", []string{"v=spf1 -all"}, func(ctx context.Context, r envelope.Resolver, name string) (int, error) {
		records, err := envelope.LookupTXT(ctx, r, name)
		return len(records), err
	}},
	{"cname", []string{"mail.example.org."}, func(ctx context.Context, r envelope.Resolver, name string) (int, error) {
		end, err := envelope.LookupCNAME(ctx, r, name)
		return min(len(end), 1), err
	}},
}

func TestLookupsNormaliseNames(t *testing.T) {
	for _, l := range lookups {
		for name, want := range map[string]string{
			"mail.example.org":      "mail.example.org.",
			"Mail.Example.ORG":      "mail.example.org.",
			"mail.example.org.":     "mail.example.org.",
			"bücher.example":        "xn--bcher-kva.example.",
			"_dmarc.example.org":    "_dmarc.example.org.",
			"-odd-.example.org":     "-odd-.example.org.", // RFC 2181, section 11
			"4.3.2.1.dnsbl.example": "4.3.2.1.dnsbl.example.",
			"org":                   "org.",
		} {
			r := &scripted{}
			if _, err := l.lookup(t.Context(), r, name); !envelope.NotFound(err) {
				t.Errorf("%s %s: error %v", l.question, name, err)
			}
			if want := []string{l.question + " " + want}; !slices.Equal(r.asked, want) {
				t.Errorf("%s %s: asked %q, want %q", l.question, name, r.asked, want)
			}
		}
	}
}

func TestLookupsDoNotAskForInvalidNames(t *testing.T) {
	for _, name := range []string{
		"", ".", "a..b", ".example.org", "example.org..", "[192.0.2.1]", "2001:db8::1", "a b.example", "a\x00.example",
		"a/b.example", "a@b.example", "*.example.org", "\xff.example", "a\u202eb.example", "a\r\nb.example",
		strings.Repeat("a", 64) + ".example", strings.Repeat("a.", 126) + "ab", strings.Repeat("x", 960_000),
	} {
		for _, l := range lookups {
			r := &scripted{}
			n, err := l.lookup(t.Context(), r, name)
			if n != 0 || !isBare(err) || !envelope.NotFound(err) {
				t.Errorf("%s %.30q: %d records, error %v, want not found", l.question, name, n, err)
			}
			if len(r.asked) > 0 {
				t.Errorf("%s %.30q: asked %q", l.question, name, r.asked)
			}
		}
		r := &scripted{}
		if exists, err := envelope.Exists(t.Context(), r, name); exists || err != nil || len(r.asked) > 0 {
			t.Errorf("Exists(%.30q) = %t, %v, asked %q", name, exists, err, r.asked)
		}
	}
}

// isBare reports whether err is an unwrapped *net.DNSError that is either not found
// or temporary.
func isBare(err error) bool {
	dns, ok := err.(*net.DNSError)
	return ok && dns.IsNotFound != (dns.IsTemporary || dns.IsTimeout)
}

func TestErrorsAreNotFoundOrTemporary(t *testing.T) {
	for _, tc := range []struct {
		name     string
		answer   error
		notFound bool
		timeout  bool
	}{
		{"not found", &net.DNSError{Err: "no such host", IsNotFound: true}, true, false},
		{"wrapped not found", fmt.Errorf("cache: %w", &net.DNSError{Err: "no such host", IsNotFound: true}), true, false},
		{"joined not found", errors.Join(errors.New("x"), &net.DNSError{IsNotFound: true}), true, false},
		{"SERVFAIL", &net.DNSError{Err: "server misbehaving", IsTemporary: true}, false, false},
		{"wrapped SERVFAIL", fmt.Errorf("cache: %w", &net.DNSError{IsTemporary: true}), false, false},
		{"REFUSED comes without a flag", &net.DNSError{Err: "server misbehaving"}, false, false},
		{"timeout", &net.DNSError{Err: "i/o timeout", IsTimeout: true}, false, true},
		{"no DNS error", errors.New("connection refused"), false, false},
		{"bare deadline", context.DeadlineExceeded, false, true},
		{"wrapped deadline", fmt.Errorf("udp: %w", context.DeadlineExceeded), false, true},
		{"bare cancel", context.Canceled, false, false},
		{"nothing left of the answer", &net.DNSError{Err: "DNS response contained records which contain invalid names"}, true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, l := range lookups {
				r := &scripted{answers: map[string]any{l.question + " example.org.": tc.answer}}
				_, err := l.lookup(t.Context(), r, "example.org")
				if !isBare(err) {
					t.Fatalf("%s: error %#v", l.question, err)
				}
				if got := envelope.NotFound(err); got != tc.notFound {
					t.Errorf("%s: NotFound(%v) = %t", l.question, err, got)
				}
				if got := err.(*net.DNSError).IsTimeout; got != tc.timeout {
					t.Errorf("%s: IsTimeout of %v is %t", l.question, err, got)
				}
			}
			r := &scripted{answers: map[string]any{"ptr 192.0.2.1": tc.answer}}
			_, err := envelope.LookupPTR(t.Context(), r, netip.MustParseAddr("192.0.2.1"))
			if !isBare(err) || envelope.NotFound(err) != tc.notFound {
				t.Errorf("ptr: error %v", err)
			}
		})
	}
}

func TestErrorsKeepTheirCause(t *testing.T) {
	cause := errors.New("connection refused")
	r := &scripted{answers: map[string]any{"mx example.org.": fmt.Errorf("udp: %w", cause)}}
	_, err := envelope.LookupMX(t.Context(), r, "Example.org")
	if !errors.Is(err, cause) || err.(*net.DNSError).Name != "example.org" {
		t.Errorf("error %#v names neither its cause nor the question", err)
	}
}

func TestTheErrorOfAResolverIsNotModified(t *testing.T) {
	refused := &net.DNSError{Err: "server misbehaving", Name: "example.org."}
	r := &scripted{answers: map[string]any{"mx example.org.": refused}}
	if _, err := envelope.LookupMX(t.Context(), r, "example.org"); !err.(*net.DNSError).IsTemporary {
		t.Errorf("REFUSED is not temporary: %#v", err)
	}
	if refused.IsTemporary {
		t.Error("a flag was set on the error that the resolver holds")
	}
}

func TestAnErrorBesideAnswersIsIgnored(t *testing.T) {
	for _, l := range lookups {
		r := &scripted{answers: map[string]any{l.question + " example.org.": both{l.answer, errors.New("one of two is broken")}}}
		if n, err := l.lookup(t.Context(), r, "example.org"); n != 1 || err != nil {
			t.Errorf("%s: %d records, error %v", l.question, n, err)
		}
	}
}

func TestNoAnswerAndNoErrorIsNotFound(t *testing.T) {
	r := &scripted{answers: map[string]any{
		"ip4 example.org.": []netip.Addr(nil), "ip6 example.org.": []netip.Addr{},
		"mx example.org.": []*net.MX(nil), "txt example.org.": []string{}, "ptr 192.0.2.1": []string(nil),
		"cname example.org.": []string{},
	}}
	for _, l := range lookups {
		if n, err := l.lookup(t.Context(), r, "example.org"); n != 0 || !isBare(err) || !envelope.NotFound(err) {
			t.Errorf("%s: %d records, error %v", l.question, n, err)
		}
	}
	if _, err := envelope.LookupPTR(t.Context(), r, netip.MustParseAddr("192.0.2.1")); !envelope.NotFound(err) {
		t.Errorf("ptr: error %v", err)
	}
}

func TestANilResolverFailsEveryQuestion(t *testing.T) {
	for _, l := range lookups {
		if _, err := l.lookup(t.Context(), nil, "example.org"); !isBare(err) || envelope.NotFound(err) {
			t.Errorf("%s: error %v", l.question, err)
		}
		if _, err := l.lookup(t.Context(), nil, "a..b"); !envelope.NotFound(err) {
			t.Errorf("%s of a name that is none: error %v", l.question, err)
		}
	}
	if _, err := envelope.LookupPTR(t.Context(), nil, netip.MustParseAddr("192.0.2.1")); !isBare(err) || envelope.NotFound(err) {
		t.Errorf("ptr: error %v", err)
	}
	if _, err := envelope.Exists(t.Context(), nil, "example.org"); !isBare(err) || envelope.NotFound(err) {
		t.Errorf("Exists: error %v", err)
	}
}

func TestAnEndedContextAsksNothing(t *testing.T) {
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		ctx     context.Context
		timeout bool
	}{{expired, true}, {cancelled, false}} {
		r := &scripted{}
		var errs []error
		for _, l := range lookups {
			_, err := l.lookup(tc.ctx, r, "example.org")
			errs = append(errs, err)
		}
		_, err := envelope.LookupPTR(tc.ctx, r, netip.MustParseAddr("192.0.2.1"))
		errs = append(errs, err)
		_, err = envelope.Exists(tc.ctx, r, "example.org")
		errs = append(errs, err)
		for _, err := range errs {
			if !isBare(err) || envelope.NotFound(err) || err.(*net.DNSError).IsTimeout != tc.timeout {
				t.Errorf("error %#v", err)
			}
			if !errors.Is(err, tc.ctx.Err()) {
				t.Errorf("error %v does not lead to %v", err, tc.ctx.Err())
			}
		}
		if len(r.asked) > 0 {
			t.Errorf("asked %q", r.asked)
		}
	}
}

func TestLookupPTRUnmapsTheAddress(t *testing.T) {
	for given, want := range map[string]string{
		"192.0.2.1":        "ptr 192.0.2.1",
		"::ffff:192.0.2.1": "ptr 192.0.2.1",
		"2001:db8:0::1":    "ptr 2001:db8::1",
		"fe80::1%eth0":     "ptr fe80::1",
	} {
		r := &scripted{answers: map[string]any{want: []string{"anything at all"}}}
		names, err := envelope.LookupPTR(t.Context(), r, netip.MustParseAddr(given))
		if err != nil || !slices.Equal(names, []string{"anything at all"}) || !slices.Equal(r.asked, []string{want}) {
			t.Errorf("%s: %q, %v, asked %q", given, names, err, r.asked)
		}
	}
	r := &scripted{}
	if _, err := envelope.LookupPTR(t.Context(), r, netip.Addr{}); !isBare(err) || !envelope.NotFound(err) || len(r.asked) > 0 {
		t.Errorf("an unknown address: %v, asked %q", err, r.asked)
	}
}

func TestLookupIPUnmapsIPv4Addresses(t *testing.T) {
	given := []netip.Addr{netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
	r := &scripted{answers: map[string]any{"ip4 example.org.": given, "ip6 example.org.": given[:1]}}
	got, err := envelope.LookupIP(t.Context(), r, "ip4", "example.org")
	want := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("ip4: %v, %v", got, err)
	}
	if !given[0].Is4In6() {
		t.Error("the slice of the resolver was changed")
	}
	if got, _ := envelope.LookupIP(t.Context(), r, "ip6", "example.org"); !slices.Equal(got, given[:1]) {
		t.Errorf("ip6: %v: an AAAA record with a mapped address is one", got)
	}
}

func TestLookupCNAMEReturnsTheNameUnchanged(t *testing.T) {
	for _, want := range []string{"example.org.", "Mail.Example.NET.", "anything at all"} {
		r := &scripted{answers: map[string]any{"cname example.org.": []string{want}}}
		if got, err := envelope.LookupCNAME(t.Context(), r, "Example.ORG"); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

func TestIsNullMX(t *testing.T) {
	null, host := &net.MX{Host: "."}, &net.MX{Host: "mail.example.org.", Pref: 10}
	for _, tc := range []struct {
		records []*net.MX
		want    bool
	}{
		{nil, false},
		{[]*net.MX{null}, true},
		{[]*net.MX{null, {Host: ".", Pref: 10}}, true},
		{[]*net.MX{host}, false},
		{[]*net.MX{null, host}, false},
	} {
		if got := envelope.IsNullMX(tc.records); got != tc.want {
			t.Errorf("%d records: %t", len(tc.records), got)
		}
	}
}
