package play

import (
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
)

// silent is a conversation without the replies.
const silent = `policy p
scenario s
connect 192.0.2.9
C: EHLO a.example
C: MAIL FROM:<>
C: RCPT TO:<b@example.org>
rule none
C: RCPT TO:<a@example.org>
C: DATA
data
  From: a

  # not a comment
C: QUIT
`

// An update writes the replies that no line reads, each after its command.
func TestWritesRepliesThatNoLineReads(t *testing.T) {
	const want = `policy p
scenario s
connect 192.0.2.9
S: 220
C: EHLO a.example
S: 250
C: MAIL FROM:<>
S: 250
C: RCPT TO:<b@example.org>
S: 550-5.7.1 the recipient b@example.org is not in the list of recipients
S: 550 5.7.1 see https://example.org/who
rule recipient.in
C: RCPT TO:<a@example.org>
S: 250
C: DATA
S: 354
data
  From: a

  # not a comment
S: 250
C: QUIT
S: 221
`
	got := updated(t, silent, policies)
	if got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	if result := outcomeOf(t, got); result != "" {
		t.Errorf("what was written fails:\n%s", result)
	}
}

// The replies of pipelined commands stay together.
func TestWritesRepliesAfterThoseBefore(t *testing.T) {
	const head = "policy p q\nscenario s\nconnect 192.0.2.9\nS: 220\nC: HELO a\nC: NOOP\nC: RSET\nS: 250\n"
	if got, want := updated(t, head+"C: QUIT\nS: 221\n", policies), head+"C: QUIT\nS: 250\nS: 250\nS: 221\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// An update keeps the form of a reply, and writes no reply that did not come.
func TestUpdateKeepsTheForm(t *testing.T) {
	const head = "policy p\nscenario s\nconnect 192.0.2.9\nS: 220\nC: HELO a\nS: 250\nC: MAIL FROM:<>\nS: 250\nC: RCPT TO:<b@example.com>\n"
	for _, tc := range []struct{ was, want string }{
		{"S: 250", "S: 554"},
		{"S: 550 5.7.1", "S: 554 5.7.1"},
		{"S: 550 5.7.1 relay...", "S: 554 5.7.1 the..."},
		{"S: 550 relay access denied", "S: 554 5.7.1 the recipient b@example.com is in no domain of this site; relay access denied; users with an account here should log in (port 465 or 587)"},
		{"S: 554\nS: 250", "S: 554\nS: 250"},
	} {
		if got := strings.TrimPrefix(updated(t, head+tc.was+"\n", policies), head); got != tc.want+"\n" {
			t.Errorf("%s: got %s, want %s", tc.was, got, tc.want)
		}
	}
}

// The reason of a reply is given once, and what follows a wrong reply is counted.
func TestReportsTheFirstWrongReply(t *testing.T) {
	const text = "policy p\nscenario s\nconnect 192.0.2.9\nS: 220\nC: HELO a\nS: 250\nC: MAIL FROM:<>\nS: 250\nC: RCPT TO:<b@example.org>\nS: 250\nrule none\nstore 1\nC: DATA\nS: 354\ndata\n  From: a\nS: 250\n"
	fsys := fstest.MapFS{"a.scenario": &fstest.MapFile{Data: []byte(text)}}
	f, err := parseFile(fsys, "a.scenario")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	synctest.Test(t, func(t *testing.T) {
		found, err := f.each()[0].play(t.Context(), inBubble(fsys, policies))
		if err != nil {
			t.Fatal(err)
		}
		texts = report(found)
	})
	all := strings.Join(texts, "\n")
	if len(texts) != 4 || strings.Count(all, "the policy (") != 1 || !strings.Contains(texts[1], "want  rule none") ||
		texts[3] != `mismatches after the reply to "RCPT TO:<b@example.org>", which may be its consequence: 4` {
		t.Errorf("got %d texts:\n%s", len(texts), all)
	}
}

// What no line reads is judged to its end before it is counted.
func TestCountsRepliesThatNoLineReads(t *testing.T) {
	c, err := Measure(t.Context(), fstest.MapFS{"a.scenario": &fstest.MapFile{Data: []byte(silent)}}, policies)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Policies[0].Rules[1].Counts(), "rejects 1, passed by 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A reply that takes time is read too.
func TestReadsDelayedReplies(t *testing.T) {
	const head = "policy two\ndelay 1m 9.2.0.192.in-addr.arpa.\nscenario s\nconnect 192.0.2.9\nS: 220\nC: HELO a\nS: 250\nC: MAIL FROM:<>\nS: 250\nC: RCPT TO:<b@example.org>\n"
	if got, want := strings.TrimPrefix(updated(t, head, policies), head), "S: 550 5.7.25 "; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}
