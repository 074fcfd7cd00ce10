package picture_test

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/sender"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/picture"
)

// policy has a rule of each kind.
var policy = verdict.Policy{Rules: verdict.Rules{
	verdict.AcceptIf(client.Authenticated),
	verdict.RejectUnless(helo.Syntax).On(envelope.PermError, verdict.TempFail),
	verdict.RejectUnless(rdns.Confirmed).Ignoring(envelope.TempError),
	verdict.RejectUnless(envelope.Any(sender.Null, spf.Pass)).Unless(dkim.Pass).When(message.Bulk).Named("forged"),
	verdict.MarkUnless(dmarc.Pass, "unproven").When(client.TLS),
	verdict.TempFailUnless(sender.Resolves).Shadow(),
}}

// texts returns the texts of an SVG, which must be XML without links and scripts.
func texts(t *testing.T, svg string) string {
	t.Helper()
	var all []string
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := decoder.Token()
		switch one := token.(type) {
		case xml.CharData:
			if text := strings.TrimSpace(string(one)); text != "" {
				all = append(all, text)
			}
		case xml.StartElement:
			if !strings.Contains(" svg title style rect circle path g text ", " "+one.Name.Local+" ") {
				t.Errorf("the SVG has an element %s", one.Name.Local)
			}
			for _, a := range one.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || strings.HasSuffix(a.Name.Local, "href") {
					t.Errorf("the SVG has an attribute %s", a.Name.Local)
				}
			}
		}
		if err == io.EOF {
			return strings.Join(all, "\n")
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
}

func TestSVG(t *testing.T) {
	var svg strings.Builder
	if err := picture.SVG(&svg, "Inbound", policy); err != nil {
		t.Fatal(err)
	}
	text := texts(t, svg.String())
	for _, want := range []string{
		"\nInbound\nRules: 6. Asking DNS: 4. Waiting for the message: 2.\n",
		"\n1\nclient.authenticated\npasses\naccept\n-\n",
		"\n2\nhelo.syntax\nfails\nreject\ninvalid record\ntempfail\n-\n",
		"\n3\nrdns.confirmed\ndoes nothing if a lookup fails\nfails\nreject\nPTR, A\n",
		"\n4\nforged\nchecks any(sender.null, spf.pass)\nnot if dkim.pass passes\nonly if message.bulk passes\nfails\nreject\nTXT, MX, A\n",
		"\n5\ndmarc.pass\nonly if client.tls passes\nfails\nmark unproven\nTXT, MX, A\n",
		"\n6\nsender.resolves\ntrial: decides nothing\nfails\ntempfail\nMX\n",
		"\nno rule decided\naccept\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if n := strings.Count(svg.String(), "trial\""); n != 2 {
		t.Errorf("%d parts look like a trial, want the place and the action of rule 6", n)
	}
}

func TestDOT(t *testing.T) {
	var dot strings.Builder
	if err := picture.DOT(&dot, "Inbound", policy); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`r4 [label="4 forged\nchecks any(sender.null, spf.pass)\nnot if dkim.pass passes\nonly if message.bulk passes\nfrom DATA, asks DNS for TXT, MX, A" style=solid]`,
		`r4 -> r4a0 [label="fails" style=solid]`,
		`r4a0 [label="reject" `,
		`r4 -> r5 `,
		`r5 [label="5 dmarc.pass\nonly if client.tls passes\nfrom DATA, `,
		`r5a0 [label="mark unproven" `,
		`r6 [label="6 sender.resolves\ntrial: decides nothing\nfrom MAIL, asks DNS for MX" style=dashed]`,
		`r7 -> end`,
		`end [label="accept" `,
	} {
		if !strings.Contains(dot.String(), "\t"+want) {
			t.Errorf("%s is missing in\n%s", want, &dot)
		}
	}
}

// hostile are names that want to be more than names.
var hostile = []string{
	"a\r\nb\x00\x1b[2J",
	"<script>alert(1)</script>",
	`" onload="alert(1)" x="`,
	`"]; evil [label="`,
	`a\`,
	"]]>&amp;<!--",
	"\u202egnp\u2066",
	"\xff\xfe\ufffe",
	strings.Repeat("long ", 2000),
	"",
}

func hostilePolicy() (p verdict.Policy) {
	for _, name := range hostile {
		check := envelope.At(name, envelope.Helo, helo.Syntax)
		p.Rules = append(p.Rules, verdict.MarkIf(check, name).When(check).Named(name))
	}
	return p
}

func TestHostileNamesStayText(t *testing.T) {
	var svg, dot strings.Builder
	if err := errors.Join(picture.SVG(&svg, hostile[1], hostilePolicy()), picture.DOT(&dot, hostile[3], hostilePolicy())); err != nil {
		t.Fatal(err)
	}
	const dirt = "\r\x00\x1b\u202e\u2066\ufffe"
	if got := texts(t, svg.String()); strings.ContainsAny(got, dirt) || !strings.Contains(got, "<script>alert(1)</script>") {
		t.Errorf("the SVG has\n%q", got)
	}
	if strings.ContainsAny(dot.String(), dirt) || !strings.Contains(dot.String(), `[label="4 \"]; evil [label=\"\n`) {
		t.Errorf("the graph has\n%s", &dot)
	}
	if svg.Len() > 40_000 || dot.Len() > 20_000 {
		t.Errorf("%d octets of SVG, %d of DOT", svg.Len(), dot.Len())
	}
}

// A rule without a check, one whose check panics, and one that waits for ever are drawn
// like others.
func TestBadChecksAreDrawn(t *testing.T) {
	synctest.Test(t, badChecksAreDrawn)
}

func badChecksAreDrawn(t *testing.T) {
	p := verdict.Policy{Rules: verdict.Rules{
		{},
		verdict.RejectUnless(envelope.At("site.panics", envelope.Rcpt, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			panic("always")
		})),
		verdict.RejectUnless(envelope.At("site.waits", envelope.Rcpt, func(ctx context.Context, _ envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
			<-ctx.Done()
			return envelope.Temporary("", ctx.Err())
		})),
	}}
	var svg strings.Builder
	if err := picture.SVG(&svg, "", p); err != nil || !strings.Contains(svg.String(), "site.panics") {
		t.Errorf("%v, got\n%s", err, &svg)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestOutputErrorIsReturned(t *testing.T) {
	for name, draw := range map[string]func(io.Writer, string, verdict.Policy) error{"DOT": picture.DOT, "SVG": picture.SVG} {
		if err := draw(brokenPipe{}, "", policy); err != io.ErrClosedPipe {
			t.Errorf("%s: got %v", name, err)
		}
		if err := draw(io.Discard, "", verdict.Policy{}); err != nil {
			t.Errorf("%s of no rules: %v", name, err)
		}
	}
}

// Programs that draw read both forms, also with hostile names.
func TestProgramsReadIt(t *testing.T) {
	for _, tc := range []struct {
		program []string
		draw    func(io.Writer, string, verdict.Policy) error
	}{
		{[]string{"rsvg-convert"}, picture.SVG},
		{[]string{"dot", "-Tsvg"}, picture.DOT},
	} {
		t.Run(tc.program[0], func(t *testing.T) {
			if _, err := exec.LookPath(tc.program[0]); err != nil {
				if os.Getenv("MXRULES_E2E") != "" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			for _, p := range []verdict.Policy{policy, hostilePolicy()} {
				var drawn strings.Builder
				if err := tc.draw(&drawn, "Inbound", p); err != nil {
					t.Fatal(err)
				}
				cmd := exec.CommandContext(t.Context(), tc.program[0], tc.program[1:]...)
				cmd.Stdin = strings.NewReader(drawn.String())
				var errs strings.Builder
				cmd.Stderr = &errs
				if err := cmd.Run(); err != nil || errs.Len() > 0 {
					t.Errorf("%v: %s", err, &errs)
				}
			}
		})
	}
}
