package dkim_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// junk returns invalid signatures of a domain. If body is not nil, their body hash is
// correct, so that each of them needs a lookup.
func junk(n int, domain, message string) string {
	var b strings.Builder
	for i := range n {
		tags := fmt.Sprintf("v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=s%d; h=From; bh=; b=AAAA", domain, i)
		signed := sign(tags, message, nil)
		b.WriteString(strings.TrimSuffix(signed, message))
	}
	return b.String()
}

// TestAddedSignaturesDoNotHideTheAligned tests that the signature of the author domain is
// verified, whatever an attacker adds to the message.
func TestAddedSignaturesDoNotHideTheAligned(t *testing.T) {
	good := sign(usual, mail, rsaKey())
	below := sign(usual, strings.Replace(mail, "Ann <ann@example.org>", "ann@www.example.org", 1), rsaKey())
	for _, tc := range []struct {
		name, raw string
		passes    bool
		keys      int // asked for
	}{
		{"five of strangers", junk(5, "junk.example", mail) + good, true, 6},
		{"nine of strangers", junk(9, "junk.example", mail) + good, true, 10},
		{"a hundred of strangers", junk(100, "junk.example", mail) + good, true, 10},
		{"nine of the author", junk(9, "example.org", mail) + good, true, 10},
		{"a hundred below the author", junk(100, "x.example.org", mail) + good, true, 10},
		{"a hundred of the author, for another body", strings.ReplaceAll(junk(100, "example.org", mail+"x"), "s=s", "s=t") + good, true, 1},
		{"a hundred malformed ones", strings.Repeat("DKIM-Signature: x\r\n", 100) + good, true, 1},
		{"a hundred of public suffixes above the author", junk(50, "org", mail) + junk(50, "com", mail) + below, true, 10},
		{"a hundred with l=", strings.ReplaceAll(junk(100, "example.org", mail), "v=1;", "v=1; l=1;") + good, true, 1},
		// Only someone who could also break the good signature can add these.
		{"a hundred of the author", junk(100, "example.org", mail) + good, false, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dns := world()
			result := verify(t, dns, tc.raw)
			if result.Passed() != tc.passes || len(dns.Asked()) != tc.keys {
				t.Errorf("%t with %d questions, want %t with %d", result.Passed(), len(dns.Asked()), tc.passes, tc.keys)
			}
			total := strings.Count(tc.raw, "DKIM-Signature:")
			if len(result.Signatures) != min(total, 20) || len(result.Signatures)+result.Omitted != total {
				t.Errorf("%d signatures reported and %d omitted, of %d", len(result.Signatures), result.Omitted, total)
			}
			if last := result.Signatures[len(result.Signatures)-1]; tc.passes && last.Word != "pass" {
				t.Errorf("the last of the header is %s: %s", last.Word, last.Reason)
			}
		})
	}
}

// TestSignaturesNearTheAuthorComeFirst tests that signatures are verified in the order in
// which their domains are near to an author.
func TestSignaturesNearTheAuthorComeFirst(t *testing.T) {
	for _, tc := range []struct {
		from  string
		order string // of the questions
	}{
		{"a@example.org", "example.org mail.example.org other.example.net example.net"},
		{"a@mail.example.org", "mail.example.org example.org other.example.net example.net"},
		{"a@x.mail.example.org", "mail.example.org example.org other.example.net example.net"},
		{"a@www.example.org", "example.org mail.example.org other.example.net example.net"},
		{"a@example.net", "example.net other.example.net mail.example.org example.org"},
		{"a@example.org, b@other.example.net", "other.example.net example.org mail.example.org example.net"},
		{"a@unrelated.example", "other.example.net mail.example.org example.net example.org"},
		{"nobody", "other.example.net mail.example.org example.net example.org"},
	} {
		raw := strings.Replace(mail, "Ann <ann@example.org>", tc.from, 1)
		signed := raw
		for _, domain := range []string{"example.org", "example.net", "mail.example.org", "other.example.net"} {
			signed = sign(with("d", domain), signed, rsaKey())
		}
		dns := world()
		verify(t, dns, signed)
		var order []string
		for _, q := range dns.Asked() {
			order = append(order, strings.TrimSuffix(strings.TrimPrefix(q, "rsa._domainkey."), ". TXT"))
		}
		if got := strings.Join(order, " "); got != tc.order {
			t.Errorf("from %s: %s, want %s", tc.from, got, tc.order)
		}
	}
}

func TestEachKeyIsLookedUpOnce(t *testing.T) {
	dns := world()
	signed := sign(usual, sign(with("c", "simple/simple"), mail, rsaKey()), rsaKey())
	if got := said(verify(t, dns, signed)); got != "pass | pass" {
		t.Error(got)
	}
	if n := dns.Count("rsa._domainkey.example.org. TXT"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestHostileSizes has inputs on which a naive verifier spends minutes, or all memory.
// BenchmarkHostile measures them.
func TestHostileSizes(t *testing.T) {
	head, _, _ := strings.Cut(mail, "\r\n\r\n")
	signedBody := func(body string) func(string) string {
		return func(form string) string { return sign(with("c", form), head+"\r\n\r\n"+body, rsaKey()) }
	}
	const many = 200_000
	for _, tc := range []struct {
		name string
		raw  func(form string) string
		want string
	}{
		{"line ends only", signedBody(strings.Repeat("\r\n", many)), "pass"},
		{"line ends and then one octet", signedBody(strings.Repeat("\r\n", many) + "x"), "pass"},
		{"LF only", func(form string) string {
			return sign(with("c", form), head+"\r\n\r\n", rsaKey()) + strings.Repeat("\n", many)
		}, "pass"},
		{"one line", signedBody(strings.Repeat("x", many)), "pass"},
		{"blanks", signedBody(strings.Repeat(" ", many) + "x"), "pass"},
		{"CR only", signedBody(strings.Repeat("\r", many)), "pass"},
		{"100,000 continuation lines", func(form string) string {
			return sign(with("c", form, "h", "From:X"), "X: y\r\n"+strings.Repeat(" a\r\n", 100_000)+mail, rsaKey())
		}, "pass"},
		{"a header line of 200,000 octets", func(form string) string {
			return sign(with("c", form, "h", "From:X"), "X: "+strings.Repeat("y", many)+"\r\n"+mail, rsaKey())
		}, "pass"},
		{"a tag-list of 50,000 tags", func(string) string {
			return "DKIM-Signature: " + strings.Repeat("a=b;", many/4) + "\r\n" + mail
		}, "permerror: the signature repeats a tag"},
		{"a tag of 200,000 octets", func(string) string {
			return "DKIM-Signature: " + with("bh", "AAAA", "b", strings.Repeat("A", many)) + "\r\n" + mail
		}, "permerror: the body hash (bh=) is not a SHA-256 hash in base64"},
		{"h= of 100,000 names", func(string) string {
			return "DKIM-Signature: " + with("h", "From"+strings.Repeat(":x", many/2), "b", "AAAA", "bh", "AAAA") + "\r\n" + mail
		}, "permerror: the signature covers more than 1000 header fields"},
		{"900 fields and 1000 names", func(form string) string {
			return sign(with("c", form, "h", "From"+strings.Repeat(":x", 999)), strings.Repeat("x: y\r\n", 900)+mail, rsaKey())
		}, "pass"},
		{"10,000 fields and 10,000 names", func(string) string {
			return "DKIM-Signature: " + with("h", "From"+strings.Repeat(":x", 10_000), "b", "AAAA", "bh", "AAAA") + "\r\n" + strings.Repeat("x: y\r\n", 10_000) + mail
		}, "permerror: the signature covers more than 1000 header fields"},
		{"a header of 2 MB without a line end", func(string) string {
			return "DKIM-Signature: " + strings.Repeat("x", 10*many)
		}, "permerror: the signature is not a list of tags (RFC 6376, section 3.2)"},
	} {
		for _, form := range []string{"simple/simple", "relaxed/relaxed"} {
			t.Run(tc.name+", "+form, func(t *testing.T) {
				if got := said(verify(t, world(), tc.raw(form))); got != tc.want {
					t.Errorf("%s, want %s", got, tc.want)
				}
			})
		}
	}
}

func TestTwentyThousandSignatures(t *testing.T) {
	one := strings.TrimSuffix(junk(1, "example.org", mail), "\r\n")
	one = strings.ReplaceAll(one, "\r\n", "")[:len("DKIM-Signature: v=1;")] // the whole would not fit
	raw := strings.Repeat(one+"\r\n", 20_000) + sign(usual, mail, rsaKey())
	dns := world()
	before := runtime.NumGoroutine()
	result := verify(t, dns, raw)
	if len(result.Signatures) != 20 || result.Omitted != 20_001-20 || result.Passed() {
		t.Errorf("%d, and %d omitted", len(result.Signatures), result.Omitted)
	}
	if n := len(dns.Asked()); n != 0 {
		t.Errorf("%d questions", n)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, and %d before", after, before)
	}
}

// TestChecksShareTheVerification tests that the checks of a judgement share one
// verification.
func TestChecksShareTheVerification(t *testing.T) {
	e := envelope.Envelope{Message: envelope.NewMessage([]byte(sign(usual, mail, rsaKey()))), Now: now}
	dns := world()
	ctx := envelope.WithJudgement(t.Context())
	for range 3 {
		if f := dkim.Pass(ctx, dns, &e); f.Outcome != envelope.Pass {
			t.Fatal(f.Text)
		}
	}
	first := dkim.Evaluate(ctx, dns, &e)
	first.Signatures[0] = dkim.Signature{} // it is the caller's own
	if again := dkim.Evaluate(ctx, dns, &e); !again.Passed() {
		t.Error(said(again))
	}
	if n := len(dns.Asked()); n != 1 {
		t.Errorf("%d questions", n)
	}
	dkim.Evaluate(ctx, dns, &envelope.Envelope{Message: e.Message, Now: now.Add(1)})
	if n := len(dns.Asked()); n != 2 {
		t.Errorf("another time is another question: %d", n)
	}
}

// TestAbandonedVerificationIsNotShared tests that a check whose context has ended leaves
// no result for others.
func TestAbandonedVerificationIsNotShared(t *testing.T) {
	m := envelope.NewMessage([]byte(sign(usual, mail, rsaKey())))
	judgement := envelope.WithJudgement(t.Context())
	ended, cancel := context.WithCancel(judgement)
	cancel()
	result := dkim.Evaluate(ended, world(), &envelope.Envelope{Message: m, Now: now})
	if got := said(result); got != "temperror: the verification ran out of time" || !errors.Is(result.Signatures[0].Err, context.Canceled) {
		t.Errorf("%s, %v", got, result.Signatures[0].Err)
	}
	if got := said(dkim.Evaluate(judgement, world(), &envelope.Envelope{Message: m, Now: now})); got != "pass" {
		t.Error(got)
	}
}

// TestContextEndsTheVerification has a context that ends during the lookup of a key.
func TestContextEndsTheVerification(t *testing.T) {
	signed := junk(9, "slow.example", mail) + sign(usual, mail, rsaKey())
	ctx, cancel := context.WithCancel(t.Context())
	dns := &cancelling{Zone: world(), cancel: cancel}
	result := dkim.Evaluate(ctx, dns, &envelope.Envelope{Message: envelope.NewMessage([]byte(signed)), Now: now})
	if dns.asked != 1 {
		t.Errorf("%d questions", dns.asked)
	}
	for _, s := range result.Signatures[1:] {
		if s.Word != "pass" && s.Word != "temperror" {
			t.Errorf("%s: %s", s.Word, s.Reason)
		}
	}
}

// cancelling is a resolver that ends a context at the first question.
type cancelling struct {
	*zone.Zone
	cancel func()
	asked  int
}

func (c *cancelling) LookupTXT(ctx context.Context, name string) ([]string, error) {
	c.asked++
	c.cancel()
	return c.Zone.LookupTXT(ctx, name)
}

// TestMemoryDoesNotGrowWithTheMessage has a body in a spool, which is read in pieces.
func TestMemoryDoesNotGrowWithTheMessage(t *testing.T) {
	const size = 25 << 20
	head, _, _ := strings.Cut(mail, "\r\n\r\n")
	line := strings.Repeat("x", 70) + "\r\n"
	body := strings.Repeat(line, size/len(line))
	signed := sign(with("c", "relaxed/simple"), head+"\r\n\r\n"+body, rsaKey())
	m, err := envelope.Spool{Memory: 1 << 20, Dir: t.TempDir()}.ReadMessage(strings.NewReader(signed))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	dns := world()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	result := dkim.Evaluate(t.Context(), dns, &envelope.Envelope{Message: m, Now: now})
	runtime.ReadMemStats(&after)
	if got := said(result); got != "pass" {
		t.Error(got)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
		t.Errorf("%d octets allocated for a message of %d", allocated, size)
	}
}
