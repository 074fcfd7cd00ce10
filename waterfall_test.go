package mxrules_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/waterfall"
)

// widest is a sender whose SPF record needs 111 questions: ten mx terms of ten hosts.
func widest(*testing.T) (dns string, e envelope.Envelope) {
	var text, terms strings.Builder
	for i := range 10 {
		fmt.Fprintf(&terms, " mx:m%d.example", i)
		for host := range 10 {
			fmt.Fprintf(&text, "m%d.example. MX %d host%d.m%d.example.\nhost%d.m%d.example. A 203.0.113.1\n", i, host, host, i, host, i)
		}
	}
	fmt.Fprintf(&text, "wide.example. TXT \"v=spf1%s -all\"\n", &terms)
	return text.String(), envelope.Envelope{ClientIP: netip.MustParseAddr("192.175.48.1"), Helo: "wide.example", MailFrom: "ann@wide.example", RcptTo: "bob@example.org"}
}

// Every verdict has a text and a picture that a program for SVG reads, with each question.
func TestWaterfalls(t *testing.T) {
	simple := typicalPolicy
	simple.Rules = simple.Rules[:4]
	for _, tc := range []struct {
		name   string
		policy verdict.Policy
		world  func(*testing.T) (string, envelope.Envelope)
		faults map[string]string
		least  int // questions
	}{
		{"simple", simple, typical, nil, 3},
		{"typical", typicalPolicy, typical, nil, 13},
		{"failing", typicalPolicy, typical, map[string]string{"*.arpa.": zone.SERVFAIL, "_spf.mailer.example. TXT": zone.Timeout}, 13},
		{"widest", verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(spf.NotFail)}}, widest, nil, 111},
		{"no questions", verdict.Policy{}, typical, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var v verdict.Verdict
			synctest.Test(t, func(t *testing.T) {
				text, e := tc.world(t)
				dns := zone.MustParse(text).Delaying("*.", 20*time.Millisecond)
				for question, fault := range tc.faults {
					dns.Failing(question, fault)
				}
				v = tc.policy.Judge(t.Context(), dns, &e)
			})
			if n := len(v.Lookups()); n < tc.least {
				t.Errorf("%d questions, want at least %d", n, tc.least)
			}
			var text, svg strings.Builder
			if err := errors.Join(waterfall.Text(&text, v), waterfall.SVG(&svg, v)); err != nil {
				t.Fatal(err)
			}
			for _, l := range v.Lookups() {
				if !strings.Contains(text.String(), l.Name) || !strings.Contains(svg.String(), l.Name) {
					t.Errorf("%s is missing", l.Name)
				}
			}
			if untouched := v.Action == verdict.Accept && v.Rule == ""; untouched != strings.Contains(svg.String(), ">no rule refused it<") {
				t.Errorf("the picture of %v does not say why", v)
			}
			render(t, svg.String())
		})
	}
}

// render checks that a program that knows SVG reads the picture.
func render(t *testing.T, svg string) {
	t.Helper()
	program, err := exec.LookPath("rsvg-convert")
	switch {
	case err != nil && os.Getenv("MXRULES_E2E") != "":
		t.Fatalf("MXRULES_E2E is set, and there is no rsvg-convert (Debian package librsvg2-bin)")
	case err != nil:
		t.Skip("there is no rsvg-convert (Debian package librsvg2-bin); with MXRULES_E2E set that is a failure")
	}
	png := filepath.Join(t.TempDir(), "waterfall.png")
	command := exec.Command(program, "-o", png)
	command.Stdin = strings.NewReader(svg)
	if out, err := command.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}
