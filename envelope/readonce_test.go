package envelope_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// readers are the checks of the library that read a message, with the number of octets
// that each may read through Open and Body: all, those of the body, or none.
var readers = []struct {
	check envelope.Check
	reads func(m *envelope.Message) int64
}{
	{message.WellFormed, (*envelope.Message).Size},
	{message.LinesEnded, (*envelope.Message).Size},
	{message.SingleFields, nothing},
	{message.Dated, nothing},
	{message.ASCIIHeader, nothing},
	{message.LineLength, nothing},
	{message.NoLoop, nothing},
	{message.Bulk, nothing},
	{message.OneClick, nothing},
	{message.List(".example.org"), nothing},
	{dkim.Signed, nothing},
	{dkim.Pass, bodySize},
	{dkim.PassFor("bank.example"), bodySize},
	{dkim.Covers("From"), bodySize},
	{dmarc.Pass, bodySize},
	{dmarc.NotReject, bodySize},
	{dmarc.NotQuarantine, bodySize},
	{dmarc.Published, bodySize},
	{dmarc.SingleAuthor, nothing},
	{dmarc.AlignedFor("bank.example"), bodySize},
	{dmarc.AuthorOwned(func(context.Context, envelope.Mailbox) ([]string, error) { return []string{"ann"}, nil }), nothing},
}

func nothing(*envelope.Message) int64    { return 0 }
func bodySize(m *envelope.Message) int64 { return m.Size() - int64(len(m.Header())) }

var authorKey = ed25519.NewKeyFromSeed([]byte("a seed that everybody may know!!"))

// bankMail is a transaction with a message of bank.example, signed, and the DNS
// for it. Every check except NoLoop passes.
func bankMail(t *testing.T) (*envelope.Envelope, *zone.Zone) {
	t.Helper()
	raw := strings.Repeat("Received: from a by b\r\n", 60) +
		"List-Id: <news.example.org>\r\nList-Unsubscribe: <https://bank.example/off>\r\n" +
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" +
		"From: ann@bank.example\r\nDate: Mon, 2 Feb 2026 10:00:00 +0000\r\n\r\n" + strings.Repeat("A line of the body.\r\n", 10_000)
	var signed bytes.Buffer
	options := &msgauth.SignOptions{Domain: "bank.example", Selector: "s", Signer: authorKey, HeaderKeys: []string{"From", "Date"}}
	if err := msgauth.Sign(&signed, strings.NewReader(raw), options); err != nil {
		t.Fatal(err)
	}
	e := &envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.bank.example", Login: "ann", MailFrom: "ann@bank.example",
		Message: envelope.NewMessage(signed.Bytes()), Now: time.Now(),
	}
	public := base64.StdEncoding.EncodeToString(authorKey.Public().(ed25519.PublicKey))
	return e, zone.MustParse(`
		bank.example.               TXT "v=spf1 -all"
		_dmarc.bank.example.        TXT "v=DMARC1; p=reject"
		s._domainkey.bank.example.  TXT "v=DKIM1; k=ed25519; p=` + public + `"
	`)
}

const recipients = 50

// nth is e for recipient n, a little later.
func nth(e *envelope.Envelope, n int) *envelope.Envelope {
	one := *e
	one.RcptTo = fmt.Sprintf("user%d@example.org", n)
	one.Recipients = n
	one.Now = e.Now.Add(time.Duration(n) * time.Second)
	return &one
}

// A message of 25 MB for 50 recipients must not cost 50 times as much as
// for one.
func TestEveryCheckReadsAMessageOnceForAllRecipients(t *testing.T) {
	for _, reader := range readers {
		name, _ := reader.check.Describe()
		t.Run(name, func(t *testing.T) {
			e, dns := bankMail(t)
			octets := envelope.CountReads(e.Message)
			allowed := reader.reads(e.Message)
			var want envelope.Finding
			for n := range recipients {
				got := reader.check(envelope.WithJudgement(t.Context()), dns, nth(e, n))
				if n == 0 {
					want = got
					clear(e.Message.Header()) // a second reading would see this
				}
				if got.Outcome != want.Outcome || got.Text != want.Text {
					t.Fatalf("the finding for recipient %d is %s (%s), want that for the first, %s (%s)", n, got.Outcome, got.Text, want.Outcome, want.Text)
				}
			}
			if pass := want.Outcome == envelope.Pass; pass == (name == "message.noloop") {
				t.Errorf("the finding is %s (%s), which says nothing about what was read", want.Outcome, want.Text)
			}
			if got := octets.Load(); got != allowed {
				t.Errorf("%d octets were read, want %d", got, allowed)
			}
		})
	}
}

func TestAPolicyReadsAMessageOnce(t *testing.T) {
	var policy verdict.Policy
	for _, reader := range readers {
		policy.Rules = append(policy.Rules, verdict.MarkUnless(reader.check, "unwanted"))
	}
	for name, judge := range map[string]func(*envelope.Envelope, *zone.Zone){
		"each recipient by itself": func(e *envelope.Envelope, dns *zone.Zone) {
			for n := range recipients {
				policy.Judge(t.Context(), dns, nth(e, n))
			}
		},
		"each recipient stage by stage": func(e *envelope.Envelope, dns *zone.Zone) {
			for n := range recipients {
				for _, stage := range []envelope.Stage{envelope.Connect, envelope.Helo, envelope.Mail, envelope.Rcpt, envelope.Data} {
					one := nth(e, n)
					one.Stage = stage
					policy.Judge(t.Context(), dns, one)
				}
			}
		},
		"concurrently": func(e *envelope.Envelope, dns *zone.Zone) {
			var judges sync.WaitGroup
			for n := range recipients {
				judges.Go(func() { policy.Judge(t.Context(), dns, nth(e, n)) })
			}
			judges.Wait()
		},
		"all recipients together": func(e *envelope.Envelope, dns *zone.Zone) {
			paths := make([]string, recipients)
			for n := range paths {
				paths[n] = nth(e, n).RcptTo
			}
			policy.JudgeEach(t.Context(), dns, e, paths...)
		},
		"the same message once more": func(e *envelope.Envelope, dns *zone.Zone) {
			policy.Judge(t.Context(), dns, e)
			policy.Judge(t.Context(), dns, e)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, dns := bankMail(t)
			octets := envelope.CountReads(e.Message)
			judge(e, dns)
			// Once for its form, and once for the hash of the body.
			if got, want := octets.Load(), e.Message.Size()+bodySize(e.Message); got != want {
				t.Errorf("%d octets were read, want %d", got, want)
			}
		})
	}
}
