package mxrules_test

import (
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope/zone"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The Go code of the README is that of test files and an example, without their package clause.
func TestReadmeShowsTestedCode(t *testing.T) {
	files := []string{"gosmtp_test.go", "policy_test.go", "scenario_test.go", "check_test.go", "examples/ownjudge/main.go"}
	blocks := regexp.MustCompile("(?s)\n```go\n(.*?)```\n").FindAllStringSubmatch(readFile(t, "README.md"), -1)
	if len(blocks) != len(files) {
		t.Fatalf("the README has %d blocks of Go code, want %d", len(blocks), len(files))
	}
	for i, file := range files {
		_, code, _ := strings.Cut(readFile(t, file), "\n\n")
		if blocks[i][1] != code {
			t.Errorf("the README shows\n%s\nand %s has\n%s", blocks[i][1], file, code)
		}
	}
}

// The conversation of the README is that of a scenario.
func TestReadmeShowsAScenario(t *testing.T) {
	text := readFile(t, "testdata/inbound.scenario")
	if !strings.Contains(readFile(t, "README.md"), "```text\n"+text+"```\n") {
		t.Errorf("the README does not show\n%s", text)
	}
}

// backend is a go-smtp backend for the server of the README.
type backend struct{}

func (backend) NewSession(*smtp.Conn) (smtp.Session, error) { return backend{}, nil }
func (backend) Mail(string, *smtp.MailOptions) error        { return nil }
func (backend) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (backend) Data(r io.Reader) error                      { _, err := io.Copy(io.Discard, r); return err }
func (backend) Reset()                                      {}
func (backend) Logout() error                               { return nil }

func TestServerOfTheReadme(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dns := zone.MustParse(`
		1.0.0.127.in-addr.arpa. PTR mail.example.net.
		mail.example.net.       A   127.0.0.1
	`)
	served := make(chan error, 1)
	go func() { served <- serve(listener, backend{}, dns) }()
	defer func() {
		listener.Close()
		<-served
	}()
	client, err := smtp.Dial(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := errors.Join(client.Hello("mail.example.net"), client.Mail("bob@example.net", nil), client.Rcpt("ann@example.org", nil)); err != nil {
		t.Error(err)
	}
	var refusal *smtp.SMTPError
	if err := client.Rcpt("ann@example.com", nil); !errors.As(err, &refusal) || refusal.Code != 554 {
		t.Errorf("an attempt to relay: got %v, want a reply 554", err)
	}
}

// Each row of a table of the README that names an example has that example, and each
// example has its row.
func TestReadmeTablesMatchTheExamples(t *testing.T) {
	rows := map[string]bool{}
	inTable := false
	for line := range strings.Lines(readFile(t, "README.md")) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 3 {
			inTable = false
			continue
		}
		switch last := strings.TrimSpace(cells[len(cells)-2]); {
		case last == "example":
			inTable = true
		case inTable && !strings.HasPrefix(last, "-"):
			rows[last] = true
		}
	}
	examples := map[string]bool{}
	for _, file := range []string{"postfix_test.go", "recipes_test.go", "refrains_test.go"} {
		for line := range strings.Lines(readFile(t, file)) {
			if name, found := strings.CutPrefix(line, "func Example_"); found {
				name, _, _ = strings.Cut(name, "(")
				examples[name] = true
			}
		}
	}
	if !maps.Equal(rows, examples) {
		t.Errorf("rows of the README: %v\nexamples: %v", slices.Sorted(maps.Keys(rows)), slices.Sorted(maps.Keys(examples)))
	}
}
