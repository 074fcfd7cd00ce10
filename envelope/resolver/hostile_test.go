package resolver_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
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

	soaRecord = "example. 300 SOA . . 1 2 3 4 300"
	nsRecord  = "example. 60 NS ns.example."
)

// short is the timeout of tests that wait for it, long the timeout of tests that
// get an answer, even on a busy machine.
const (
	short = 100 * time.Millisecond
	long  = 10 * time.Second
)

// outcome shows the result of a lookup: the texts, or "not found", "timeout" or
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

// ask asks one question and returns the records as texts.
func ask(t *testing.T, r *resolver.Resolver, kind, name string) (texts []string, err error) {
	t.Helper()
	var values any
	switch kind {
	case "A":
		values, err = r.LookupNetIP(t.Context(), "ip4", name)
	case "AAAA":
		values, err = r.LookupNetIP(t.Context(), "ip6", name)
	case "A+AAAA":
		values, err = r.LookupNetIP(t.Context(), "ip", name)
	case "MX":
		values, err = r.LookupMX(t.Context(), name)
	case "PTR":
		return r.LookupAddr(t.Context(), name)
	case "TXT":
		return r.LookupTXT(t.Context(), name)
	case "CNAME":
		end, err := r.LookupCNAME(t.Context(), name)
		return []string{end}, err
	}
	switch values := values.(type) {
	case []netip.Addr:
		for _, addr := range values {
			texts = append(texts, addr.String())
		}
	case []*net.MX:
		for _, mx := range values {
			texts = append(texts, fmt.Sprint(mx.Pref, " ", mx.Host))
		}
	}
	return texts, err
}

// wantTXT looks up TXT records and compares the outcome.
func wantTXT(t *testing.T, r *resolver.Resolver, owner, want string) {
	t.Helper()
	if got := outcome(r.LookupTXT(t.Context(), owner)); got != want {
		t.Errorf("TXT of %s: got %.80q, want %.80q", owner, got, want)
	}
}

// Each case is a behaviour of the only server, which is tried once.
func TestRepliesOverUDP(t *testing.T) {
	good, bad, empty := replying(dns.RcodeSuccess, right), replying(dns.RcodeSuccess, wrong), replying(dns.RcodeSuccess)
	noQuestion := func(m *dns.Msg) { m.Question = nil }
	for _, tc := range []struct {
		behaviour string
		udp       udpHandler
		want      string
	}{
		{"an answer", good, "right"},
		{"silence", nil, "timeout"},
		{"another ID", editing(bad, func(m *dns.Msg) { m.Id++ }), "timeout"},
		{"another name", editing(bad, func(m *dns.Msg) { m.Question[0].Name = "nome.example." }), "timeout"},
		{"another type", editing(bad, func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeA }), "timeout"},
		{"another class", editing(bad, func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }), "timeout"},
		{"no question", editing(bad, noQuestion), "timeout"},
		{"two questions", editing(bad, func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }), "timeout"},
		{"a query", editing(bad, func(m *dns.Msg) { m.Response = false }), "timeout"},
		{"another opcode", editing(bad, func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify }), "timeout"},
		{"garbage", func(*dns.Msg, int) [][]byte {
			return [][]byte{nil, {1}, bytes.Repeat([]byte{0xff}, 600), bytes.Repeat([]byte{0xc0}, 64)}
		}, "timeout"},
		{"forgeries before the answer", func(q *dns.Msg, n int) [][]byte {
			forged := reply(q, dns.RcodeSuccess, wrong)
			var all [][]byte
			for i := range 20 { // more may not fit into the buffer of the socket
				all = append(all,
					edited(forged, func(m *dns.Msg) { m.Id += uint16(i + 1) }),
					edited(forged, func(m *dns.Msg) { m.Question[0].Name = "x." + name }),
					forged[:11])
			}
			return append(all, good(q, n)...)
		}, "right"},
		{"the name in other case", editing(good, func(m *dns.Msg) { m.Question[0].Name = "NAME.Example." }), "right"},
		{"records of other names and the right one",
			replying(dns.RcodeSuccess, "other.example. TXT wrong", right, "example. TXT wrong", "name.example. A 192.0.2.1"), "right"},
		{"only records of other names", replying(dns.RcodeSuccess, "other.example. TXT wrong"), "failure"},
		{"only a record of another class", replying(dns.RcodeSuccess, "name.example. 60 CH TXT wrong"), "failure"},
		{"only a record of another type", replying(dns.RcodeSuccess, "name.example. A 192.0.2.1"), "failure"},
		{"NXDOMAIN", replying(dns.RcodeNameError), "not found"},
		{"NXDOMAIN with records of the name", replying(dns.RcodeNameError, wrong), "failure"},
		{"NXDOMAIN with records of other names", replying(dns.RcodeNameError, "other.example. TXT wrong"), "failure"},
		{"NODATA without SOA", empty, "not found"},
		{"a referral", replying(dns.RcodeSuccess, "authority", nsRecord), "failure"},
		{"an empty reply of a server that is not recursive", editing(empty, notRecursive), "failure"},
		{"an empty reply of an authoritative server",
			editing(replying(dns.RcodeSuccess, "authority", nsRecord), func(m *dns.Msg) {
				m.RecursionAvailable, m.Authoritative = false, true
			}), "not found"},
		{"NODATA with SOA of a server that is not recursive",
			editing(replying(dns.RcodeSuccess, "authority", soaRecord), notRecursive), "not found"},
		{"NODATA with NS and SOA", replying(dns.RcodeSuccess, "authority", nsRecord, soaRecord), "not found"},
		{"SERVFAIL", replying(dns.RcodeServerFailure), "failure"},
		{"REFUSED", replying(dns.RcodeRefused), "failure"},
		{"an unassigned code", replying(14), "failure"},
		{"a record without data", editing(empty, func(m *dns.Msg) {
			m.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET}}}
		}), "failure"},
		{"FORMERR for EDNS", rejectingEDNS(replying(dns.RcodeFormatError), good), "right"},
		{"NOTIMP for EDNS, with the header alone",
			rejectingEDNS(editing(replying(dns.RcodeNotImplemented), noQuestion), good), "right"},
		{"FORMERR for every query", replying(dns.RcodeFormatError), "failure"},
		{"FORMERR for every query, with the header alone", editing(replying(dns.RcodeFormatError), noQuestion), "timeout"},
		{"two records", replying(dns.RcodeSuccess, right, `name.example. 60 TXT "" "more" \000\"\\ \255`), "right|more\x00\"\\\xff"},
	} {
		t.Run(tc.behaviour, func(t *testing.T) {
			config := resolver.Config{Attempts: 1}
			if tc.want == "timeout" {
				config.Timeout = short
			}
			wantTXT(t, (&hostile{udp: tc.udp}).open(t, config), name, tc.want)
		})
	}
}

// A reply that does not fit into UDP is requested over TCP.
func TestRepliesOverTCP(t *testing.T) {
	good, bad, formErr := replying(dns.RcodeSuccess, right), replying(dns.RcodeSuccess, wrong), replying(dns.RcodeFormatError)
	text64K := strings.Repeat(" "+strings.Repeat("x", 250), 250)
	setTC := func(m *dns.Msg) { m.Truncated = true }
	betweenRecords := func(q *dns.Msg, _ int) [][]byte { // a message without its only record
		return [][]byte{reply(q, dns.RcodeSuccess, wrong)[:len(reply(q, dns.RcodeSuccess))]}
	}
	for _, tc := range []struct {
		behaviour string
		udp       udpHandler
		tcp       tcpHandler
		want      string
	}{
		{"TC", truncated, overTCP(good), "right"},
		{"TC and a part of the records", editing(bad, setTC), overTCP(good), "right"},
		{"too long without TC",
			replying(dns.RcodeSuccess, "name.example. TXT"+strings.Repeat(" "+strings.Repeat("x", 200), 10)), overTCP(good), "right"},
		{"cut within a record without TC", func(q *dns.Msg, n int) [][]byte {
			msg := bad(q, n)[0]
			return [][]byte{msg[:len(msg)-2]}
		}, overTCP(good), "right"},
		{"cut between records without TC", betweenRecords, overTCP(good), "right"},
		{"64 KB", truncated, overTCP(replying(dns.RcodeSuccess, "name.example. TXT"+text64K)), strings.ReplaceAll(text64K, " ", "")},
		{"cut between records over TCP too", truncated, overTCP(betweenRecords), "failure"},
		{"TC from a server that does not know EDNS", rejectingEDNS(formErr, truncated), overTCP(rejectingEDNS(formErr, good)), "right"},
		{"TC over TCP too", truncated, overTCP(editing(bad, setTC)), "failure"},
		{"a reset", truncated, func(conn net.Conn, _ *dns.Msg, _ int) bool {
			conn.(*net.TCPConn).SetLinger(0)
			return false
		}, "failure"},
		{"closed within the reply", truncated, func(conn net.Conn, q *dns.Msg, n int) bool {
			conn.Write(framed(bad(q, n)[0])[:20])
			return false
		}, "failure"},
		{"closed at once", truncated, nil, "failure"},
		{"another ID", truncated, overTCP(editing(bad, func(m *dns.Msg) { m.Id++ })), "failure"},
		{"another name", truncated, overTCP(editing(bad, func(m *dns.Msg) { m.Question[0].Name = "x." })), "failure"},
		{"garbage", truncated, func(conn net.Conn, _ *dns.Msg, _ int) bool {
			conn.Write(bytes.Repeat([]byte{0xff}, 70_000))
			return true
		}, "failure"},
		{"silence", truncated, func(conn net.Conn, _ *dns.Msg, _ int) bool {
			conn.Read(make([]byte, 1))
			return false
		}, "timeout"},
		{"one octet after the other", truncated, func(conn net.Conn, q *dns.Msg, _ int) bool {
			for _, octet := range framed(reply(q, dns.RcodeSuccess, "name.example. TXT"+text64K)) {
				time.Sleep(time.Millisecond)
				if _, err := conn.Write([]byte{octet}); err != nil {
					break
				}
			}
			return false
		}, "timeout"},
	} {
		t.Run(tc.behaviour, func(t *testing.T) {
			config := resolver.Config{Attempts: 1, Timeout: long}
			if tc.want == "timeout" {
				config.Timeout = short
			}
			server := &hostile{udp: tc.udp, tcp: tc.tcp}
			r := server.open(t, config)
			got := outcome(r.LookupTXT(t.Context(), name))
			for got == "timeout" && server.overTCP.Load() == 0 && config.Timeout < time.Minute { // a busy machine did not get as far as TCP
				config.Timeout *= 2
				server = &hostile{udp: tc.udp, tcp: tc.tcp}
				r = server.open(t, config)
				got = outcome(r.LookupTXT(t.Context(), name))
			}
			if got != tc.want {
				t.Errorf("got %.80q, want %.80q", got, tc.want)
			}
			if kept := r.Idle(); kept > 0 && (tc.want == "failure" || tc.want == "timeout") {
				t.Error("a connection is kept after a failure")
			}
			if server.overTCP.Load() == 0 && tc.tcp != nil {
				t.Error("nothing was asked over TCP")
			}
			if got := r.Stats().OverTCP; got == 0 {
				t.Error("Stats counts nothing over TCP")
			}
		})
	}
}

// The end of a context ends a question at once, although the server is silent and
// its timeout is an hour.
func TestCancelEndsAQuestionAtOnce(t *testing.T) {
	for network, silent := range map[string]func(reached func()) *hostile{
		"UDP": func(reached func()) *hostile {
			return &hostile{udp: func(*dns.Msg, int) [][]byte { reached(); return nil }}
		},
		"TCP": func(reached func()) *hostile {
			return &hostile{udp: truncated, tcp: func(conn net.Conn, _ *dns.Msg, _ int) bool {
				reached()
				conn.Read(make([]byte, 1))
				return false
			}}
		},
	} {
		t.Run(network, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			r := silent(cancel).open(t, resolver.Config{Timeout: time.Hour})
			if got := outcome(r.LookupTXT(ctx, name)); got != "failure" {
				t.Errorf("got %q", got)
			}
			r.Settle() // waits for the goroutine of the lookup
			if got := r.Stats(); got.Abandoned != 1 || got.Questions() != 1 {
				t.Errorf("Stats: %+v", got)
			}
		})
	}
}

// A forger must guess the ID and the port (RFC 5452, section 9.2). A few may
// repeat by chance.
func TestEveryQueryHasItsOwnPortAndID(t *testing.T) {
	server := &hostile{udp: answering("right")}
	r := server.open(t, resolver.Config{CacheBytes: -1})
	for range 100 {
		wantTXT(t, r, name, "right")
	}
	ids, ports := 0, 0
	server.ids.Range(func(any, any) bool { ids++; return true })
	server.ports.Range(func(any, any) bool { ports++; return true })
	if ids < 90 || ports < 90 {
		t.Errorf("%d IDs and %d ports of 100 queries", ids, ports)
	}
}
