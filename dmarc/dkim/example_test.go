package dkim_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
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
