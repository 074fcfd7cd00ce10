package rdns_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
)

const loginHint = "; users with an account here should log in (port 465 or 587)"

var (
	unproved  = envelope.Status{Code: 550, Subject: 7, Detail: 25}
	unwanted  = envelope.Status{Code: 550, Subject: 7, Detail: 1}
	noAnswer  = envelope.Status{Code: 451, Subject: 7, Detail: 25}
	misplaced = envelope.Status{Code: 451, Subject: 3, Detail: 5}
)

// world is one zone for all tests. The last octet of a client address is the number
// of its case.
func world() *zone.Zone {
	return zone.MustParse(`
		; 1: a good mail server
		1.2.0.192.in-addr.arpa.    PTR   mail.example.org.
		mail.example.org.          A     203.0.113.9
		mail.example.org.          A     192.0.2.1
		mail.example.org.          AAAA  2001:db8::1
		1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.example.org.
		; 2: no PTR record; 3: the name of another host
		3.2.0.192.in-addr.arpa.    PTR   mail.example.org.
		; 4: a name that does not exist; 5: one without an address
		4.2.0.192.in-addr.arpa.    PTR   nowhere.example.org.
		5.2.0.192.in-addr.arpa.    PTR   text.example.org.
		text.example.org.          TXT   "no address"
		; 6 and 7: a bad name and a good one, in either order
		6.2.0.192.in-addr.arpa.    PTR   nowhere.example.org.
		                           PTR   second.example.org.
		7.2.0.192.in-addr.arpa.    PTR   second.example.org.
		                           PTR   nowhere.example.org.
		second.example.org.        A     192.0.2.6
		                           A     192.0.2.7
		; 8: only an address of the other family, IPv4-mapped
		8.2.0.192.in-addr.arpa.    PTR   six.example.org.
		six.example.org.           AAAA  ::ffff:192.0.2.8
		; 9: an alias in the reverse tree (RFC 2317); 10: the name is an alias
		9.2.0.192.in-addr.arpa.    CNAME 9.net.example.org.
		9.net.example.org.         PTR   nine.example.org.
		nine.example.org.          A     192.0.2.9
		10.2.0.192.in-addr.arpa.   PTR   ten.example.org.
		ten.example.org.           CNAME nine10.example.org.
		nine10.example.org.        A     192.0.2.10
		; 11 to 19: not host names
		11.2.0.192.in-addr.arpa.   PTR   192.0.2.11.
		12.2.0.192.in-addr.arpa.   PTR   unknown.
		unknown.                   A     192.0.2.12
		13.2.0.192.in-addr.arpa.   PTR   13.2.0.192.in-addr.arpa.
		13.2.0.192.in-addr.arpa.   A     192.0.2.13
		14.2.0.192.in-addr.arpa.   PTR   bad\032name.example.org.
		15.2.0.192.in-addr.arpa.   PTR   -bad.example.org.
		16.2.0.192.in-addr.arpa.   PTR   .
		17.2.0.192.in-addr.arpa.   PTR   b\195\188cher.example.org.
		xn--bcher-kva.example.org. A     192.0.2.17
		18.2.0.192.in-addr.arpa.   PTR   *.example.org.
		19.2.0.192.in-addr.arpa.   PTR   evil\013\010250.example.org.
		; 20: the same name twice; 21: an invalid name and a good one; 22: an underscore
		20.2.0.192.in-addr.arpa.   PTR   twenty.example.org.
		                           PTR   Twenty.Example.ORG.
		twenty.example.org.        A     203.0.113.20
		21.2.0.192.in-addr.arpa.   PTR   192.0.2.21.
		                           PTR   one.example.org.
		one.example.org.           A     192.0.2.21
		22.2.0.192.in-addr.arpa.   PTR   mail_out.example.org.
		mail_out.example.org.      A     192.0.2.22
		; 30: the PTR lookup fails; 31: the address lookup fails; 32 and 33: one fails, the other
		; name is not confirmed; 34: one fails, the other name is confirmed
		31.2.0.192.in-addr.arpa.   PTR   broken.example.org.
		32.2.0.192.in-addr.arpa.   PTR   broken.example.org.
		                           PTR   nowhere.example.org.
		33.2.0.192.in-addr.arpa.   PTR   nowhere.example.org.
		                           PTR   broken.example.org.
		34.2.0.192.in-addr.arpa.   PTR   broken.example.org.
		                           PTR   good34.example.org.
		good34.example.org.        A     192.0.2.34
		37.2.0.192.in-addr.arpa.   PTR   refused.example.org.
		38.2.0.192.in-addr.arpa.   PTR   silent.example.org.
		; 40 to 46: generic names, alone and with others
		40.2.0.192.in-addr.arpa.   PTR   192-0-2-40.isp.example.
		192-0-2-40.isp.example.    A     192.0.2.40
		41.2.0.192.in-addr.arpa.   PTR   dyn41.isp.example.
		                           PTR   192-0-2-41.isp.example.
		42.2.0.192.in-addr.arpa.   PTR   dyn42.isp.example.
		                           PTR   mail.example.net.
		43.2.0.192.in-addr.arpa.   PTR   mail.example.net.
		                           PTR   dyn43.isp.example.
		44.2.0.192.in-addr.arpa.   PTR   static-192-0-2-44.isp.example.
		45.2.0.192.in-addr.arpa.   PTR   203-0-2-45.isp.example.
		46.2.0.192.in-addr.arpa.   PTR   192-0-2-46-static.hfc.cablebusiness.example.
		0.4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR 2001-db8--40.isp.example.
		; 50 to 55: servers of a large provider, and clients that claim its names
		50.2.0.192.in-addr.arpa.   PTR   out50.big.example.
		out50.big.example.         A     192.0.2.50
		51.2.0.192.in-addr.arpa.   PTR   out50.big.example.
		52.2.0.192.in-addr.arpa.   PTR   mail.notbig.example.
		mail.notbig.example.       A     192.0.2.52
		53.2.0.192.in-addr.arpa.   PTR   big.example.
		big.example.               A     192.0.2.53
		54.2.0.192.in-addr.arpa.   PTR   home.example.net.
		                           PTR   out54.big.example.
		home.example.net.          A     192.0.2.54
		out54.big.example.         A     192.0.2.54
		55.2.0.192.in-addr.arpa.   PTR   broken.example.org.
		                           PTR   out50.big.example.
	`).
		Failing("30.2.0.192.in-addr.arpa. PTR", zone.SERVFAIL).Failing("35.2.0.192.in-addr.arpa. PTR", zone.REFUSED).
		Failing("36.2.0.192.in-addr.arpa. PTR", zone.Timeout).Failing("broken.example.org.", zone.SERVFAIL).
		Failing("refused.example.org.", zone.REFUSED).Failing("silent.example.org.", zone.Timeout)
}

// row is one line of a table: a client or several, the outcome, the questions,
// the confirmed name and a part of the text.
type row struct {
	client    string // or several
	want      envelope.Outcome
	asked     string
	confirmed string
	text      string
}

const (
	pass = envelope.Pass
	fail = envelope.Fail
	none = envelope.None
	temp = envelope.TempError
)

func run(t *testing.T, check envelope.Check, failure envelope.Status, rows []row) {
	t.Helper()
	dns := world()
	for _, tc := range rows {
		for client := range strings.SplitSeq(tc.client, " ") {
			one := tc
			one.client = client
			one.with("", failure).Run(t, check, dns)
		}
	}
}

// with returns the case of a row for a client with this HELO name.
func (tc row) with(greeting string, failure envelope.Status) envelopetest.Case {
	status := failure
	if tc.want == temp {
		status = noAnswer
	}
	return envelopetest.Case{
		Name:     strings.TrimSuffix(tc.client+" "+greeting, " "),
		Envelope: &envelope.Envelope{ClientIP: address(tc.client), Helo: greeting},
		Outcome:  tc.want, Status: status, Says: tc.text, Asks: tc.asked,
		Also: func(t *testing.T, f envelope.Finding) {
			if f.Outcome == none {
				return
			}
			if f.Outcome == temp && (!strings.HasPrefix(f.Text, "the DNS lookup of ") || f.Advice != "") {
				t.Errorf("the text of a failed lookup is %q, the advice %q", f.Text, f.Advice)
			}
			result, ok := f.Detail.(*rdns.Result)
			if !ok || result.Names == nil || string(result.Confirmed) != tc.confirmed {
				t.Errorf("detail %#v, want %q confirmed", f.Detail, tc.confirmed)
			}
		},
	}
}

// address parses an address, or the last octet of one in 192.0.2.0/24. "" is the
// unknown address.
func address(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	if !strings.ContainsAny(s, ".:") {
		s = "192.0.2." + s
	}
	return netip.MustParseAddr(s)
}

func TestExists(t *testing.T) {
	run(t, rdns.Exists, unproved, []row{
		{"1 ::ffff:192.0.2.1 2001:db8::1", pass, "PTR", "", ""},
		{"2", fail, "PTR", "", "the client 192.0.2.2 has no PTR record"},
		{"2001:db8::2", fail, "PTR", "", "the client 2001:db8::2 has no PTR record"},
		{"127.0.0.1", fail, "PTR", "", "the client 127.0.0.1 has no PTR record"},
		{"", fail, "", "", "the client address is unknown"},
		{"3 4 9", pass, "PTR", "", ""},
		{"11", fail, "PTR", "", `is "192.0.2.11.", which is an address, not a host name`},
		{"12", fail, "PTR", "", `is "unknown.", which is not fully qualified`},
		{"13", fail, "PTR", "", `is "13.2.0.192.in-addr.arpa.", which is a name below in-addr.arpa or ip6.arpa`},
		{"14", fail, "PTR", "", `is "bad name.example.org.", which is not a host name: it has an invalid character`},
		{"15", fail, "PTR", "", `is "-bad.example.org.", which is not a host name: it has a label that begins or ends with a hyphen`},
		{"16", fail, "PTR", "", `is ".", which is not a host name: it is empty`},
		{"17", fail, "PTR", "", "which is not a host name: it is not ASCII"},
		{"18", fail, "PTR", "", `is "*.example.org.", which is not a host name`},
		{"19", fail, "PTR", "", `is "evil 250.example.org.", which is not a host name`},
		{"21 22", pass, "PTR", "", ""},
		{"30", temp, "PTR", "", "the DNS lookup of 30.2.0.192.in-addr.arpa failed"},
		{"35 36", temp, "PTR", "", ""},
	})
}

func TestConfirmed(t *testing.T) {
	run(t, rdns.Confirmed, unproved, []row{
		{"1 ::ffff:192.0.2.1", pass, "PTR A", "mail.example.org", ""},
		{"2001:db8::1", pass, "PTR AAAA", "mail.example.org", ""},
		{"2", fail, "PTR", "", "the client 192.0.2.2 has no PTR record"},
		{"", fail, "", "", "the client address is unknown"},
		{"3", fail, "PTR A", "", "the PTR record of the client 192.0.2.3 is mail.example.org, which has no A record with that address"},
		{"4", fail, "PTR A", "", "is nowhere.example.org, which has no A record with that address"},
		{"5", fail, "PTR A", "", "is text.example.org"},
		// The order of names does not matter.
		{"6", pass, "PTR A A", "second.example.org", ""},
		{"7", pass, "PTR A", "second.example.org", ""},
		// Only addresses of the client's family are looked up.
		{"8", fail, "PTR A", "", "is six.example.org"},
		{"9", pass, "PTR A", "nine.example.org", ""},
		{"10", pass, "PTR A", "ten.example.org", ""},
		// Invalid names are not looked up.
		{"11", fail, "PTR", "", "is an address, not a host name"},
		{"12", fail, "PTR", "", "is not fully qualified"},
		{"13", fail, "PTR", "", "is a name below in-addr.arpa or ip6.arpa"},
		{"14 16 17", fail, "PTR", "", "is not a host name"},
		{"20", fail, "PTR A", "", "is twenty.example.org, which"},
		{"21", pass, "PTR A", "one.example.org", ""},
		{"22", pass, "PTR A", "mail_out.example.org", ""},
		{"30", temp, "PTR", "", "the DNS lookup of 30.2.0.192.in-addr.arpa failed"},
		{"31", temp, "PTR A", "", "broken.example.org"},
		{"32 33", temp, "PTR A A", "", "broken.example.org"},
		{"34", pass, "PTR A A", "good34.example.org", ""},
		{"37", temp, "PTR A", "", "refused.example.org"},
		{"38", temp, "PTR A", "", "silent.example.org"},
		{"41", fail, "PTR A A", "", "the PTR records of the client 192.0.2.41 are dyn41.isp.example and 192-0-2-41.isp.example, none of which has an A record with that address"},
	})
}

func TestNotGeneric(t *testing.T) {
	run(t, rdns.NotGeneric, unwanted, []row{
		{"1 2001:db8::1", pass, "PTR", "", ""},
		{"2", fail, "PTR", "", "the client 192.0.2.2 has no PTR record" + loginHint},
		{"", fail, "", "", "the client address is unknown"},
		{"11", fail, "PTR", "", "is an address, not a host name" + loginHint},
		{"40", fail, "PTR", "", "the name 192-0-2-40.isp.example of the client 192.0.2.40 looks like that of a dynamic or unnamed address: it contains the client's address 192-0-2-40" + loginHint},
		{"::ffff:192.0.2.40", fail, "PTR", "", "it contains the client's address 192-0-2-40"},
		{"2001:db8::40", fail, "PTR", "", "it contains the client's address 2001-db8--40"},
		{"41", fail, "PTR", "", `the name dyn41.isp.example of the client 192.0.2.41 looks like that of a dynamic or unnamed address: it contains the word "dyn"`},
		{"45", fail, "PTR", "", "it contains the address 203-0-2-45"},
		{"46", pass, "PTR", "", ""},
		// One name that is not generic is enough, whatever its place.
		{"42 43 44", pass, "PTR", "", ""},
		{"30", temp, "PTR", "", ""},
	})
}

func TestIn(t *testing.T) {
	run(t, rdns.In("mail.example.org", ".big.example", "second.example.org", "broken.example.org"), unwanted, []row{
		{"1", pass, "PTR A", "mail.example.org", ""},
		{"2001:db8::1", pass, "PTR AAAA", "mail.example.org", ""},
		{"2", fail, "PTR", "", "the client 192.0.2.2 has no PTR record"},
		{"", fail, "", "", "the client address is unknown"},
		{"11", fail, "PTR", "", "is an address, not a host name"},
		// A name that is not confirmed does not count.
		{"3", fail, "PTR A", "", "is mail.example.org, which has no A record with that address"},
		{"51", fail, "PTR A", "", "is out50.big.example, which"},
		{"50", pass, "PTR A", "out50.big.example", ""},
		{"53", fail, "PTR", "", "the client 192.0.2.53 with the name big.example is not in the list of names"},
		{"52", fail, "PTR", "", "with the name mail.notbig.example"},
		// Only names that match are looked up.
		{"4", fail, "PTR", "", "with the name nowhere.example.org"},
		{"6 7", pass, "PTR A", "second.example.org", ""},
		{"54", pass, "PTR A", "out54.big.example", ""},
		{"30", temp, "PTR", "", ""},
		{"31", temp, "PTR A", "", ""},
		{"55", temp, "PTR A A", "", ""},
		{"32 34", temp, "PTR A", "", ""},
	})
}

func TestNotIn(t *testing.T) {
	run(t, rdns.NotIn(".isp.example", "mail.example.org", "broken.example.org"), unwanted, []row{
		{"1", fail, "PTR", "", "the client 192.0.2.1 with the name mail.example.org is in the list of names"},
		// Names need not be confirmed.
		{"3", fail, "PTR", "", "with the name mail.example.org"},
		{"31", fail, "PTR", "", ""},
		{"40", fail, "PTR", "", "with the name 192-0-2-40.isp.example"},
		{"41", fail, "PTR", "", "with the name dyn41.isp.example and 192-0-2-41.isp.example"},
		{"42", fail, "PTR", "", "with the name dyn42.isp.example"},
		{"43", fail, "PTR", "", "with the name dyn43.isp.example"},
		{"50 2 11", pass, "PTR", "", ""},
		{"", none, "", "", ""},
		{"30", temp, "PTR", "", ""},
	})
}

func TestSetGetsOnlyHostNames(t *testing.T) {
	var asked []envelope.Host
	set := func(_ context.Context, name envelope.Host) (bool, error) {
		asked = append(asked, name)
		return false, nil
	}
	rdns.InSet(set)(t.Context(), world(), &envelope.Envelope{ClientIP: address("21")})
	if fmt.Sprint(asked) != "[one.example.org]" {
		t.Errorf("asked for %v", asked)
	}
}

// A set that fails matters only if its answer could change the finding.
func TestFailingSetIsATempError(t *testing.T) {
	down := errors.New("ldap.inside.example refuses the connection")
	failingFor := func(bad envelope.Host) envelope.Set[envelope.Host] {
		return func(_ context.Context, name envelope.Host) (bool, error) {
			if name == bad {
				return true, down
			}
			return true, nil
		}
	}
	for _, tc := range []struct {
		check envelope.Check
		want  envelope.Outcome
	}{
		{rdns.InSet(failingFor("a.example.org")), pass},
		{rdns.InSet(failingFor("b.example.org")), temp},
		{rdns.InSet(func(context.Context, envelope.Host) (bool, error) { return false, down }), temp},
	} {
		dns := zone.MustParse(`
			1.2.0.192.in-addr.arpa. PTR a.example.org.
			                        PTR b.example.org.
			b.example.org.          A   192.0.2.1
		`)
		got := tc.check(t.Context(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
		if got.Outcome != tc.want {
			t.Errorf("%s: got %v (%s), want %v", got.Check, got.Outcome, got.Text, tc.want)
		}
		if tc.want == temp && (got.Err != down || got.Status.String() != "451 4.3.0" || strings.Contains(got.Text, "inside")) {
			t.Errorf("%s: got %v %v %q", got.Check, got.Err, got.Status, got.Text)
		}
	}
}

func TestInvalidPatternIsATempError(t *testing.T) {
	for pattern, check := range map[string]envelope.Check{
		"*.example.org": rdns.In("mail.example.org", "*.example.org"),
		"not a name":    rdns.NotIn("not a name"),
		".big.example":  rdns.BacksHelo("example.org", ".big.example"),
	} {
		for _, client := range []string{"1", ""} {
			dns := world()
			got := check(t.Context(), dns, &envelope.Envelope{ClientIP: address(client), Helo: "mail.example.org"})
			var syntax *envelope.SyntaxError
			if got.Outcome != temp || got.Status != misplaced || !errors.As(got.Err, &syntax) || syntax.Value != pattern {
				t.Errorf("got %v %v, %v for the pattern %q", got.Outcome, got.Status, got.Err, pattern)
			}
			if strings.Contains(got.Text, pattern) {
				t.Errorf("the text %q discloses the configuration", got.Text)
			}
			if asked := dns.Asked(); len(asked) > 0 {
				t.Errorf("asked %v", asked)
			}
		}
	}
}
