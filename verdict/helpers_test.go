package verdict_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

var mapped = netip.MustParseAddr("::ffff:192.0.2.1")

var reject = envelope.Status{Code: 550, Subject: 7, Detail: 25}

// says returns a check with the same answer from stage on.
func says(name string, stage envelope.Stage, outcome envelope.Outcome) envelope.Check {
	return func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if !e.Reached(stage) {
			return envelope.NotYet(name, stage)
		}
		switch outcome {
		case envelope.Fail:
			return envelope.Failed(name, reject, "%s does not hold", name)
		case envelope.PermError:
			return envelope.Permanent(name, reject, "%s is broken", name)
		case envelope.TempError:
			return envelope.Temporary(name, errors.New("no answer"))
		}
		return envelope.Finding{Check: name, Outcome: outcome}
	}
}

// answers returns a check with the finding f from Connect on.
func answers(f envelope.Finding) envelope.Check {
	return envelope.At(f.Check, envelope.Connect, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding { return f })
}

func pass(name string) envelope.Check { return says(name, envelope.Connect, envelope.Pass) }
func fail(name string) envelope.Check { return says(name, envelope.Connect, envelope.Fail) }
func temp(name string) envelope.Check { return says(name, envelope.Connect, envelope.TempError) }
func late(name string) envelope.Check { return says(name, envelope.Data, envelope.Pass) }

// atConnect is an envelope at the stage at which pass, fail and temp answer
// and late does not.
func atConnect() *envelope.Envelope {
	return &envelope.Envelope{Stage: envelope.Connect, ClientIP: netip.MustParseAddr("192.0.2.1")}
}

func judge(t *testing.T, e *envelope.Envelope, rules ...verdict.Rule) verdict.Verdict {
	t.Helper()
	return verdict.Policy{Rules: rules}.Judge(t.Context(), nil, e)
}
