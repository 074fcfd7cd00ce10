package envelopetest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/zone"
)

var refused = envelope.Status{Code: 550, Subject: 7, Detail: 1}

// dns is a zone in which mail.example.org has all records, and no other name has any.
func dns() *zone.Zone {
	return zone.MustParse(`
		mail.example.org.       A    192.0.2.1
		                        MX   10 mail.example.org.
		1.2.0.192.in-addr.arpa. PTR  mail.example.org.
	`)
}

// samples are one envelope for each outcome of the checks of this file.
func samples() []*envelope.Envelope {
	return []*envelope.Envelope{
		{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.org", MailFrom: "a@example.org", RcptTo: "b@example.net"},
		{ClientIP: netip.MustParseAddr("192.0.2.2"), Helo: "nowhere.example.org", MailFrom: "a@example.org", RcptTo: "b@example.net"},
		{ClientIP: netip.MustParseAddr("2001:db8::1"), Helo: "[IPv6:2001:db8::1]", Login: "a"},
	}
}

// resolves is a good check, as helo.Resolves is one.
func resolves(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "sample.resolves"
	if !e.Reached(envelope.Helo) {
		return envelope.NotYet(check, envelope.Helo)
	}
	host, err := envelope.ParseHost(e.Helo)
	if err != nil {
		return envelope.NotApplicable(check)
	}
	_, err = envelope.LookupIP(ctx, r, "ip4", string(host))
	if envelope.NotFound(err) {
		_, err = envelope.LookupMX(ctx, r, string(host))
	}
	switch {
	case err == nil:
		return envelope.Passed(check)
	case envelope.NotFound(err):
		return envelope.Failed(check, refused, "the name %s has no A and no MX record", host)
	}
	return envelope.Temporary(check, err)
}

func TestGoodChecksKeepTheContract(t *testing.T) {
	exists := envelope.At("sample.exists", envelope.Helo, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		switch exists, err := envelope.Exists(ctx, r, e.Helo); {
		case err != nil:
			return envelope.Temporary("", err)
		case !exists:
			return envelope.Failed("", refused, "the name %s does not exist", e.Helo)
		}
		return envelope.Passed("")
	})
	signed := envelope.At("sample.signed", envelope.Data, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if strings.Contains(string(e.Message.Header()), "DKIM-Signature") {
			return envelope.Passed("")
		}
		return envelope.Failed("", refused, "the message is not signed")
	})
	for name, check := range map[string]envelope.Check{
		"asking DNS":      resolves,
		"Exists":          exists,
		"asking nothing":  client.Authenticated,
		"for the message": signed,
		"All":             envelope.All(client.Waited, resolves),
		"Any":             envelope.Any(client.Authenticated, resolves, signed),
		"Not":             envelope.Not(resolves),
		"a combination":   envelope.Not(envelope.All(envelope.Any(client.TLS, exists), envelope.Not(client.Authenticated))),
		"All of nothing":  envelope.All(client.In(nil)),
		"misconfigured":   envelope.Misconfigured("sample.bad", envelope.Rcpt, errors.New("the set is nil")),
		"Any of misconfigured": envelope.Any(resolves, envelope.Not(
			envelope.Misconfigured("sample.bad", envelope.Connect, errors.New("the set is nil")))),
		"a shared question": sharing("sample.shared", func(e *envelope.Envelope) any { return sharedKey(e.Helo) }),
	} {
		t.Run(name, func(t *testing.T) { TestCheck(t, check, dns(), samples()...) })
	}
	t.Run("without a Resolver", func(t *testing.T) { TestCheck(t, client.Authenticated, nil, samples()...) })
	t.Run("without envelopes", func(t *testing.T) { TestCheck(t, resolves, dns()) })
}

type sharedKey string

// sharing makes a check that asks once per judgement for each key.
func sharing(name string, key func(*envelope.Envelope) any) envelope.Check {
	return envelope.At(name, envelope.Helo, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		f, _ := envelope.Once(ctx, key(e), func() (envelope.Finding, error) {
			f := resolves(ctx, r, e)
			f.Check = name
			return f, nil
		})
		return f
	})
}

// spoiled is resolves with its finding changed from Helo on.
func spoiled(change func(f envelope.Finding, e *envelope.Envelope) envelope.Finding) envelope.Check {
	return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		f := resolves(ctx, r, e)
		if e.Reached(envelope.Helo) {
			f = change(f, e)
		}
		return f
	}
}

// Each way to break the contract is found by the case for it.
func TestCheckSuiteFindsEachDefect(t *testing.T) {
	var calls atomic.Int64
	for _, tc := range []struct {
		defect string
		check  envelope.Check
		seenBy string
		says   string
	}{
		{"no name", envelope.At("", envelope.Helo, resolves), "has its name at Start", `the name is ""`},
		{"a name in capitals", envelope.At("Sample", envelope.Helo, client.Waited), "has its name at Start", `the name is "Sample"`},
		{"a name of many words", envelope.At("sample resolves!", envelope.Helo, client.Waited), "has its name at Start", "the name is"},
		{"an answer at Start", func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			return envelope.Passed("sample")
		}, "has its name at Start", "want Pending"},
		{"a question at Start", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			_, _ = envelope.LookupIP(ctx, r, "ip4", "mail.example.org")
			return resolves(ctx, r, e)
		}, "has its name at Start", "asks 1 questions"},
		{"a panic at Start", func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			panic("nothing is known")
		}, "has its name at Start", "panics: nothing is known"},
		{"Pending that awaits Start", func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			return envelope.NotYet("sample", envelope.Start)
		}, "has its name at Start", "does not await a later stage"},
		{"Pending that awaits nothing", func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			return envelope.NotYet("sample", envelope.Whole)
		}, "has its name at Start", "does not await a later stage"},
		{"a lookup at Start", func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			return envelope.Temporary("sample", errors.New("the resolver is nil"))
		}, "has its name at Start", "want Pending"},
		{"misconfigured only when mail comes", envelope.At("sample", envelope.Helo,
			envelope.Misconfigured("sample", envelope.Helo, errors.New("the set is nil"))),
			"answers from its stage on", "at Start the check is not misconfigured"},
		{"an answer before its stage", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if !e.Reached(envelope.Connect) {
				return envelope.NotYet("sample.resolves", envelope.Rcpt)
			}
			return resolves(ctx, r, e)
		}, "waits for its stage", "want Pending until rcpt"},
		{"a question before its stage", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if e.Reached(envelope.Connect) && !e.Reached(envelope.Helo) {
				_, _ = envelope.LookupPTR(ctx, r, e.Client())
			}
			return resolves(ctx, r, e)
		}, "waits for its stage", "asks 1 questions before its stage"},
		{"an answer that depends on the header", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			switch {
			case e.Arriving():
				return envelope.Passed("sample")
			case !e.Reached(envelope.Data):
				return envelope.NotYet("sample", envelope.Data)
			}
			return envelope.Passed("sample")
		}, "waits for the body of the message", "with the header of the message"},
		{"Pending forever", func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			return envelope.NotYet("sample", envelope.Data)
		}, "answers from its stage on", "does not await a later stage"},
		{"no outcome", spoiled(func(f envelope.Finding, _ *envelope.Envelope) envelope.Finding {
			f.Outcome = 0
			return f
		}), "answers from its stage on", "has no outcome"},
		{"another name", spoiled(func(f envelope.Finding, _ *envelope.Envelope) envelope.Finding {
			f.Check = "sample.other"
			return f
		}), "answers from its stage on", `named "sample.other"`},
		{"a failure without a status", spoiled(func(f envelope.Finding, _ *envelope.Envelope) envelope.Finding {
			f.Status = envelope.Status{}
			return f
		}), "answers from its stage on", "no permanent status"},
		{"a failure with a transient status", spoiled(func(f envelope.Finding, _ *envelope.Envelope) envelope.Finding {
			if f.Outcome == envelope.Fail {
				f.Status = f.Status.Deferral()
			}
			return f
		}), "answers from its stage on", "no permanent status"},
		{"a Deferral that is a permanent status", spoiled(func(f envelope.Finding, _ *envelope.Envelope) envelope.Finding {
			f.Deferral = refused
			return f
		}), "answers from its stage on", "a Deferral that is not a transient status"},
		{"a failure without a text", spoiled(func(f envelope.Finding, _ *envelope.Envelope) envelope.Finding {
			f.Text = ""
			return f
		}), "answers from its stage on", "has no Text"},
		{"a text that is not cleaned", envelope.At("sample", envelope.Helo, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			return envelope.Finding{Outcome: envelope.Fail, Status: refused, Text: "the name " + e.Helo + " is bad"}
		}), "answers from its stage on", "not clean"},
		{"a failed lookup with a permanent status", envelope.At("sample", envelope.Connect, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			f := envelope.Temporary("", errors.New("down"))
			f.Status = refused
			return f
		}), "answers from its stage on", "no transient status"},
		{"a failed lookup without a cause", envelope.At("sample", envelope.Connect, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			f := envelope.Temporary("", errors.New("down"))
			f.Err = nil
			return f
		}), "answers from its stage on", "has no Err"},
		{"Pending with a Commit", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			f := resolves(ctx, r, e)
			f.Commit = func(context.Context) error { return nil }
			return f
		}, "waits for its stage", "is Pending and has a Commit"},
		{"the envelope is changed", envelope.At("sample", envelope.Helo, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			e.Helo = strings.ToLower(e.Helo) + "."
			return envelope.Passed("")
		}), "answers from its stage on", "changes the envelope"},
		{"the message is changed", envelope.At("sample", envelope.Data, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			e.Message.Header()[0] ^= 0x20
			return envelope.Passed("")
		}), "answers from its stage on", "changes the envelope"},
		{"a panic for an unknown address", envelope.At("sample", envelope.Connect, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			e.ClientIP.As4()
			return envelope.Passed("")
		}), "answers from its stage on", "panics"},
		{"a field of a later stage is used", envelope.At("sample", envelope.Connect, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if e.Login != "" {
				return envelope.Passed("")
			}
			return envelope.NotApplicable("")
		}), "ignores fields of later stages", "with the fields of later stages"},
		{"an early answer that changes", envelope.At("sample", envelope.Connect, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if e.Reached(envelope.Mail) && e.Login != "" {
				return envelope.Passed("")
			}
			return envelope.NotApplicable("")
		}), "an early answer does not change", "for the whole envelope"},
		{"a finding that changes", spoiled(func(f envelope.Finding, _ *envelope.Envelope) envelope.Finding {
			f.Text = fmt.Sprint("call ", calls.Add(1))
			return f
		}), "finds the same when repeated", "when repeated"},
		{"a key that lacks an input", sharing("sample", func(*envelope.Envelope) any { return sharedKey("") }),
			"finds the same when repeated", "within a judgement"},
		{"a failed lookup is not found", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			f := resolves(ctx, r, e)
			if f.Outcome == envelope.TempError {
				return envelope.Failed(f.Check, refused, "the name does not resolve")
			}
			return f
		}, "a failed lookup only defers", "every lookup fails with SERVFAIL: got (sample.resolves fail"},
		{"a failure without a flag is not found", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			f := resolves(ctx, r, e)
			if f.Err != nil && strings.Contains(f.Err.Error(), "REFUSED") {
				return envelope.Failed(f.Check, refused, "the name does not resolve")
			}
			return f
		}, "a failed lookup only defers", "fails with REFUSED: got (sample.resolves fail"},
		{"a failed first lookup is ignored", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			const check = "sample.first"
			if !e.Reached(envelope.Connect) {
				return envelope.NotYet(check, envelope.Connect)
			}
			_, err := envelope.LookupPTR(ctx, r, e.Client())
			if _, err2 := envelope.LookupMX(ctx, r, "nowhere.example.org"); err2 != nil && !envelope.NotFound(err2) {
				return envelope.Temporary(check, err2)
			}
			if err != nil {
				return envelope.Failed(check, refused, "the address has no name")
			}
			return envelope.Passed(check)
		}, "a failed lookup only defers", "one lookup fails with SERVFAIL"},
		{"a nil Resolver panics", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if e.Reached(envelope.Helo) && e.Helo == "mail.example.org" {
				_, _ = r.LookupTXT(ctx, "mail.example.org.")
			}
			return resolves(ctx, r, e)
		}, "a failed lookup only defers", "panics"},
		{"an ended context is not found", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			f := resolves(ctx, r, e)
			if ctx.Err() != nil {
				return envelope.Failed(f.Check, refused, "too late")
			}
			return f
		}, "an ended context only defers", "the context has ended"},
		{"a late answer is not found", func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			f := resolves(ctx, r, e)
			if errors.Is(ctx.Err(), context.DeadlineExceeded) && f.Outcome == envelope.TempError {
				return envelope.NotApplicable(f.Check)
			}
			return f
		}, "an ended context only defers", "no lookup is answered"},
		{"an abandoned answer is kept", envelope.At("sample", envelope.Helo, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			f, _ := envelope.Once(context.WithoutCancel(ctx), sharedKey(e.Helo), func() (envelope.Finding, error) {
				return resolves(ctx, r, e), nil
			})
			f.Check = "sample"
			return f
		}), "an abandoned check does not affect later callers", "after a caller whose context had ended"},
	} {
		t.Run(tc.defect, func(t *testing.T) {
			said := objections(t, tc.seenBy, tc.check)
			if !strings.Contains(said, tc.says) {
				t.Errorf("the case %q says %q, want that it says %q", tc.seenBy, said, tc.says)
			}
		})
	}
}

func TestCheckSuiteFindsWhatHangs(t *testing.T) {
	deaf := func(_ context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		return resolves(context.Background(), r, e)
	}
	said := record(t, func(tb testing.TB) {
		s := newCheckSuite(tb, deaf, nil, samples())
		s.limit = 4 * short
		f := s.find(s.Context(), &questioned{silent: true}, samples()[0])
		s.Errorf("got %s", brief(f))
	})
	if !strings.Contains(said, "does not return") {
		t.Errorf("got %q", said)
	}
}

// objections runs one case of the suite and returns its errors.
func objections(t *testing.T, name string, check envelope.Check) string {
	for _, tc := range checkCases {
		if tc.name == name {
			return record(t, func(tb testing.TB) { tc.run(newCheckSuite(tb, check, dns(), samples())) })
		}
	}
	t.Fatalf("there is no case %q", name)
	return ""
}

func TestNamesOfChecks(t *testing.T) {
	for name, want := range map[string]bool{
		"helo.resolves": true, "sample": true, "all(client.in, not(spf.pass))": true, "all()": true, "a-b.c_d2": true, "any(a, b, c)": true,
		"": false, "Helo": false, "helo.": false, ".helo": false, "helo resolves!": false, "(helo": false, "helo\n": false, " helo": false, "helo resolves": false,
		"all(a": false, "all(a,b)": false,
	} {
		if got := isCheckName(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}
