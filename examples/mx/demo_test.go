package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	var out, errs strings.Builder
	if status := run(t.Context(), []string{"-demo"}, &out, &errs); status != 0 {
		t.Fatalf("exit status %d: %s\n%s", status, errs.String(), out.String())
	}
	if n := len(conversations); n < 8 {
		t.Errorf("got %d conversations", n)
	}
	for _, want := range []string{
		"S: 250-SIZE 52428800\n",
		"S: 501 5.5.4 the HELO name 198.51.100.10 is an address",
		"sender.notours        off",
		"Why: tempfail 451 4.7.25 forced by rdns.exists",
		"Why: accept 250 2.0.0, marked generic",
		"C: Authentication-Results: mx.example.org; dmarc=pass header.from=bank.example\n",
		"Delivered with this header:\n     Authentication-Results: mx.example.org;\n       iprev=pass policy.iprev=198.51.100.10;\n" +
			"       dkim=none;\n       spf=pass smtp.mailfrom=good.example;\n       dmarc=fail header.from=bank.example policy.dmarc=quarantine\n" +
			"     Received-SPF: pass ",
		"greylisting of spf:small.example: first sight",
		"greylisting of spf:small.example: too early",
		"greylisting of spf:small.example: returned",
		"dkim=pass header.d=good.example",
		"for that of good.example (selector demo) the body of the message has changed since it was signed",
		"dmarc=fail reason=\"mailing_list: SPF domain lists.example\"\n       header.from=good.example policy.dmarc=reject\n",
		"Why: reject 550 5.7.1 by bulk.message.oneclick",
		"S: 450 4.7.28 the limit of 1 message in 24h for login alice is reached",
		"Messages in Alice's folder new: 8\n",
		"Messages in Alice's folder .Junk/new: 2\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the demonstration does not print %q", want)
		}
	}
	// Once from the client, and not in the delivered message.
	if n := strings.Count(out.String(), "dmarc=pass header.from=bank.example"); n != 1 {
		t.Errorf("the forged result is printed %d times", n)
	}
}

func TestDemoReportsAnUnexpectedEnd(t *testing.T) {
	wrong := conversations[0]
	wrong.want = "MAIL 550 5.7.25"
	var out strings.Builder
	err := demo(t.Context(), &out, []conversation{wrong, conversations[1]})
	if err == nil || err.Error() != "1 of 2 conversations ended unexpectedly" {
		t.Errorf("got the error %v", err)
	}
	if want := `it ended with "message 250 2.0.0", want "MAIL 550 5.7.25"`; !strings.Contains(out.String(), want) {
		t.Errorf("the output does not have %s", want)
	}
}

// A client in a blocked network is rejected in place of the greeting.
func Example() {
	maildir, err := os.MkdirTemp("", "mx-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(maildir)
	c := conversation{client: "203.0.113.200"}
	if _, err := newStage(maildir, os.Stdout).play(context.Background(), c); err != nil {
		fmt.Println(err)
	}
	// Output:
	//    (a connection from 203.0.113.200)
	//    S: 554 5.7.1 client address 203.0.113.200 is in a blocked network
	//    C: QUIT
	//    S: 221 2.0.0 closing the connection
	//
	//    Why: reject 554 5.7.1 by site.blocked: client address 203.0.113.200 is in a blocked network
	//     site.blocked  pass  reject  the client address 203.0.113.200 is in the list of networks
	//                                 check client.in
}
