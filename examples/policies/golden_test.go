package policies_test

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

var update = flag.Bool("update", false, "write what the policies say into the golden tables")

// row is one case of a golden table: its name, the envelope that is judged, and
// a line of text for each thing that the policy says of it.
//
//	a stranger relays
//	  to=ann@example.com
//	  = reject by recipient.ours, asked nothing
//	  = 554 5.7.1 relay access denied: ...
//
// The envelope is the good one of its table with what the indented lines change.
// A value with blanks or quotes in it stands in Go's quotes. Several recipients
// are judged one by one, and broken= makes a question of DNS fail.
type row struct {
	name    string
	changes []string
	want    []string
}

// TestGolden holds each policy to its table. The tables together are the
// description of what the policies do.
func TestGolden(t *testing.T) {
	total := 0
	for _, table := range []struct {
		name   string
		policy verdict.Policy
		good   envelope.Envelope
	}{
		{"standard", standard(t, site(t)), good()},
		{"strict", strict(t, site(t)), good()},
		{"submission", submission(t, site(t)), handedIn()},
	} {
		file := "testdata/" + table.name + ".txt"
		head, rows := readTable(t, file)
		total += len(rows)
		var written strings.Builder
		written.WriteString(head)
		for _, row := range rows {
			t.Run(table.name+"/"+row.name, func(t *testing.T) {
				got := say(t, table.policy, table.good, row.changes)
				if !*update && strings.Join(got, "\n") != strings.Join(row.want, "\n") {
					t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(row.want, "\n  "))
				}
				row.want = got
			})
			written.WriteString(row.String())
		}
		if *update {
			if err := os.WriteFile(file, []byte(written.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if total < 80 {
		t.Errorf("the tables have %d rows, want 80 or more", total)
	}
}

func (r row) String() string {
	return "\n" + r.name + "\n  " + strings.Join(append(r.changes, r.want...), "\n  ") + "\n"
}

// readTable reads a table: what stands before its first row, and its rows.
func readTable(t *testing.T, file string) (head string, rows []row) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	paragraphs := strings.Split(strings.TrimSpace(string(text)), "\n\n")
	for _, paragraph := range paragraphs[1:] {
		lines := strings.Split(paragraph, "\n")
		r := row{name: lines[0]}
		for _, line := range lines[1:] {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "= ") {
				r.want = append(r.want, line)
			} else {
				r.changes = append(r.changes, line)
			}
		}
		rows = append(rows, r)
	}
	return paragraphs[0] + "\n", rows
}

// say judges an envelope, and writes what the policy says of each recipient.
func say(t *testing.T, policy verdict.Policy, e envelope.Envelope, changes []string) (lines []string) {
	t.Helper()
	dns := world(t)
	recipients := []string{e.RcptTo}
	for _, change := range changes {
		given, err := apply(change, &e, dns)
		if err != nil {
			t.Fatalf("%s: %v", change, err)
		}
		if given != nil {
			recipients = given
		}
	}
	for _, recipient := range recipients {
		e := e
		e.RcptTo = recipient
		dns.Forget()
		v := policy.Judge(t.Context(), dns, &e)
		asked := dns.Asked().Types()
		if asked == "" {
			asked = "nothing"
		}
		lines = append(lines, "= "+outcome(v)+", asked "+asked)
		if v.Action != verdict.Accept {
			lines = append(lines, "= "+v.Err().Error())
		}
		early(t, policy, dns, &e, v)
	}
	return lines
}

// early sees that a policy that is asked at each stage says what it says at the
// end, and that it says it for good.
func early(t *testing.T, policy verdict.Policy, dns *zone.Zone, e *envelope.Envelope, want verdict.Verdict) {
	t.Helper()
	for stage := envelope.Connect; stage <= envelope.Rcpt; stage++ {
		e := *e
		e.Stage = stage
		if v := policy.Judge(t.Context(), dns, &e); v.Action != verdict.Continue {
			if v.Action != want.Action || v.Rule != want.Rule {
				t.Errorf("at %s: %s, and at the end %s", stage, outcome(v), outcome(want))
			}
			return
		}
	}
	t.Errorf("at RCPT the policy still waits")
}

// outcome writes a verdict for a table: what was done, by which rule, and the
// marks.
func outcome(v verdict.Verdict) string {
	text := v.Action.String()
	if v.Forced {
		text += " forced"
	}
	if v.Rule != "" {
		text += " by " + v.Rule
	}
	if len(v.Marks) > 0 {
		text += ", marked " + strings.Join(v.Marks, " ")
	}
	return text
}

// apply makes the changes that one line describes. It returns the recipients
// that the line names.
func apply(line string, e *envelope.Envelope, dns *zone.Zone) (recipients []string, err error) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		key, rest, found := strings.Cut(line, "=")
		if !found {
			return nil, fmt.Errorf("%s is not of the form key=value", line)
		}
		value, rest := field(rest)
		line = rest
		switch key {
		case "ip":
			e.ClientIP, err = netip.ParseAddr(value)
			if value == "unknown" {
				e.ClientIP, err = netip.Addr{}, nil
			}
		case "early":
			e.SpokeEarly, err = strconv.ParseBool(value)
		case "tls":
			e.TLS = nil
			if value == "true" {
				e.TLS = &tls.ConnectionState{}
			}
		case "smtputf8":
			e.SMTPUTF8, err = strconv.ParseBool(value)
		case "login":
			e.Login = value
		case "helo":
			e.Helo = value
		case "from":
			e.MailFrom = value
		case "to":
			recipients = append(recipients, value)
		case "before":
			e.Recipients, err = strconv.Atoi(value)
		case "broken":
			err = dns.SetFault(value, zone.SERVFAIL)
		default:
			err = fmt.Errorf("there is no key %s", key)
		}
		if err != nil {
			return nil, err
		}
	}
	return recipients, nil
}

// field takes a value off the front of a line: one in Go's quotes, or all up to
// the next blank.
func field(line string) (value, rest string) {
	if quoted, err := strconv.QuotedPrefix(line); err == nil {
		value, _ = strconv.Unquote(quoted)
		return value, line[len(quoted):]
	}
	value, rest, _ = strings.Cut(line, " ")
	return value, rest
}
