package mxrules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
)

// speaksOfActions matches words that are wrong if no rule acts on the finding, or if the
// rule acts differently.
var speaksOfActions = regexp.MustCompile(`(?i)\b(please|try again|for now|denied|(not|only|no longer) (taken|accepted)|should log in)\b`)

// The text of a finding says what was seen. A trace, a rejection and a tempfail all show
// it, so what holds for a rejection or a tempfail only belongs into its Advice or Retry.
func TestTextsOfFindingsSayWhatWasSeen(t *testing.T) {
	texts := 0
	for _, dir := range []string{"envelope", "helo", "rdns", "spf", "dmarc", "greylist"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				text, ok := n.(*ast.BasicLit)
				switch {
				case isHint(n):
					return false
				case ok && text.Kind == token.STRING:
					texts++
					if word := speaksOfActions.FindString(text.Value); word != "" {
						t.Errorf("%v: %s speaks of an action: %q", files.Position(text.Pos()), text.Value, word)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if texts < 500 {
		t.Errorf("found only %d strings", texts)
	}
}

// isHint reports whether a node sets the Advice or the Retry of a finding.
func isHint(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		field, ok := n.Lhs[0].(*ast.SelectorExpr)
		return ok && (field.Sel.Name == "Advice" || field.Sel.Name == "Retry")
	case *ast.KeyValueExpr:
		field, ok := n.Key.(*ast.Ident)
		return ok && (field.Name == "Advice" || field.Name == "Retry")
	case *ast.CallExpr:
		method, ok := n.Fun.(*ast.SelectorExpr)
		return ok && method.Sel.Name == "Advising"
	}
	return false
}

func TestRejectIfSaysWhatWasSeen(t *testing.T) {
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa.     PTR  mail.example.net.
		mail.example.net.           A    192.0.2.1
		1.2.0.192.origin.example.   TXT  "64500 | 192.0.2.0/24 | ZZ | test | 2026-01-01"
	`)
	mail := envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.net", MailFrom: "ann@example.net", RcptTo: "abuse@example.org",
	}
	bounce := mail
	bounce.MailFrom = ""
	for _, tc := range []struct {
		check envelope.Check
		mail  *envelope.Envelope
		want  string
	}{
		{client.In([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}), &mail, "the client address 192.0.2.1 is in the list of networks"},
		{helo.In(".example.net"), &mail, "the HELO name mail.example.net is in the list of names"},
		{rdns.In(".example.net"), &mail, "the client 192.0.2.1 with the name mail.example.net is in the list of names"},
		{rdns.NotIn(".example.com"), &mail, "the client 192.0.2.1 with the name mail.example.net is not in the list of names"},
		{dnsbl.ASN("origin.example", "", 64500), &mail, "the client 192.0.2.1 is in AS64500"},
		{sender.In("example.net"), &mail, "the sender ann@example.net is in the list of senders"},
		{sender.Ours("example.net"), &mail, "the sender ann@example.net is in a domain of this site"},
		{sender.Null, &bounce, "the sender is the null sender"},
		{recipient.In("example.org"), &mail, "the recipient abuse@example.org is in the list of recipients"},
		{recipient.Ours("example.org"), &mail, "the recipient abuse@example.org is in a domain of this site"},
		{recipient.Role([]string{"example.org"}), &mail, "the recipient abuse@example.org is a role address of this site"},
		{helo.Syntax, &mail, "access denied"},
	} {
		for _, rule := range []verdict.Rule{verdict.RejectIf(tc.check), verdict.RejectUnless(envelope.Not(tc.check))} {
			v := verdict.Policy{Rules: verdict.Rules{rule}}.Judge(t.Context(), dns, tc.mail)
			if got := v.Reply().String(); got != "550 5.7.1 "+tc.want+"\r\n" {
				t.Errorf("%s: %q, want %q", rule.Name(), got, tc.want)
			}
		}
	}
}
