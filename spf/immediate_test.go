package spf_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

// A term that decides alone gives the result that the library gives. A term before it
// that asks DNS and does not match leaves the decision to the library.
func TestTermThatDecidesAlone(t *testing.T) {
	const void = "exists:void.example"
	for _, terms := range []string{
		"all", "-all", "~all", "?all", "+ip4:192.0.2.0/24 -all", "-ip4:192.0.2.1 all", "?ip4:0.0.0.0/0", "~ip4:192.0.2.1",
		"ip4:192.0.2.2 ip4:192.0.2.1 -all", "ip4:192.0.2.2 -all", "ip6:2001:db8::/32 ~all", "-ip6:::/0 ip4:192.0.2.1",
		"redirect=other.example -all", "ip4:192.0.2.2 redirect=other.example", "ip4:192.0.2.1 redirect=void.example",
		"ip4:192.0.2.2", "", "-all exp=why.example", "all include:void.example", "ip4:192.0.2.1 mx a ptr -all", "ip4:192.0.2.1 all:x",
		"a -all", "include:other.example -all", "-exists:%{i}.example all",
	} {
		for _, client := range []string{"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"} {
			e := &envelope.Envelope{ClientIP: netip.MustParseAddr(client), MailFrom: "ann@example.org"}
			results := make(map[string]*spf.Result)
			for _, record := range []string{"v=spf1 " + terms, "v=spf1 " + void + " " + terms} {
				dns := zone.MustParse(fmt.Sprintf("example.org. TXT %q\nother.example. TXT \"v=spf1 ?all\"\nwhy.example. TXT no\n192.0.2.1.example. A 127.0.0.2\n", record))
				alone, shared := spf.Evaluate(t.Context(), dns, e), spf.Evaluate(envelope.WithJudgement(t.Context()), dns, e)
				if !reflect.DeepEqual(alone, shared) {
					t.Errorf("%s of %s: %+v alone, %+v in a judgement", record, client, alone, shared)
				}
				results[record] = shared
			}
			got, want := results["v=spf1 "+terms], results["v=spf1 "+void+" "+terms]
			if want.Problem == nil { // which would name the term at another place
				want.Lookups, want.VoidLookups, want.Questions = want.Lookups-1, want.VoidLookups-1, want.Questions-1
			}
			if got.Word != want.Word || want.Problem == nil && !reflect.DeepEqual(got, want) {
				t.Errorf("%q for %s: got %+v, the library gives %+v", terms, client, got, want)
			}
		}
	}
}

// lastAnswer ends the context with its answer.
type lastAnswer struct {
	oneAnswer
	end context.CancelFunc
}

func (r lastAnswer) LookupTXT(ctx context.Context, name string) ([]string, error) {
	r.end()
	return r.oneAnswer.LookupTXT(ctx, name)
}

func (lastAnswer) LookupMX(context.Context, string) ([]*net.MX, error) { panic("not asked") }

func TestAnAnswerAfterTheEndDecidesNothing(t *testing.T) {
	for _, record := range []string{"v=spf1 -all", "v=spf1 mx -all"} {
		ctx, end := context.WithCancel(envelope.WithJudgement(t.Context()))
		e := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.org"}
		got := spf.Evaluate(ctx, lastAnswer{oneAnswer{texts: []string{record}}, end}, e)
		if got.Word != "temperror" || got.Questions != 0 || got.Matched != nil || got.Explanation != "" {
			t.Errorf("%s: got %+v", record, got)
		}
	}
}
