package recipient_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/recipient"
)

func TestListed(t *testing.T) {
	listed := recipient.Listed(mailboxes(t))
	for _, tc := range []struct {
		rcpt   string
		want   envelope.Outcome
		status envelope.Status
		text   string
	}{
		{"ann@example.org", envelope.Pass, nothing, ""},
		{"Ann@Example.ORG.", envelope.Pass, nothing, ""},
		{"@relay.example:ann@example.org", envelope.Pass, nothing, ""},
		{"jürgen@bücher.example", envelope.Pass, nothing, ""},
		{"postmaster@[192.0.2.25]", envelope.Pass, nothing, ""},
		{"erin@example.org", envelope.Fail, noMailbox, "there is no mailbox erin@example.org here"},
		{"ann+x@example.org", envelope.Fail, noMailbox, "there is no mailbox ann+x@example.org here"},
		{"ann@[192.0.2.25]", envelope.Fail, noMailbox, "there is no mailbox ann@[192.0.2.25] here"},
		{"bob@example.org", envelope.Fail, disabled, "the mailbox bob@example.org is disabled"},
		{"dave@example.org", envelope.Fail, moved, "the mailbox dave@example.org has moved"},
		{"carol@example.org", envelope.TempError, full, "the mailbox carol@example.org is full"},
		{"ann@example.com", envelope.None, nothing, ""},
		{"ann@[192.0.2.26]", envelope.None, nothing, ""},
		{"postmaster", envelope.None, nothing, ""},
		{"erin", envelope.None, nothing, ""},
		{"erin@@example.org", envelope.None, nothing, ""},
		{"", envelope.None, nothing, ""},
	} {
		t.Run(tc.rcpt, func(t *testing.T) {
			got := listed(t.Context(), nil, to(tc.rcpt))
			envelopetest.Expect(t, got, tc.want, tc.status)
			envelopetest.Says(t, got, tc.text)
		})
	}
}

func TestTheDirectoryIsNotAskedWithoutADomain(t *testing.T) {
	listed := recipient.Listed(func(_ context.Context, m envelope.Mailbox) (directory.Answer, error) {
		t.Errorf("asked for %s", m)
		return directory.Unknown, nil
	})
	for _, rcpt := range []string{"postmaster", "POSTMASTER", "ann", "ann@b@c", ""} {
		envelopetest.Expect(t, listed(t.Context(), nil, to(rcpt)), envelope.None, nothing)
	}
}

func TestAFailingDirectoryIsATempError(t *testing.T) {
	down := error(&net.DNSError{Err: "no such host", Name: "ldap.internal"})
	for name, lookup := range map[string]directory.Lookup{
		"down":     func(context.Context, envelope.Mailbox) (directory.Answer, error) { return directory.Known, down },
		"silent":   func(context.Context, envelope.Mailbox) (directory.Answer, error) { return 0, nil },
		"confused": func(context.Context, envelope.Mailbox) (directory.Answer, error) { return 99, nil },
	} {
		got := recipient.Listed(lookup)(t.Context(), nil, to("ann@example.org"))
		envelopetest.Expect(t, got, envelope.TempError, storeFails)
		if name == "down" && got.Err != down || strings.Contains(got.Text, "ldap") {
			t.Errorf("the cause %v with the text %q", got.Err, got.Text)
		}
	}
}

func TestTheDirectoryIsAskedOncePerJudgement(t *testing.T) {
	var asked []string
	lookup := directory.Lookup(func(_ context.Context, m envelope.Mailbox) (directory.Answer, error) {
		asked = append(asked, fmt.Sprint(m.Local, " ", m.Domain))
		return directory.Known, nil
	})
	first, second := recipient.Listed(lookup), recipient.Listed(lookup)
	ask := func(ctx context.Context, check envelope.Check, rcpt string, want int) {
		t.Helper()
		envelopetest.Expect(t, check(ctx, nil, to(rcpt)), envelope.Pass, nothing)
		if len(asked) != want {
			t.Errorf("%s: %d questions, want %d: %q", rcpt, len(asked), want, asked)
		}
	}
	judgement := envelope.WithJudgement(t.Context())
	ask(judgement, first, "ann@example.org", 1)
	ask(judgement, first, "ann@EXAMPLE.org.", 1)
	ask(judgement, first, `"ann"@example.org`, 1)
	ask(judgement, first, "Ann@example.org", 2) // another local part if case matters
	ask(judgement, first, "bob@example.org", 3)
	ask(judgement, first, "ann@example.com", 4)
	ask(judgement, first, "ann@[192.0.2.1]", 5)
	ask(judgement, second, "ann@example.org", 6) // may be another directory
	ask(envelope.WithJudgement(t.Context()), first, "ann@example.org", 7)
	ask(t.Context(), first, "ann@example.org", 8)
}

func TestTwoDirectoriesInOneJudgement(t *testing.T) {
	answering := func(a directory.Answer) envelope.Check {
		return recipient.Listed(func(context.Context, envelope.Mailbox) (directory.Answer, error) { return a, nil })
	}
	ctx := envelope.WithJudgement(t.Context())
	envelopetest.Expect(t, answering(directory.Known)(ctx, nil, to("ann@example.org")), envelope.Pass, nothing)
	envelopetest.Expect(t, answering(directory.Disabled)(ctx, nil, to("ann@example.org")), envelope.Fail, disabled)
}

func TestTheDirectoryGetsTheContextOfTheJudgement(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "here")
	recipient.Listed(func(ctx context.Context, _ envelope.Mailbox) (directory.Answer, error) {
		if ctx.Value(key{}) != "here" {
			t.Error("another context")
		}
		return directory.Known, nil
	})(ctx, nil, to("ann@example.org"))
}
