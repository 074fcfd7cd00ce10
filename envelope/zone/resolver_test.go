package zone_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// world is the zone of RFC 4592, section 2.2.1, without its delegation, and more.
const world = `
	$ORIGIN example.
	@                      SOA   ns hostmaster 1 3600 600 86400 60
	*                      TXT   "this is a wildcard"
	*                      MX    10 host1
	sub.*                  TXT   "this is not a wildcard"
	host1                  A     192.0.2.1
	_ssh._tcp.host1        SRV   0 0 22 host1
	_ssh._tcp.host2        SRV   0 0 22 host2
	both                   A     192.0.2.2
	                       A     192.0.2.3
	                       AAAA  2001:db8::2
	six                    AAAA  2001:db8::6
	a.b.c                  A     192.0.2.4
	alias                  CNAME both
	alias2                 CNAME alias
	toMissing              CNAME missing.test.
	toWild                 CNAME any.wild
	toEmpty                CNAME b.c
	*.wild                 A     192.0.2.5
	here.wild              TXT   "no address"
	*.aliases              CNAME both
	deep.here.wild         A     192.0.2.6
	loop1                  CNAME loop2
	loop2                  CNAME loop1
	self                   CNAME self
	mx                     MX    20 b
	                       MX    10 a
	                       MX    20 a
	nullmx                 MX    0 .
	txt                    TXT   "v=spf1 " "-all"
	                       TXT   "caf\195\169 \"quoted\" \\ ;"
	dotted\.label          A     192.0.2.9
	$ORIGIN .
	bücher.test                    A   192.0.2.10
	1.2.0.192.in-addr.arpa         PTR host1.example.
	1.2.0.192.in-addr.arpa         PTR Host\049.Example.
	2.2.0.192.in-addr.arpa         PTR tricky\.host.example.
	3.2.0.192.in-addr.arpa         CNAME 3.0-127.2.0.192.in-addr.arpa.
	3.0-127.2.0.192.in-addr.arpa   PTR both.example.
	1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.example.
	1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.e.f.ip6.arpa PTR link.example.
`

// asked asks one question and shows the answer in one line.
func asked(ctx context.Context, r envelope.Resolver, kind, name string) string {
	var values any
	var err error
	switch kind {
	case "A":
		values, err = r.LookupNetIP(ctx, "ip4", name)
	case "AAAA":
		values, err = r.LookupNetIP(ctx, "ip6", name)
	case "A+AAAA":
		values, err = r.LookupNetIP(ctx, "ip", name)
	case "MX":
		mxs, mxErr := r.LookupMX(ctx, name)
		shown := []string{}
		for _, mx := range mxs {
			shown = append(shown, fmt.Sprint(mx.Pref, " ", mx.Host))
		}
		values, err = shown, mxErr
	case "TXT":
		txts, txtErr := r.LookupTXT(ctx, name)
		values, err = fmt.Sprintf("%q", txts), txtErr
	case "PTR":
		values, err = r.LookupAddr(ctx, name)
	case "CNAME":
		values, err = r.LookupCNAME(ctx, name)
	case "exists":
		values, err = envelope.Exists(ctx, r, name)
	}
	if err == nil {
		return fmt.Sprint(values)
	}
	dns := err.(*net.DNSError) // panics if it is wrapped
	switch {
	case dns.IsNotFound && strings.Contains(dns.Err, "NXDOMAIN"):
		return "NXDOMAIN"
	case dns.IsNotFound:
		return "NODATA"
	case dns.IsTimeout && dns.IsTemporary:
		return "timeout"
	case dns.IsTemporary:
		return "temporary: " + dns.Err
	}
	return "failure: " + dns.Err
}

// wanted is a question and its answer as asked shows it.
type wanted struct{ kind, name, want string }

// wantAnswers asks questions in order and compares the answers.
func wantAnswers(t *testing.T, r envelope.Resolver, table []wanted) {
	t.Helper()
	for _, tc := range table {
		if got := asked(t.Context(), r, tc.kind, tc.name); got != tc.want {
			t.Errorf("%s %s: got %s, want %s", tc.kind, tc.name, got, tc.want)
		}
	}
}

func TestAnswers(t *testing.T) {
	z := zone.MustParse(world)
	wantAnswers(t, z, []wanted{
		{"A", "host1.example.", "[192.0.2.1]"},
		{"A", "host1.example", "[192.0.2.1]"},
		{"A", "HOST1.Example.", "[192.0.2.1]"},
		{"AAAA", "host1.example.", "NODATA"},
		{"MX", "host1.example.", "NODATA"},
		{"A", "both.example.", "[192.0.2.2 192.0.2.3]"},
		{"AAAA", "both.example.", "[2001:db8::2]"},
		{"A+AAAA", "both.example.", "[192.0.2.2 192.0.2.3 2001:db8::2]"},
		{"A+AAAA", "six.example.", "[2001:db8::6]"},
		{"A+AAAA", "nullmx.example.", "NODATA"},

		// RFC 4592, section 2.2.1
		{"MX", "host3.example.", "[10 host1.example.]"},
		{"A", "host3.example.", "NODATA"},
		{"TXT", "foo.bar.example.", `["this is a wildcard"]`},
		{"TXT", "*.example.", `["this is a wildcard"]`},
		{"TXT", "sub.*.example.", `["this is not a wildcard"]`},
		{"MX", "sub.*.example.", "NODATA"},
		{"TXT", "_telnet._tcp.host1.example.", "NXDOMAIN"},
		{"TXT", "host2.example.", "NODATA"}, // an empty non-terminal
		{"TXT", "host.host1.example.", "NXDOMAIN"},
		{"TXT", "ghost.*.example.", "NXDOMAIN"},

		{"A", "any.wild.example.", "[192.0.2.5]"},
		{"A", "any.thing.wild.example.", "[192.0.2.5]"},
		{"A", "wild.example.", "NODATA"},
		{"A", "here.wild.example.", "NODATA"},         // exists, so the wildcard does not apply
		{"A", "other.here.wild.example.", "NXDOMAIN"}, // nor to names below it

		{"A", "c.example.", "NODATA"},
		{"A", "b.c.example.", "NODATA"},
		{"A", "a.b.c.example.", "[192.0.2.4]"},
		{"A", "x.b.c.example.", "NXDOMAIN"},
		{"A", "missing.test.", "NXDOMAIN"},
		{"A", `dotted\.label.example.`, "[192.0.2.9]"},
		{"TXT", "label.example.", `["this is a wildcard"]`}, // the escaped dot does not make this name exist
		{"A", ".", "NODATA"},
		{"A", "", "NXDOMAIN"},
		{"A", "a..example.", "NXDOMAIN"},
		{"TXT", "\xff.example.", `["this is a wildcard"]`}, // any octet is valid
		{"A", "bücher.test.", "NXDOMAIN"},                  // a Resolver does not convert U-labels
		{"A", "xn--bcher-kva.test.", "[192.0.2.10]"},

		{"A", "alias.example.", "[192.0.2.2 192.0.2.3]"},
		{"A", "alias2.example.", "[192.0.2.2 192.0.2.3]"},
		{"A", "x.aliases.example.", "[192.0.2.2 192.0.2.3]"},
		{"MX", "alias.example.", "NODATA"},
		{"A", "tomissing.example.", "NXDOMAIN"},
		{"A", "toempty.example.", "NODATA"},
		{"A", "towild.example.", "[192.0.2.5]"},
		{"A", "loop1.example.", "temporary: too many aliases"},
		{"TXT", "self.example.", "temporary: too many aliases"},

		{"CNAME", "alias2.example.", "both.example."},
		{"CNAME", "both.example", "both.example."},
		{"CNAME", "six.example.", "six.example."},
		{"CNAME", "towild.example.", "any.wild.example."},
		{"CNAME", "x.aliases.example.", "both.example."},
		{"CNAME", "toempty.example.", "NODATA"},
		{"CNAME", "nullmx.example.", "NODATA"},
		{"CNAME", "tomissing.example.", "NXDOMAIN"},
		{"CNAME", "self.example.", "temporary: too many aliases"},

		{"MX", "mx.example.", "[10 a.example. 20 b.example. 20 a.example.]"},
		{"MX", "nullmx.example.", "[0 .]"},
		{"TXT", "txt.example.", `["v=spf1 -all" "café \"quoted\" \\ ;"]`},

		{"PTR", "192.0.2.1", "[host1.example. Host1.Example.]"},
		{"PTR", "::ffff:192.0.2.1", "[host1.example. Host1.Example.]"},
		{"PTR", "192.0.2.2", `[tricky\.host.example.]`},
		{"PTR", "192.0.2.3", "[both.example.]"}, // RFC 2317
		{"PTR", "192.0.2.4", "NXDOMAIN"},
		{"PTR", "2001:db8::1", "[six.example.]"},
		{"PTR", "fe80::1%eth0", "[link.example.]"},
		{"PTR", "host1.example.", "NODATA"}, // not an address

		{"exists", "host1.example.", "true"},
		{"exists", "nullmx.example.", "true"},
		{"exists", "b.c.example.", "true"},
		{"exists", "any.wild.example.", "true"},
		{"exists", "tomissing.example.", "true"},
		{"exists", "loop1.example.", "true"},
		{"exists", "host.host1.example.", "false"},
		{"exists", "missing.test.", "false"},
	})
}

func TestWildcardOfTheRoot(t *testing.T) {
	wantAnswers(t, zone.MustParse("* A 192.0.2.1\nhost.example. TXT x"), []wanted{
		{"A", "any.", "[192.0.2.1]"},
		{"A", "a.b.c.", "[192.0.2.1]"},
		{"A", ".", "NODATA"},
		{"A", "example.", "NODATA"},
		{"A", "other.example.", "NXDOMAIN"},
	})
}

func TestElevenAliasesAreTooMany(t *testing.T) {
	var text strings.Builder
	for i := range 11 {
		fmt.Fprintf(&text, "a%d. CNAME a%d.\n", i, i+1)
	}
	text.WriteString("a11. A 192.0.2.1\n")
	z := zone.MustParse(text.String())
	wantAnswers(t, z, []wanted{
		{"A", "a1.", "[192.0.2.1]"}, // ten
		{"A", "a0.", "temporary: too many aliases"},
		{"CNAME", "a1.", "a11."},
		{"CNAME", "a0.", "temporary: too many aliases"},
	})
}

func TestUnknownNetworkIsAnError(t *testing.T) {
	z := zone.MustParse(world)
	_, err := z.LookupNetIP(t.Context(), "tcp", "host1.example.")
	if dns, ok := err.(*net.DNSError); !ok || dns.IsNotFound || !strings.Contains(err.Error(), `"tcp"`) {
		t.Errorf("got %v, want a *net.DNSError that names the network", err)
	}
}

func TestLog(t *testing.T) {
	z := zone.MustParse(world).Failing("down.example.", zone.SERVFAIL)
	for _, question := range []struct{ kind, name string }{
		{"A", "HOST1.example"}, {"A", "host1.example."}, {"A+AAAA", "alias2.example."}, {"MX", "missing.test."},
		{"TXT", "down.example."}, {"PTR", "192.0.2.1"}, {"CNAME", "alias.example."}, {"exists", "b.c.example"},
		{"A", "a..b."}, {"PTR", "no address"}, // not asked
	} {
		asked(t.Context(), z, question.kind, question.name)
	}
	const want = "host1.example. A, host1.example. A, alias2.example. A, alias2.example. AAAA, missing.test. MX, " +
		"down.example. TXT, 1.2.0.192.in-addr.arpa. PTR, alias.example. CNAME, b.c.example. ANY"
	if got := z.Asked().String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := z.Asked().Types(); got != "A A A AAAA MX TXT PTR CNAME ANY" {
		t.Errorf("got the types %s", got)
	}
	for question, want := range map[string]int{
		"host1.example. A": 2, "HOST1.example A": 2, "host1.example. *": 2, "host1.example.": 2, "host1.example. MX": 0,
		"*.example.": 7, "*.example. A": 3, "*.": 9, "*. AAAA": 1, "alias2.example.": 2, "b.c.example. ANY": 1, "example.": 0,
	} {
		if got := z.Count(question); got != want {
			t.Errorf("%s: counted %d, want %d", question, got, want)
		}
	}
	z.Forget()
	if got := z.Asked(); len(got) != 0 {
		t.Errorf("after Forget the log has %s", got)
	}
}

func TestAskedIsACopy(t *testing.T) {
	z := zone.MustParse(world)
	asked(t.Context(), z, "A", "host1.example.")
	z.Asked()[0] = "changed. A"
	if got := z.Asked().String(); got != "host1.example. A" {
		t.Errorf("the log was changed to %s", got)
	}
}

func TestEndedContextIsNotLogged(t *testing.T) {
	z := zone.MustParse(world)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, kind := range []string{"A", "AAAA", "A+AAAA", "MX", "TXT", "CNAME"} {
		if got := asked(cancelled, z, kind, "host1.example."); got != "temporary: context canceled" {
			t.Errorf("%s: got %s for a cancelled context", kind, got)
		}
		if got := asked(late, z, kind, "host1.example."); got != "timeout" {
			t.Errorf("%s: got %s for a context past its deadline", kind, got)
		}
	}
	if _, err := z.Exists(cancelled, "host1.example."); err == nil {
		t.Error("Exists answers for a cancelled context")
	}
	if got := asked(cancelled, z, "PTR", "192.0.2.1"); got != "temporary: context canceled" {
		t.Errorf("PTR: got %s for a cancelled context", got)
	}
	if log := z.Asked(); len(log) != 0 {
		t.Errorf("logged %s", log)
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := zone.MustParse(world).
			Delaying("host1.example.", time.Second).
			Delaying("*.example. MX", time.Minute).
			Delaying("alias.example. A", 2*time.Second).
			Delaying("both.example. A", 3*time.Second).
			Delaying("towild.example. CNAME", time.Second).
			Delaying("any.wild.example. CNAME", 3*time.Second).
			Delaying("healed.wild.example.", time.Hour).Healing("healed.wild.example.").
			Failing("six.example.", zone.Timeout).Delaying("six.example.", time.Hour)
		for _, tc := range []struct {
			kind, name, want string
			after            time.Duration
		}{
			{"A", "host1.example.", "[192.0.2.1]", time.Second},
			{"MX", "host1.example.", "NODATA", time.Second},
			{"MX", "mx.example.", "[10 a.example. 20 b.example. 20 a.example.]", time.Minute},
			{"TXT", "txt.example.", `["v=spf1 -all" "café \"quoted\" \\ ;"]`, 0},
			{"A", "alias2.example.", "[192.0.2.2 192.0.2.3]", 5 * time.Second},
			{"exists", "host1.example.", "true", time.Second},
			{"CNAME", "towild.example.", "any.wild.example.", 4 * time.Second},
			{"A", "healed.wild.example.", "[192.0.2.5]", 0},
			{"AAAA", "six.example.", "timeout", time.Hour},
		} {
			start := time.Now()
			if got := asked(t.Context(), z, tc.kind, tc.name); got != tc.want || time.Since(start) != tc.after {
				t.Errorf("%s %s: got %s after %v, want %s after %v", tc.kind, tc.name, got, time.Since(start), tc.want, tc.after)
			}
		}
	})
}

func TestContextEndsDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := zone.MustParse(world).Delaying("*.", time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if got := asked(ctx, z, "A", "host1.example."); got != "timeout" || time.Since(start) != time.Second {
			t.Errorf("got %s after %v, want a timeout after one second", got, time.Since(start))
		}
		if got := z.Asked().String(); got != "host1.example. A" {
			t.Errorf("logged %q, want the question", got)
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	z := zone.MustParse(world)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				asked(t.Context(), z, "A", "alias2.example.")
				z.Answering("moving.example. A", zone.SERVFAIL, "").Delaying("moving.example. A", 1)
				asked(t.Context(), z, "A", "moving.example.")
				z.Healing("moving.example. A")
				z.Count("*.")
			}
		})
	}
	group.Wait()
	if got := z.Count("alias2.example. A"); got != 800 {
		t.Errorf("counted %d questions of 800", got)
	}
}
