package resolver_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

const (
	name  = "name.example."
	right = "name.example. 60 TXT right"
	wrong = "name.example. 60 TXT wrong"
)

// outcome is what a lookup of a test comes to: "right", "not found", "timeout",
// "failure".
func outcome(texts []string, err error) string {
	dnsErr, bare := err.(*net.DNSError)
	switch {
	case err == nil:
		return strings.Join(texts, "|")
	case !bare:
		return fmt.Sprintf("the error is a %T", err)
	case dnsErr.IsNotFound:
		return "not found"
	case dnsErr.IsTimeout:
		return "timeout"
	case dnsErr.IsTemporary:
		return "failure"
	}
	return "no flag"
}

// short is the timeout of tests in which no answer comes, long that of tests in
// which one does, however busy the machine is.
const (
	short = 100 * time.Millisecond
	long  = 10 * time.Second
)

func one(msg []byte) [][]byte { return [][]byte{msg} }

// What a server on the other end may do, with one server and one attempt.
func TestRepliesOverUDP(t *testing.T) {
	good := func(q *dns.Msg) []byte { return reply(q, dns.RcodeSuccess, right) }
	bad := func(q *dns.Msg) []byte { return reply(q, dns.RcodeSuccess, wrong) }
	for _, tc := range []struct {
		behaviour string
		udp       func(q *dns.Msg, n int) [][]byte
		want      string
	}{
		{"an answer", func(q *dns.Msg, _ int) [][]byte { return one(good(q)) }, "right"},
		{"silence", func(*dns.Msg, int) [][]byte { return nil }, "timeout"},
		{"another ID", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(bad(q), func(m *dns.Msg) { m.Id++ }))
		}, "timeout"},
		{"another name", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(bad(q), func(m *dns.Msg) { m.Question[0].Name = "nome.example." }))
		}, "timeout"},
		{"another type", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(bad(q), func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeA }))
		}, "timeout"},
		{"another class", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(bad(q), func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }))
		}, "timeout"},
		{"no question", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(bad(q), func(m *dns.Msg) { m.Question = nil }))
		}, "timeout"},
		{"two questions", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(bad(q), func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }))
		}, "timeout"},
		{"a query", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(bad(q), func(m *dns.Msg) { m.Response = false }))
		}, "timeout"},
		{"another opcode", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(bad(q), func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify }))
		}, "timeout"},
		{"garbage", func(*dns.Msg, int) [][]byte {
			return [][]byte{nil, {1}, bytes.Repeat([]byte{0xff}, 600), bytes.Repeat([]byte{0xc0}, 64)}
		}, "timeout"},
		{"a burst of forgeries before the answer", func(q *dns.Msg, _ int) [][]byte {
			var all [][]byte
			for i := range 20 { // more than these may not fit into the buffer of the socket
				all = append(all,
					altered(bad(q), func(m *dns.Msg) { m.Id += uint16(i + 1) }),
					altered(bad(q), func(m *dns.Msg) { m.Question[0].Name = "x." + name }),
					bad(q)[:11])
			}
			return append(all, good(q))
		}, "right"},
		{"the name in other letters", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(good(q), func(m *dns.Msg) { m.Question[0].Name = "NAME.Example." }))
		}, "right"},
		{"records of other names beside the right one", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "other.example. TXT wrong", right, "example. TXT wrong", "name.example. A 192.0.2.1"))
		}, "right"},
		{"records of other names only", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "other.example. TXT wrong"))
		}, "failure"},
		{"a record of another class", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "name.example. 60 CH TXT wrong"))
		}, "failure"},
		{"a record of another type only", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "name.example. A 192.0.2.1"))
		}, "failure"},
		{"NXDOMAIN", func(q *dns.Msg, _ int) [][]byte { return one(reply(q, dns.RcodeNameError)) }, "not found"},
		{"NXDOMAIN with records of the name", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeNameError, wrong))
		}, "failure"},
		{"NXDOMAIN with records of other names", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeNameError, "other.example. TXT wrong"))
		}, "failure"},
		{"NODATA without SOA", func(q *dns.Msg, _ int) [][]byte { return one(reply(q, dns.RcodeSuccess)) }, "not found"},
		{"a referral", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "authority", "example. 60 NS ns.example."))
		}, "failure"},
		{"nothing from a server that is not recursive", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(reply(q, dns.RcodeSuccess), func(m *dns.Msg) { m.RecursionAvailable = false }))
		}, "failure"},
		{"nothing from the server that has the zone", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(reply(q, dns.RcodeSuccess, "authority", "example. 60 NS ns.example."), func(m *dns.Msg) {
				m.RecursionAvailable, m.Authoritative = false, true
			}))
		}, "not found"},
		{"NODATA with a SOA record from a server that is not recursive", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(reply(q, dns.RcodeSuccess, "authority", "example. 60 SOA . . 1 2 3 4 5"), func(m *dns.Msg) { m.RecursionAvailable = false }))
		}, "not found"},
		{"NODATA with NS and SOA records", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "authority", "example. 60 NS ns.example.", "example. 60 SOA . . 1 2 3 4 5"))
		}, "not found"},
		{"SERVFAIL", func(q *dns.Msg, _ int) [][]byte { return one(reply(q, dns.RcodeServerFailure)) }, "failure"},
		{"REFUSED", func(q *dns.Msg, _ int) [][]byte { return one(reply(q, dns.RcodeRefused)) }, "failure"},
		{"a code that nobody knows", func(q *dns.Msg, _ int) [][]byte { return one(reply(q, 14)) }, "failure"},
		{"a record without data", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(reply(q, dns.RcodeSuccess), func(m *dns.Msg) {
				m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET}}}
			}))
		}, "failure"},
		{"FORMERR to EDNS", func(q *dns.Msg, _ int) [][]byte {
			if q.IsEdns0() != nil {
				return one(reply(q, dns.RcodeFormatError))
			}
			return one(good(q))
		}, "right"},
		{"NOTIMP to EDNS, with the header alone", func(q *dns.Msg, _ int) [][]byte {
			if q.IsEdns0() != nil {
				return one(altered(reply(q, dns.RcodeNotImplemented), func(m *dns.Msg) { m.Question = nil }))
			}
			return one(good(q))
		}, "right"},
		{"FORMERR to everything", func(q *dns.Msg, _ int) [][]byte { return one(reply(q, dns.RcodeFormatError)) }, "failure"},
		{"FORMERR to everything, with the header alone", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(reply(q, dns.RcodeFormatError), func(m *dns.Msg) { m.Question = nil }))
		}, "timeout"},
		{"two records", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, right, "name.example. 60 TXT \"\" \"more\" \\000\\\"\\\\ \\255"))
		}, "right|more\x00\"\\\xff"},
	} {
		t.Run(tc.behaviour, func(t *testing.T) {
			server := (&hostile{udp: tc.udp}).start(t)
			timeout := long
			if tc.want == "timeout" {
				timeout = short
			}
			r := open(t, resolver.Config{Servers: []string{server.address}, Attempts: 1, Timeout: timeout})
			if got := outcome(r.LookupTXT(t.Context(), name)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// What does not come over UDP as a whole comes over TCP.
func TestRepliesOverTCP(t *testing.T) {
	tc := func(q *dns.Msg, _ int) [][]byte { return one(cut(q)) }
	long64 := strings.Repeat(" "+strings.Repeat("x", 250), 250)
	for _, test := range []struct {
		behaviour string
		udp       func(q *dns.Msg, n int) [][]byte
		tcp       func(conn net.Conn, q *dns.Msg, n int) bool
		want      string
	}{
		{"TC", tc, whole(right), "right"},
		{"TC beside a part of the records", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(reply(q, dns.RcodeSuccess, wrong), func(m *dns.Msg) { m.Truncated = true }))
		}, whole(right), "right"},
		{"too long without TC", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "name.example. TXT"+strings.Repeat(" "+strings.Repeat("x", 200), 10)))
		}, whole(right), "right"},
		{"cut in the middle of a record without TC", func(q *dns.Msg, _ int) [][]byte {
			msg := reply(q, dns.RcodeSuccess, wrong)
			return one(msg[:len(msg)-2])
		}, whole(right), "right"},
		{"cut between records without TC", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, wrong)[:len(reply(q, dns.RcodeSuccess))])
		}, whole(right), "right"},
		{"64 KB", tc, whole("name.example. TXT" + long64), strings.ReplaceAll(long64, " ", "")},
		{"cut between records over TCP too", tc, func(conn net.Conn, q *dns.Msg, _ int) bool {
			conn.Write(framed(reply(q, dns.RcodeSuccess, wrong)[:len(reply(q, dns.RcodeSuccess))]))
			return false
		}, "failure"},
		{"TC from a server that does not know EDNS", func(q *dns.Msg, _ int) [][]byte {
			if q.IsEdns0() != nil {
				return one(reply(q, dns.RcodeFormatError))
			}
			return one(cut(q))
		}, func(conn net.Conn, q *dns.Msg, _ int) bool {
			if q.IsEdns0() != nil {
				conn.Write(framed(reply(q, dns.RcodeFormatError)))
				return true
			}
			return whole(right)(conn, q, 0)
		}, "right"},
		{"TC over TCP too", tc, func(conn net.Conn, q *dns.Msg, _ int) bool {
			conn.Write(framed(altered(reply(q, dns.RcodeSuccess, wrong), func(m *dns.Msg) { m.Truncated = true })))
			return false
		}, "failure"},
		{"a reset", tc, func(conn net.Conn, _ *dns.Msg, _ int) bool {
			conn.(*net.TCPConn).SetLinger(0)
			return false
		}, "failure"},
		{"an end in the middle", tc, func(conn net.Conn, q *dns.Msg, _ int) bool {
			conn.Write(framed(reply(q, dns.RcodeSuccess, wrong))[:20])
			return false
		}, "failure"},
		{"an end at once", tc, nil, "failure"},
		{"another ID", tc, func(conn net.Conn, q *dns.Msg, _ int) bool {
			conn.Write(framed(altered(reply(q, dns.RcodeSuccess, wrong), func(m *dns.Msg) { m.Id++ })))
			return true
		}, "failure"},
		{"another name", tc, func(conn net.Conn, q *dns.Msg, _ int) bool {
			conn.Write(framed(altered(reply(q, dns.RcodeSuccess, wrong), func(m *dns.Msg) { m.Question[0].Name = "x." })))
			return true
		}, "failure"},
		{"garbage", tc, func(conn net.Conn, _ *dns.Msg, _ int) bool {
			conn.Write(bytes.Repeat([]byte{0xff}, 70_000))
			return true
		}, "failure"},
		{"silence", tc, func(conn net.Conn, _ *dns.Msg, _ int) bool {
			conn.Read(make([]byte, 1))
			return false
		}, "timeout"},
		{"drops, one after the other", tc, func(conn net.Conn, q *dns.Msg, _ int) bool {
			for _, octet := range framed(reply(q, dns.RcodeSuccess, "name.example. TXT"+long64)) {
				time.Sleep(time.Millisecond)
				if _, err := conn.Write([]byte{octet}); err != nil {
					break
				}
			}
			return false
		}, "timeout"},
	} {
		t.Run(test.behaviour, func(t *testing.T) {
			server := (&hostile{udp: test.udp, tcp: test.tcp}).start(t)
			timeout := long
			if test.want == "timeout" {
				timeout = short
			}
			r := open(t, resolver.Config{Servers: []string{server.address}, Attempts: 1, Timeout: timeout})
			got := outcome(r.LookupTXT(t.Context(), name))
			for got == "timeout" && server.overTCP.Load() == 0 && timeout < time.Minute { // a busy machine comes later as far as TCP
				timeout *= 2
				r = open(t, resolver.Config{Servers: []string{server.address}, Attempts: 1, Timeout: timeout})
				got = outcome(r.LookupTXT(t.Context(), name))
			}
			if got != test.want {
				t.Errorf("got %.80q, want %.80q", got, test.want)
			}
			if kept := r.Idle(); kept > 0 && (test.want == "failure" || test.want == "timeout") {
				t.Error("a connection is kept on which something went wrong")
			}
			if server.overTCP.Load() == 0 && test.tcp != nil {
				t.Error("nothing was asked over TCP")
			}
			if got := r.Stats().OverTCP; got == 0 {
				t.Error("Stats counts nothing over TCP")
			}
		})
	}
}

// A cancelled context ends a question at once, whatever the server does. The
// timeout of the server is far beyond what the test may take.
func TestCancelIsSeenAtOnce(t *testing.T) {
	for what, silent := range map[string]func(reached func()) *hostile{
		"UDP": func(reached func()) *hostile {
			return &hostile{udp: func(*dns.Msg, int) [][]byte { reached(); return nil }}
		},
		"TCP": func(reached func()) *hostile {
			return &hostile{udp: alwaysCut, tcp: func(conn net.Conn, _ *dns.Msg, _ int) bool {
				reached()
				conn.Read(make([]byte, 1))
				return false
			}}
		},
	} {
		t.Run(what, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			server := silent(cancel).start(t)
			r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: time.Hour})
			if got := outcome(r.LookupTXT(ctx, name)); got != "failure" {
				t.Errorf("got %q", got)
			}
			r.Settle() // waits for the goroutine that asks: it would take an hour
			if got := r.Stats(); got.Left != 1 || got.Questions() != 1 {
				t.Errorf("Stats: %+v", got)
			}
		})
	}
}

// Whoever wants to forge an answer must guess both (RFC 5452, section 9.2). Now
// and then one comes twice by chance.
func TestEveryQueryHasItsOwnPortAndID(t *testing.T) {
	server := (&hostile{udp: answering("right")}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long, CacheBytes: -1})
	for range 100 {
		if got := outcome(r.LookupTXT(t.Context(), name)); got != "right" {
			t.Fatalf("got %q", got)
		}
	}
	ids, ports := 0, 0
	server.ids.Range(func(any, any) bool { ids++; return true })
	server.ports.Range(func(any, any) bool { ports++; return true })
	if ids < 90 || ports < 90 {
		t.Errorf("%d IDs and %d ports of 100 queries", ids, ports)
	}
}
