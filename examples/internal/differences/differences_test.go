package differences

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const text = `
# A comment.
policy p
message news
    From: ann@example.net

    Hello.

scenario early
connect 192.0.2.9 early
S: 554

scenario pipelined
connect 192.0.2.9 as one
S: 220
rule none
C: EHLO a
C: MAIL FROM:<ann@example.net>
C: RCPT TO:<"b>c"@example.org>
S: 250
S: 250
S: 550 5.1.1 unknown
rule recipient.listed
connect 192.0.2.10 login bob as two
S: 220
client one
wait 5m
octets "RSET\r\n"
S: 250
C: DATA
S: 354
octets "hello\r\n.\r\n"
S: 550 5.6.0 bad
store 1
close

case no conversation
  to=bob@example.org
  = accept
`

const again = `
policy p
message news
    From: ann@example.net

    Hello.

scenario pipelined
connect 192.0.2.9 as one
S: 220
rule none
C: EHLO a
C: MAIL FROM:<ann@example.net>
C: RCPT TO:<"b>c"@example.org>
S: 250
S: 250
S: 550 5.1.1 <"b>c"@example.org>: unknown
C: NOOP
S: 250
C: QUIT
S: 221
connect 192.0.2.10 login bob as two
S: 220
client one
wait 5m
octets "RSET\r\n"
S: 250
C: DATA
S: 354
octets "hello\r\n.\r\n"
S: 550 5.6.0 bad
store 1
close
`

// comparison is one whose differences are about the text.
func comparison() Comparison {
	return Comparison{
		Files: fstest.MapFS{"a.scenario": {Data: []byte(text)}, "b.zone": {Data: []byte("; a zone")}},
		Differences: []Difference{
			{Why: "A recipient is named.", Edit: func(x *Exchange) bool {
				return Instead("550 5.1.1 ", "550 5.1.1 <"+x.Path()+">: unknown")(x)
			}},
			{Why: "A NOOP follows a refusal in a transaction.", Edit: func(x *Exchange) bool {
				if !x.InTransaction || !x.IsRefusal() || x.Greeting.Command != "EHLO a" {
					return false
				}
				x.Follow("C: NOOP", "S: 250")
				return true
			}},
			{Why: "Another client comes later.", Edit: func(x *Exchange) bool {
				if !strings.Contains(x.Client.Line, "login") {
					return false
				}
				x.Precede("C: QUIT", "S: 221")
				return true
			}},
		},
		Omissions: []Omission{{Why: "No client is early.", Count: 1, Has: " early\n"}},
	}
}

func TestExpectationsAreRewritten(t *testing.T) {
	told, err := comparison().tell()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.TrimSpace(string(told.files["a.scenario"].Data))
	if want := strings.TrimSpace(again); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if told.files["b.zone"] == nil || told.played != 1 || !slices.Equal(told.differing, []int{1, 1, 1}) || !slices.Equal(told.omitted, []int{1}) {
		t.Errorf("got %+v", told)
	}
}

func TestProblemsOfATable(t *testing.T) {
	const readme = "A test plays the 1 conversations. A recipient\n  is named. A NOOP follows a refusal in a transaction. Another client comes later. No client is early."
	for _, tc := range []struct {
		name   string
		change func(*Comparison)
		readme string
		want   []string
	}{
		{"none", func(*Comparison) {}, readme, nil},
		{"an unused difference", func(c *Comparison) { c.Differences[0].Edit = Instead("999", "") }, readme, []string{"no scenario shows the difference: A recipient is named."}},
		{"another number", func(c *Comparison) { c.Omissions[0].Count = 2 }, readme, []string{"1 scenarios are not played, not 2: No client is early."}},
		{"another number of conversations", func(*Comparison) {}, strings.Replace(readme, "1", "2", 1), []string{"README.md does not say: the 1 conversations"}},
		{"a sentence is missing", func(*Comparison) {}, strings.Replace(readme, "A recipient", "One", 1), []string{"README.md does not say: A recipient is named."}},
		{"a sentence about an omission is missing", func(*Comparison) {}, strings.Replace(readme, "No client", "A client", 1), []string{"README.md does not say: No client is early."}},
	} {
		c := comparison()
		tc.change(&c)
		told, err := c.tell()
		if err != nil {
			t.Fatal(err)
		}
		if got := c.problems(told, tc.readme); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestErrorsNameTheScenario(t *testing.T) {
	for text, want := range map[string]string{
		"scenario x\nS: 220\n":                       "f/x: line 2: a reply without a command",
		"scenario x\nconnect 192.0.2.1\noctets no\n": "f/x: octets: invalid syntax",
	} {
		if _, err := parse("f", text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// A server that has its own words for a refusal.
func ExampleInstead() {
	tooLarge := Difference{Why: "The server has its own words.", Edit: Instead("552 5.3.4 the message is too large", "552 5.3.4 message size exceeds fixed limit")}
	for _, reply := range []string{"552 5.3.4 the message is too large", "250"} {
		x := &Exchange{Command: ".", Reply: reply}
		fmt.Println(tooLarge.Edit(x), x.Reply)
	}
	// Output:
	// true 552 5.3.4 message size exceeds fixed limit
	// false 250
}
