package dmarc_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// key signs the mail of the tests. It is the same in every run, because its seed is.
var key = ed25519.NewKeyFromSeed([]byte("a seed that everybody may know!!"))

// publicKey returns the DNS record of key.
func publicKey() string {
	return `"v=DKIM1; k=ed25519; p=` + base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)) + `"`
}

// mail returns the zone of the tests. 192.0.2.1 is the server of bank.example and the
// other domains, 192.0.2.66 that of evil.example.
func mail() *zone.Zone {
	return zone.MustParse(`
		bank.example.                TXT "v=spf1 ip4:192.0.2.1 -all"
		_dmarc.bank.example.         TXT "v=DMARC1; p=reject; rua=mailto:dmarc@bank.example"
		s._domainkey.bank.example.   TXT `+publicKey()+`
		shop.example.                TXT "v=spf1 ip4:192.0.2.1 -all"
		_dmarc.shop.example.         TXT "v=DMARC1; p=quarantine"
		watch.example.               TXT "v=spf1 ip4:192.0.2.1 -all"
		_dmarc.watch.example.        TXT "v=DMARC1; p=none"
		trial.example.               TXT "v=spf1 ip4:192.0.2.1 -all"
		_dmarc.trial.example.        TXT "v=DMARC1; p=reject; t=y"
		quiet.example.               TXT "v=spf1 ip4:192.0.2.1 -all"
		mail.quiet.example.          TXT "v=spf1 ip4:192.0.2.1 -all"
		evil.example.                TXT "v=spf1 ip4:192.0.2.66 -all"
		s._domainkey.evil.example.   TXT `+publicKey()+`
		forwarder.example.           TXT "v=spf1 ip4:192.0.2.66 -all"
		v6.example.                  TXT "v=spf1 ip6:2001:db8::1 -all"
	`).Failing("_dmarc.broken.example.", zone.SERVFAIL).Failing("slow.example. TXT", zone.Timeout)
}

// from returns an envelope from this client and sender, with a message whose From field
// is author.
func from(client, sender, author string) *envelope.Envelope {
	return &envelope.Envelope{
		ClientIP: netip.MustParseAddr(client),
		Helo:     "mail." + strings.TrimPrefix(sender, "someone@"),
		MailFrom: sender,
		RcptTo:   "you@example.org",
		Message:  envelope.NewMessage([]byte("From: " + author + "\r\nSubject: hello\r\n\r\nHello.\r\n")),
	}
}

// signed returns the envelope with its message signed by domain.
func signed(t testing.TB, e *envelope.Envelope, domain string) *envelope.Envelope {
	t.Helper()
	var out bytes.Buffer
	err := msgauth.Sign(&out, e.Message.Open(), &msgauth.SignOptions{Domain: domain, Selector: "s", Signer: key})
	if err != nil {
		t.Fatal(err)
	}
	e.Message = envelope.NewMessage(out.Bytes())
	return e
}

// owners says that the login ann owns the mailbox someone of every domain. No login owns
// another mailbox, and lookups for broken.example fail.
func owners(ctx context.Context, author envelope.Mailbox) ([]string, error) {
	if err := ctx.Err(); err != nil { // like a directory on a network
		return nil, err
	}
	if author.Domain == "broken.example" {
		return nil, context.DeadlineExceeded
	}
	if author.Local == "someone" {
		return []string{"ann"}, nil
	}
	return nil, nil
}

// checker returns a checker with these options.
func checker(t testing.TB, options dmarc.Options) *dmarc.Checker {
	t.Helper()
	c, err := dmarc.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// policyChecks returns the checks of c that depend on a policy or on alignment, in the
// order pass, notreject, notquarantine, published, alignedfor. The domains are those of
// AlignedFor.
func policyChecks(c *dmarc.Checker, domains ...string) []envelope.Check {
	return []envelope.Check{c.Pass, c.NotReject, c.NotQuarantine, c.Published, c.AlignedFor(domains...)}
}

// outcomes returns the outcomes of the checks, separated by blanks.
func outcomes(t testing.TB, dns envelope.Resolver, e *envelope.Envelope, checks ...envelope.Check) string {
	t.Helper()
	var words []string
	for _, check := range checks {
		f := check(t.Context(), dns, e)
		if f.Outcome == envelope.TempError && (f.Err == nil || f.Status.String() != "451 4.4.3") {
			t.Errorf("%s: %v, %v", f.Check, f.Status, f.Err)
		}
		words = append(words, f.Outcome.String())
	}
	return strings.Join(words, " ")
}

// seeded returns a source of random numbers, whose seed the test logs.
func seeded(t testing.TB) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// everyCheck returns the checks of the package by name.
func everyCheck() map[string]envelope.Check {
	return map[string]envelope.Check{
		"dmarc.pass":          dmarc.Pass,
		"dmarc.notreject":     dmarc.NotReject,
		"dmarc.notquarantine": dmarc.NotQuarantine,
		"dmarc.published":     dmarc.Published,
		"dmarc.singleauthor":  dmarc.SingleAuthor,
		"dmarc.alignedfor":    dmarc.AlignedFor("bank.example", "quiet.example", "mail.quiet.example", ".trial.example"),
		"dmarc.authorowned":   dmarc.AuthorOwned(owners),
	}
}
