package zone_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope/zone"
)

func serve(t *testing.T, z *zone.Zone) *zone.Server {
	t.Helper()
	server, err := z.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// exchange sends one query to a server.
func exchange(t *testing.T, server *zone.Server, network, name string, kind uint16, udpSize uint16) *dns.Msg {
	t.Helper()
	query := new(dns.Msg).SetQuestion(name, kind)
	if udpSize > 0 {
		query.SetEdns0(udpSize, false)
	}
	client := &dns.Client{Net: network, Timeout: time.Minute}
	reply, _, err := client.ExchangeContext(t.Context(), query, server.Addr())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return reply
}

func TestServerAnswers(t *testing.T) {
	server := serve(t, zone.MustParse(world).
		Failing("down.test. A", zone.SERVFAIL).
		Failing("closed.test. A", zone.REFUSED).
		Failing("both.example. TXT", zone.SERVFAIL))
	for _, tc := range []struct {
		name    string
		kind    uint16
		rcode   int
		answers string // owner, type and data of each record
		soa     string // the owner of the SOA record
	}{
		{"host1.example.", dns.TypeA, dns.RcodeSuccess, "host1.example. A 192.0.2.1", ""},
		{"HOST1.eXample.", dns.TypeA, dns.RcodeSuccess, "HOST1.eXample. A 192.0.2.1", ""},
		{"x.wild.example.", dns.TypeA, dns.RcodeSuccess, "x.wild.example. A 192.0.2.5", ""},
		{"alias2.example.", dns.TypeAAAA, dns.RcodeSuccess,
			"alias2.example. CNAME alias.example.; alias.example. CNAME both.example.; both.example. AAAA 2001:db8::2", ""},
		{"x.aliases.example.", dns.TypeAAAA, dns.RcodeSuccess,
			"x.aliases.example. CNAME both.example.; both.example. AAAA 2001:db8::2", ""},
		{"toWild.example.", dns.TypeA, dns.RcodeSuccess, "toWild.example. CNAME any.wild.example.; any.wild.example. A 192.0.2.5", ""},
		{"alias.example.", dns.TypeCNAME, dns.RcodeSuccess, "alias.example. CNAME both.example.", ""},
		{"host1.example.", dns.TypeMX, dns.RcodeSuccess, "", "example."},
		{"b.c.example.", dns.TypeA, dns.RcodeSuccess, "", "example."},
		{"no.host1.example.", dns.TypeA, dns.RcodeNameError, "", "example."},
		{"missing.test.", dns.TypeA, dns.RcodeNameError, "", "."},
		{"tomissing.example.", dns.TypeA, dns.RcodeNameError, "tomissing.example. CNAME missing.test.", "."},
		{"loop1.example.", dns.TypeA, dns.RcodeServerFailure, "", ""},
		{"down.test.", dns.TypeA, dns.RcodeServerFailure, "", ""},
		{"closed.test.", dns.TypeA, dns.RcodeRefused, "", ""},
		{"alias.example.", dns.TypeTXT, dns.RcodeServerFailure, "", ""},
		{"_ssh._tcp.host1.example.", dns.TypeSRV, dns.RcodeSuccess, "_ssh._tcp.host1.example. SRV 0 0 22 host1.example.", ""},
		{"host1.example.", dns.TypeANY, dns.RcodeSuccess, "host1.example. A 192.0.2.1", ""},
	} {
		for _, network := range []string{"udp", "tcp"} {
			reply := exchange(t, server, network, tc.name, tc.kind, 0)
			var answers []string
			for _, rr := range reply.Answer {
				fields := strings.Fields(rr.String()) // owner TTL class type data
				answers = append(answers, strings.Join(append(fields[:1], fields[3:]...), " "))
			}
			soa := ""
			for _, rr := range reply.Ns {
				soa += rr.Header().Name
			}
			got := strings.Join(answers, "; ")
			if reply.Rcode != tc.rcode || got != tc.answers || soa != tc.soa {
				t.Errorf("%s %s %s: got %s [%s] SOA %q, want %s [%s] SOA %q", network, tc.name, dns.Type(tc.kind),
					dns.RcodeToString[reply.Rcode], got, soa, dns.RcodeToString[tc.rcode], tc.answers, tc.soa)
			}
			if !reply.RecursionAvailable || reply.Authoritative || reply.Truncated {
				t.Errorf("%s %s: got the flags %+v, want RA alone", network, tc.name, reply.MsgHdr)
			}
		}
	}
}

func TestServerRefusesOtherClasses(t *testing.T) {
	server := serve(t, zone.MustParse(world))
	query := new(dns.Msg).SetQuestion("host1.example.", dns.TypeTXT)
	query.Question[0].Qclass = dns.ClassCHAOS
	reply, err := dns.ExchangeContext(t.Context(), query, server.Addr())
	if err != nil || reply.Rcode != dns.RcodeRefused {
		t.Errorf("got %v, %v; want REFUSED", reply, err)
	}
}

func TestServerTruncates(t *testing.T) {
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, "many.example. TXT \"%040d\"\n", i)
	}
	z := zone.MustParse(text.String())
	server := serve(t, z)
	for _, tc := range []struct {
		network   string
		size      uint16
		truncated bool
		least     int
	}{
		{"udp", 0, true, 5},
		{"udp", 1232, true, 15},
		{"udp", 65535, false, 100},
		{"tcp", 0, false, 100},
		{"tcp", 512, false, 100},
	} {
		reply := exchange(t, server, tc.network, "many.example.", dns.TypeTXT, tc.size)
		if reply.Truncated != tc.truncated || len(reply.Answer) < tc.least {
			t.Errorf("%s %d: truncated %v with %d records", tc.network, tc.size, reply.Truncated, len(reply.Answer))
		}
		if edns := reply.IsEdns0() != nil; edns != (tc.size > 0) {
			t.Errorf("%s %d: EDNS in the answer is %v", tc.network, tc.size, edns)
		}
	}
	z.Forget()
	if got, err := server.Resolver().LookupTXT(t.Context(), "many.example."); len(got) != 100 || err != nil {
		t.Errorf("got %d texts, %v; want all texts over TCP", len(got), err)
	}
	if got := z.Count("many.example. TXT"); got != 2 {
		t.Errorf("the log has %d questions, want one over UDP and one over TCP", got)
	}
}

func TestServerDoesNotReplyToATimeout(t *testing.T) {
	z := zone.MustParse(world).Failing("silent.test.", zone.Timeout)
	server := serve(t, z)
	conn, err := dns.Dial("tcp", server.Addr()) // TCP keeps the order of queries
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, name := range []string{"silent.test.", "host1.example."} {
		if err := conn.WriteMsg(new(dns.Msg).SetQuestion(name, dns.TypeA)); err != nil {
			t.Fatal(err)
		}
	}
	reply, err := conn.ReadMsg()
	if err != nil || reply.Question[0].Name != "host1.example." {
		t.Errorf("got %v, %v; want an answer to the second question only", reply, err)
	}
}

func TestServerCloseEndsDelayedReplies(t *testing.T) {
	z := zone.MustParse(world).Delaying("host1.example. A", time.Hour)
	server, err := z.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dns.Dial("udp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, name := range []string{"host1.example.", "six.example."} { // the second answer shows that the first question has arrived
		if err := conn.WriteMsg(new(dns.Msg).SetQuestion(name, dns.TypeA)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.ReadMsg(); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}

func TestServeRejectsAPortInUse(t *testing.T) {
	z := zone.MustParse(world)
	first := serve(t, z)
	addr := first.Addr()
	if _, err := z.Serve(addr); err == nil {
		t.Error("a port in use was accepted")
	}
}

func TestServeRejectsOtherAddresses(t *testing.T) {
	for _, addr := range []string{"", "0.0.0.0:0", "192.0.2.1:53", ":0", "localhost:0", "127.0.0.1"} {
		if server, err := zone.MustParse(world).Serve(addr); err == nil || !strings.Contains(err.Error(), `"`+addr+`"`) {
			t.Errorf("%q: got %v, want an error with the address", addr, err)
			if err == nil {
				server.Close()
			}
		}
	}
}

func TestServerResolverAsksOnlyTheServer(t *testing.T) {
	z := zone.MustParse(world)
	resolver := serve(t, z).Resolver()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if got := asked(ctx, resolver, "A", "alias2.example."); !strings.Contains(got, "192.0.2.3") {
		t.Errorf("got %s", got)
	}
	if got := z.Asked().String(); got != "alias2.example. A" {
		t.Errorf("the log has %s", got)
	}
}

func TestServerResolverNoticesCancellation(t *testing.T) {
	server := serve(t, zone.MustParse(world))
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := server.Resolver().Dial(ctx, "udp", "192.0.2.53:53")
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := conn.Read(make([]byte, 512)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want a closed connection", err)
	}
}
