package dkim_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// greeting is signed by example.org with the key of RFC 8463, appendix A.
const greeting = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=brisbane;\r\n" +
	"\tt=1770026400; h=from:to:subject; bh=TVWyopNvywZlIu3B8FfaaF7YKvvGRYtmEv32G7SJTYQ=;\r\n" +
	"\tb=AUxBJDSj1h9F0lDHtKUWMMfp9CJqPmLnKI35g8viKlL8HLxX9INWn+6bhQz7CXk0d53lrWUiVF9N5JiohBVUDA==\r\n" +
	"From: Ann <ann@example.org>\r\n" +
	"To: bob@example.net\r\n" +
	"Subject: Hello\r\n" +
	"\r\n" +
	"Good morning, Bob.\r\n"

func Example() {
	dns := zone.MustParse(`brisbane._domainkey.example.org. TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="`)
	at := time.Date(2026, 2, 2, 10, 0, 0, 0, time.UTC)

	for _, raw := range []string{
		greeting,
		strings.Replace(greeting, "Good morning", "Good evening", 1),
		strings.Replace(greeting, "Hello", "Goodbye", 1),
		strings.Replace(greeting, "s=brisbane", "s=perth", 1),
	} {
		result := dkim.Evaluate(context.Background(), dns, &envelope.Envelope{Message: envelope.NewMessage([]byte(raw)), Now: at})
		for _, s := range result.Signatures {
			fmt.Printf("%s %s %s %q\n", s.Domain, s.Selector, s.Word, s.Reason)
		}
	}
	// Output:
	// example.org brisbane pass ""
	// example.org brisbane fail "the body of the message has changed since it was signed"
	// example.org brisbane fail "the signature does not match the message"
	// example.org perth permerror "there is no key record"
}

// Pass accepts a signature of any domain; package dmarc compares it with the author.
func ExamplePass() {
	e := envelope.Envelope{
		Message: envelope.NewMessage([]byte("From: ann@example.org\r\n\r\nGood morning, Bob.\r\n")),
	}
	f := dkim.Pass(context.Background(), zone.MustParse(""), &e)
	fmt.Println(f.Outcome, f.Status, f.Text)
	// Output:
	// fail 550 5.7.20 the message has no DKIM signature
}

// fromList has an author of bank.example and is signed by the mailing list.
const fromList = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=lists.example; s=brisbane;\r\n" +
	"\tt=1770026400; h=from:to:subject; bh=x3QdxnTojZgrhlChlZjjit/wWOb/afhZ1DWc1mWYcA8=;\r\n" +
	"\tb=oIfZmxX8EGLwV9TtkAcSt9f/Zmz6awqORAzrRIa4E44lWVPy9eTeqTlaQ6qtxvRZBjdVGduENIZedtw8ab+lBQ==\r\n" +
	"From: Ann <ann@bank.example>\r\n" +
	"To: choir@lists.example\r\n" +
	"Subject: [choir] Hello\r\n" +
	"\r\n" +
	"Good morning, all.\r\n"

// A mailing list breaks the signature of the author, so the message fails DMARC. This
// policy accepts it if a known list has signed it.
func ExamplePassFor() {
	dns := zone.MustParse(`
		brisbane._domainkey.lists.example.  TXT  "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
		_dmarc.bank.example.                TXT  "v=DMARC1; p=reject"
	`)
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(dmarc.NotReject).Unless(dkim.PassFor("lists.example")),
	}}
	for _, raw := range []string{fromList, strings.Replace(fromList, "all.", "all!", 1)} {
		v := policy.Judge(context.Background(), dns, &envelope.Envelope{
			MailFrom: "choir-bounces@lists.example",
			Message:  envelope.NewMessage([]byte(raw)),
			Now:      time.Date(2026, 2, 2, 10, 0, 0, 0, time.UTC),
		})
		fmt.Println(v.Action)
	}
	// Output:
	// accept
	// reject
}

// A signature proves only the fields that it covers. The sender of bulk mail must sign
// the fields for one-click unsubscribe (RFC 8058, section 4).
func ExampleCovers() {
	signed := dkim.Covers("List-Unsubscribe", "List-Unsubscribe-Post")
	f := signed(context.Background(), zone.MustParse(""), &envelope.Envelope{
		Message: envelope.NewMessage([]byte("List-Unsubscribe: <https://example.org/u>\r\n" +
			"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" + greeting)),
	})
	fmt.Println(f.Outcome, f.Status, f.Text)
	// Output:
	// fail 550 5.7.20 the message has no DKIM signature that covers List-Unsubscribe, List-Unsubscribe-Post
}
