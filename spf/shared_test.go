package spf_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// oneAnswer has one answer, which all who ask share, as in a judgement.
type oneAnswer struct {
	envelope.Resolver
	texts []string
}

func (r oneAnswer) LookupTXT(context.Context, string) ([]string, error) { return r.texts, nil }

// What other checks see of the same answer does not change.
func TestLeavesSharedAnswersAlone(t *testing.T) {
	texts := []string{"verification=1", "v=spf1 ip4:192.0.2.1 -all", "verification=2"}
	dns := oneAnswer{texts: slices.Clone(texts)}
	e := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.org"}
	if got := spf.Evaluate(envelope.WithJudgement(t.Context()), dns, e); got.Word != "pass" || !slices.Equal(dns.texts, texts) {
		t.Errorf("got %s and left %q", got.Word, dns.texts)
	}
}
