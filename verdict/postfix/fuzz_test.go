package postfix_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"

	"mxrules.example/envelope"
	importing "mxrules.example/verdict/postfix"
)

// What Read accepts is a valid policy whose source parses, also if something is left
// out. An unreadable main.cf is an error.
func FuzzRead(f *testing.F) {
	mains, _ := filepath.Glob("testdata/*/main.cf")
	for _, name := range mains {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "example.net REJECT\n[192.0.2.1] 450 4.7.1 wait")
	}
	f.Add("myhostname = a.example\nmynetworks = ${x?{y}:{z}} $y\nsmtpd_recipient_restrictions = reject_unauth_destination check_client_access pcre:t", "if /x/\n/(a)(b)/i REJECT $1\nendif")
	f.Fuzz(func(t *testing.T, main, table string) {
		for _, leaveOut := range []bool{false, true} {
			imported, err := importing.Read(main, importing.Options{LeaveOut: leaveOut, ReadFile: func(string) ([]byte, error) { return []byte(table), nil }})
			if err != nil {
				continue
			}
			if err := imported.Policy.Validate(); err != nil {
				t.Fatal(err)
			}
			source, err := imported.Source("site")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.ParseFile(token.NewFileSet(), "site.go", source, 0); err != nil {
				t.Fatalf("%v\n%s", err, source)
			}
			_ = imported.Report.String()
			v := imported.Policy.Judge(t.Context(), nil, &envelope.Envelope{Helo: "a.example", MailFrom: "a@b.example", RcptTo: "c@d.example"})
			if v.Err() == nil && v.Action == 0 {
				t.Fatal("no verdict")
			}
		}
	})
}

// A table that parses answers every envelope, and its error names the table.
func FuzzParseTable(f *testing.F) {
	f.Add("hash", "example.net REJECT\n# comment\n  continued\n\"two words\" OK", "a@example.net")
	f.Add("cidr", "if 192.0.2.0/24\n192.0.2.1 REJECT\n!192.0.2.0/28 DEFER\nendif", "a@example.net")
	f.Add("regexp", "/^a(.*)@/ REJECT no $1\n!/x/ 450 4.7.1 wait", "a@example.net")
	f.Add("pcre", "!/^a/ OK\nif !/b/\n/./ REJECT\nendif", "b@example.net")
	f.Add("inline", "{a=b, {c = d e}}", "c@a")
	f.Fuzz(func(t *testing.T, kind, text, sender string) {
		table, err := importing.ParseTable(kind, "the table", text)
		if err != nil {
			if got := err.Error(); len(got) < 10 || got[:9] != "the table" {
				t.Errorf("the error does not begin with the table: %s", got)
			}
			return
		}
		access := &importing.Access{Of: importing.Sender, Table: table, Delimiter: "+"}
		passed := 0
		for _, check := range []envelope.Check{access.Permits, access.Rejects, access.Defers, access.MayReject, access.MayPermit} {
			f := check(t.Context(), nil, &envelope.Envelope{MailFrom: sender})
			if f.Outcome == envelope.Pass || f.Outcome == envelope.TempError {
				passed++
			} else if f.Outcome != envelope.Fail {
				t.Errorf("the finding %v", f)
			}
		}
		if passed > 1 {
			t.Errorf("the table says %d things about %q", passed, sender)
		}
	})
}
