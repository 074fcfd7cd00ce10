package policies_test

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/greylist"
	"mxrules.example/greylist/identity"
	"mxrules.example/verdict"
)

var update = flag.Bool("update", false, "write the golden tables")

// row is one case of a golden table: its name, the changes to the envelope, and the
// expected lines.
//
//	an attempt to relay
//	  to=ann@example.com
//	  = reject by recipient.ours, asked nothing
//	  = 554 5.7.1 ...
//
// The changes apply to the good envelope of the table. A value with blanks or quotes
// is quoted as in Go. Each recipient is judged. broken= makes a DNS question fail. With
// greylist=new the store of greylisting is empty, with greylist=2m the same mail was
// tried two minutes before, and with greylist=broken the store fails.
type row struct {
	name    string
	changes []string
	want    []string
}

// TestGolden compares each policy with its table. The tables describe what the
// policies do.
func TestGolden(t *testing.T) {
	total := 0
	for _, table := range []struct {
		name string
		make maker
		good envelope.Envelope
	}{
		{"standard", policies.Standard, good()},
		{"strict", policies.Strict, good()},
		{"submission", policies.Submission, submitted()},
	} {
		file := "testdata/" + table.name + ".txt"
		head, rows := readTable(t, file)
		total += len(rows)
		var written strings.Builder
		written.WriteString(head)
		for _, row := range rows {
			t.Run(table.name+"/"+row.name, func(t *testing.T) {
				got := judge(t, table.make, table.good, row.changes)
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

// readTable reads a table: the text before its first row, and its rows.
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

// scene is what a row describes: an envelope, its recipients, DNS, and greylisting.
type scene struct {
	envelope   envelope.Envelope
	recipients []string
	dns        *zone.Zone
	broken     bool           // DNS questions fail
	greylist   greylist.Store // nil without greylisting
	tried      time.Duration  // since the first try of the mail, 0 without one
}

// judge returns the lines of a table for an envelope with changes.
func judge(t *testing.T, make maker, e envelope.Envelope, changes []string) (lines []string) {
	t.Helper()
	s := scene{envelope: e, recipients: []string{e.RcptTo}, dns: world(t)}
	for _, change := range changes {
		if err := s.apply(change); err != nil {
			t.Fatalf("%s: %v", change, err)
		}
	}
	place := site(t)
	if s.greylist != nil {
		place.Greylist = greylist.Known(s.greylist, greylist.Options{Identity: identity.Of})
	}
	policy := made(t, make, place)
	for _, recipient := range s.recipients {
		e := s.envelope
		e.RcptTo = recipient
		if s.tried > 0 {
			before := e
			before.Now = e.Now.Add(-s.tried)
			policy.Judge(t.Context(), s.dns, &before)
		}
		s.dns.Forget()
		v := policy.Judge(t.Context(), s.dns, &e)
		questions := s.dns.Asked()
		asked := questions.Types()
		if asked == "" {
			asked = "nothing"
		}
		lines = append(lines, "= "+outcome(v)+", asked "+asked)
		if v.Err() != nil {
			lines = append(lines, "= "+v.Err().Error())
		}
		s.early(t, policy, e, v)
		s.faulty(t, policy, e, v, questions)
	}
	return lines
}

// faulty tests that the failure of one DNS question defers or changes nothing. Strict
// ignores failures of DNS lists.
func (s *scene) faulty(t *testing.T, policy verdict.Policy, e envelope.Envelope, want verdict.Verdict, questions zone.Questions) {
	t.Helper()
	if s.broken || s.greylist != nil {
		return
	}
	for _, q := range questions {
		if strings.Contains(q, ".list.example. ") {
			continue
		}
		s.dns.Failing(q, zone.SERVFAIL)
		if v := policy.Judge(t.Context(), s.dns, &e); v.Action != want.Action && v.Action != verdict.TempFail {
			t.Errorf("without an answer to %s: %s, and with it %s", q, outcome(v), outcome(want))
		}
		s.dns.Healing(q)
	}
}

// early tests that judging at each stage gives the verdict of the whole envelope, at
// the latest at RCPT, or at DATA if a rule depends on the message: greylisting does for
// the null sender, and Submission does for the author.
func (s *scene) early(t *testing.T, policy verdict.Policy, e envelope.Envelope, want verdict.Verdict) {
	t.Helper()
	if e.Stage != envelope.Whole {
		return
	}
	last := envelope.Rcpt
	if s.greylist != nil && e.MailFrom == "" || e.Message != nil {
		last = envelope.Data
	}
	for stage := envelope.Connect; stage <= last; stage++ {
		e.Stage = stage
		if stage == envelope.Data && e.Message == nil {
			e.Message = envelope.NewMessage(nil)
		}
		if v := policy.Judge(t.Context(), s.dns, &e); v.Action != verdict.Continue {
			if v.Action != want.Action || v.Rule != want.Rule {
				t.Errorf("at %s: %s, and at the end %s", stage, outcome(v), outcome(want))
			}
			return
		}
	}
	t.Errorf("at %s: still continue", last)
}

// outcome returns the action, rule, marks and undecided marks of a verdict.
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
	if len(v.Undecided) > 0 {
		text += ", undecided " + strings.Join(v.Undecided, " ")
	}
	return text
}

// apply applies the changes of one line.
func (s *scene) apply(line string) (err error) {
	e, recipients := &s.envelope, []string(nil)
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		key, rest, found := strings.Cut(line, "=")
		if !found {
			return fmt.Errorf("%s is not of the form key=value", line)
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
			s.recipients = recipients
		case "author":
			e.Message = by(value)
		case "before":
			e.Recipients, err = strconv.Atoi(value)
		case "stage":
			err = e.Stage.UnmarshalText([]byte(value))
		case "broken":
			s.broken, err = true, s.dns.SetFault(value, zone.SERVFAIL)
		case "greylist":
			err = s.setGreylist(value)
		default:
			err = fmt.Errorf("unknown key %s", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) setGreylist(value string) (err error) {
	s.greylist, s.envelope.Now = new(greylist.Memory), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	switch value {
	case "new":
	case "broken":
		s.greylist = brokenStore{}
	default:
		s.tried, err = time.ParseDuration(value)
	}
	return err
}

// brokenStore is a store that fails.
type brokenStore struct{}

var errDown = errors.New("the store is down")

func (brokenStore) Get(context.Context, greylist.Key) (greylist.Record, error) {
	return greylist.Record{}, errDown
}

func (brokenStore) Touch(context.Context, greylist.Key, greylist.Sighting) (greylist.Record, error) {
	return greylist.Record{}, errDown
}

// field splits a line after its first value, which is quoted as in Go or ends before
// a blank.
func field(line string) (value, rest string) {
	if quoted, err := strconv.QuotedPrefix(line); err == nil {
		value, _ = strconv.Unquote(quoted)
		return value, line[len(quoted):]
	}
	value, rest, _ = strings.Cut(line, " ")
	return value, rest
}
