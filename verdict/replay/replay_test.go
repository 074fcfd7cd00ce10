package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/replay"
)

const world = `
	9.2.0.192.in-addr.arpa.   PTR    mail.example.net.
	10.2.0.192.in-addr.arpa.  PTR    forged.example.net.
	11.2.0.192.in-addr.arpa.  PTR    192-0-2-11.pool.example.net.
	192-0-2-11.pool.example.net. A   192.0.2.11
	mail.example.net.         A      192.0.2.9
	example.net.              MX     10 mail.example.net.
	                          TXT    "v=spf1 mx include:_spf.example.net exists:%{l}.users.example.net -all"
	_spf.example.net.         TXT    "v=spf1 ip4:192.0.2.11 ?all"
	_dmarc.example.net.       TXT    "v=DMARC1; p=reject"
	carol.users.example.net.  A      127.0.0.2
	alias.example.net.        CNAME  mail.example.net.
	null.example.             MX     0 .
	10.2.0.192.list.example.  A      127.0.0.2
`

// checks are those of the random policies.
func checks() []envelope.Check {
	ours := "example.org"
	list := dnsbl.List{Zone: "list.example"}
	return []envelope.Check{
		client.Authenticated, client.In([]netip.Prefix{netip.MustParsePrefix("192.0.2.11/32")}), client.TLS,
		helo.Syntax, helo.FQDN, helo.Resolves, helo.Matches,
		rdns.Exists, rdns.Confirmed, rdns.NotGeneric, rdns.MatchesHelo, dnsbl.NotListed(list),
		sender.Null, sender.Syntax, sender.Resolves, sender.TakesMail, sender.MXUsable, sender.MXNotAlias, sender.NotOurs(ours),
		recipient.Syntax, recipient.Ours(ours), recipient.Role([]string{ours}), recipient.TakesMail,
		spf.NotFail, spf.Pass, spf.HeloNotFail, spf.Valid,
		message.WellFormed, message.NoLoop, dkim.Signed, dkim.Pass, dmarc.SingleAuthor, dmarc.Pass, dmarc.NotReject,
	}
}

// randomCase is a random judgement.
type randomCase struct {
	policy     verdict.Policy
	envelope   envelope.Envelope
	recipients []string
	dns        *zone.Zone
}

func pick[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

func newCase(random *rand.Rand) randomCase {
	c := randomCase{dns: zone.MustParse(world)}
	all := checks()
	check := func() envelope.Check {
		switch random.IntN(8) {
		case 0:
			return envelope.Any(pick(random, all...), pick(random, all...))
		case 1:
			return envelope.Not(envelope.All(pick(random, all...), pick(random, all...)))
		}
		return pick(random, all...)
	}
	for i := range 1 + random.IntN(10) {
		var rule verdict.Rule
		switch random.IntN(5) {
		case 0:
			rule = verdict.AcceptIf(envelope.All(check(), check()))
		case 1:
			rule = verdict.TempFailUnless(check())
		case 2:
			rule = verdict.MarkIf(check(), fmt.Sprint("mark", i))
		default:
			rule = verdict.RejectUnless(check())
		}
		for random.IntN(3) == 0 {
			if random.IntN(2) == 0 {
				rule = rule.When(check())
			} else {
				rule = rule.Unless(check())
			}
		}
		if random.IntN(4) == 0 {
			rule = rule.Ignoring(envelope.TempError)
		}
		c.policy.Rules = append(c.policy.Rules, rule)
	}
	for range random.IntN(4) {
		name := pick(random, "mail.example.net. A", "mail.example.net. AAAA", "example.net.", "_dmarc.example.net. TXT",
			"9.2.0.192.in-addr.arpa. PTR", "*.list.example.", "null.example. MX", "_spf.example.net. TXT")
		c.dns.Failing(name, pick(random, zone.SERVFAIL, zone.REFUSED, zone.Timeout))
	}
	c.envelope = envelope.Envelope{
		Stage:    pick(random, envelope.Whole, envelope.Whole, envelope.Data, envelope.Rcpt, envelope.Mail, envelope.Helo),
		ClientIP: netip.MustParseAddr(pick(random, "192.0.2.9", "192.0.2.10", "192.0.2.11", "192.0.2.99", "2001:db8::9")),
		Helo:     pick(random, "mail.example.net", "alias.example.net", "nowhere.example", "[192.0.2.9]", "bad name"),
		MailFrom: pick(random, "ann@example.net", "carol@example.net", "x@null.example", "bob@example.org", ""),
		Login:    pick(random, "", "", "ann"),
		Message: envelope.NewMessage([]byte("From: ann@example.net\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n" +
			"Message-ID: <1@example.net>\r\n\r\nhello \xff\r\n")),
	}
	if c.envelope.Stage == envelope.Whole || c.envelope.Stage >= envelope.Rcpt {
		c.recipients = []string{"bob@example.org", "postmaster@example.org", "someone@example.com"}[:1+random.IntN(3)]
	}
	return c
}

// record judges a case, records it, and returns what was read back.
func (c randomCase) record(t *testing.T, j replay.Judged) ([]verdict.Verdict, replay.Record) {
	t.Helper()
	j.Policy, j.Envelope, j.Recipients, j.Answers = c.policy, c.envelope, c.recipients, zone.Record(c.dns)
	if len(c.recipients) == 0 {
		j.Verdicts = []verdict.Verdict{c.policy.Judge(t.Context(), j.Answers, &c.envelope)}
	} else {
		j.Verdicts = c.policy.JudgeEach(t.Context(), j.Answers, &c.envelope, c.recipients...)
	}
	record, err := j.Record()
	if err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(record)
	if err != nil || bytes.Contains(line, []byte("\n")) {
		t.Fatalf("%v: %s", err, line)
	}
	var back replay.Record
	if err := json.Unmarshal(line, &back); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	if again, err := json.Marshal(back); err != nil || !bytes.Equal(again, line) {
		t.Fatalf("%v, written\n%s\nread\n%s", err, line, again)
	}
	return j.Verdicts, back
}

// outcome is what must be the same: everything that a client, a delivery and a log see.
func outcome(v verdict.Verdict) string {
	text := v.Action.String()
	if v.Action != verdict.Continue {
		text = v.String()
	}
	for _, step := range v.Trace {
		text += fmt.Sprintf("\n  %s %v %v", step.Rule, step.Finding.Outcome, step.Action)
	}
	return text
}

func TestARecordGivesTheSameVerdict(t *testing.T) {
	random := rand.New(rand.NewPCG(8601, uint64(time.Now().UnixNano())))
	decided, kinds := map[verdict.Action]int{}, []replay.Judged{
		{}, {WithoutMessage: true}, {ByValue: []string{"spf.pass", "rdns.confirmed", "recipient.ours"}},
	}
	for n := range 1500 {
		c := newCase(random)
		kind := kinds[n%len(kinds)]
		want, record := c.record(t, kind)
		got, err := record.Judge(t.Context(), c.policy)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			decided[want[i].Action]++
			if outcome(got[i]) != outcome(want[i]) {
				t.Fatalf("got\n%s\nwant\n%s\nrecord %+v", got[i].Explain(), want[i].Explain(), record)
			}
		}
	}
	for _, action := range []verdict.Action{verdict.Continue, verdict.Accept, verdict.TempFail, verdict.Reject} {
		if decided[action] < 50 {
			t.Errorf("only %d of %v: the generator tests nothing", decided[action], action)
		}
	}
}

func TestAHashedRecordGivesTheSameDecision(t *testing.T) {
	random := rand.New(rand.NewPCG(7208, uint64(time.Now().UnixNano())))
	for range 1000 {
		c := newCase(random)
		want, record := c.record(t, replay.Judged{Secret: []byte("key")})
		got, err := record.Judge(t.Context(), c.policy)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i].Action != want[i].Action || got[i].Rule != want[i].Rule || got[i].Status != want[i].Status || !slices.Equal(got[i].Marks, want[i].Marks) {
				t.Fatalf("got\n%s\nwant\n%s\nrecord %+v", got[i].Explain(), want[i].Explain(), record)
			}
		}
		line, _ := json.Marshal(record)
		for _, name := range []string{"ann@", "carol", "bob", "postmaster", "someone", "hello"} {
			if bytes.Contains(line, []byte(name)) {
				t.Fatalf("the record has %q:\n%s", name, line)
			}
		}
	}
}

// A store or a directory answers otherwise when it is asked again.
func TestFindingsByValue(t *testing.T) {
	known := true
	listed := recipient.Listed(func(context.Context, envelope.Mailbox) (directory.Answer, error) {
		if known {
			return directory.Known, nil
		}
		return directory.Unknown, nil
	})
	c := randomCase{
		policy:     verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(envelope.All(recipient.Syntax, listed)), verdict.RejectUnless(helo.Syntax)}},
		envelope:   envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.9"), Helo: "mail.example.net", RcptTo: "bob@example.org"},
		recipients: []string{"bob@example.org"},
		dns:        zone.MustParse(world),
	}
	_, plain := c.record(t, replay.Judged{})
	_, byValue := c.record(t, replay.Judged{ByValue: []string{"recipient.listed"}})
	known = false
	other := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(listed)}}
	for _, tc := range []struct {
		name   string
		record replay.Record
		policy verdict.Policy
		want   string
	}{
		{"asked again", plain, c.policy, "reject 550 5.1.1"},
		{"by value", byValue, c.policy, "accept 250 2.0.0"},
		{"by value, not recorded for this check", byValue, other, "tempfail 451 4.3.0 forced by recipient.listed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := tc.record.Judge(t.Context(), tc.policy)
			if err != nil || !strings.HasPrefix(got[0].String(), tc.want) {
				t.Errorf("%v, %v, want %s", got, err, tc.want)
			}
		})
	}
}

// Two checks with one name are told apart by their places in the policy. In another policy
// that is not possible, and if they found different things, neither is taken.
func TestFindingsOfChecksWithOneName(t *testing.T) {
	in := func(network string) envelope.Check { return client.In([]netip.Prefix{netip.MustParsePrefix(network)}) }
	first, second := in("198.51.100.0/24"), in("192.0.2.0/24")
	c := randomCase{
		policy: verdict.Policy{Rules: verdict.Rules{
			verdict.RejectIf(first),
			verdict.RejectUnless(second),
			verdict.MarkIf(second, "inside").Unless(first).When(second),
		}},
		envelope: envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.9"), Helo: "mail.example.net"},
		dns:      zone.MustParse(world),
	}
	want, record := c.record(t, replay.Judged{ByValue: []string{"client.in"}})
	got, err := record.Judge(t.Context(), c.policy)
	if err != nil || got[0].String() != want[0].String() || got[0].Marks[0] != "inside" {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	moved := slices.Concat(verdict.Rules{verdict.RejectUnless(helo.Syntax), verdict.RejectUnless(helo.Syntax)}, c.policy.Rules[1:2])
	moved[0], moved[2] = moved[2], moved[0]
	got, err = record.Judge(t.Context(), verdict.Policy{Rules: append(moved[1:], verdict.RejectUnless(helo.FQDN), moved[0])})
	if err != nil || !strings.HasPrefix(got[0].String(), "tempfail 451 4.3.0 forced by client.in") {
		t.Errorf("in another policy: %v, %v", got, err)
	}
}

// A record has every field of the envelope that a check can use.
func TestTheEnvelopeIsTheSame(t *testing.T) {
	e := envelope.Envelope{
		Stage: envelope.Rcpt, ClientIP: netip.MustParseAddr("192.0.2.9"), SpokeEarly: true, Helo: "h", MailFrom: "a@b.example",
		RcptTo: "c@d.example", Login: "ann", SMTPUTF8: true, Recipients: 3, Relayed: true,
	}
	before := time.Now()
	record, err := replay.Judged{Envelope: e, Verdicts: make([]verdict.Verdict, 1)}.Record()
	if err != nil {
		t.Fatal(err)
	}
	got, err := record.Envelope()
	if err != nil || got.Now.Before(before) || got.Now.After(time.Now()) {
		t.Errorf("%v, recorded at %v", err, got.Now)
	}
	if got.Now = e.Now; got != e {
		t.Errorf("got %+v, want %+v", got, e)
	}
}

// A rule of another policy must not take a question that was not asked for a name that
// does not exist.
func TestAnotherPolicyKnowsNoMore(t *testing.T) {
	for name, check := range map[string]envelope.Check{"another question": rdns.Exists, "no question": helo.Syntax} {
		c := randomCase{
			policy:   verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(check)}},
			envelope: envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.9"), Helo: "mail.example.net"},
			dns:      zone.MustParse(world),
		}
		_, record := c.record(t, replay.Judged{})
		got, err := record.Judge(t.Context(), verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(helo.Resolves)}})
		if err != nil || !strings.HasPrefix(got[0].String(), "tempfail 451 4.4.3 forced by helo.resolves") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestInvalidRecords(t *testing.T) {
	for line, want := range map[string]string{
		`{"client_ip": "x"}`:                                "client_ip",
		`{"zone": "a. A x"}`:                                "zone text",
		`{"zone": "", "faults": {"a. A": "x"}}`:             "fault",
		`{"zone": "", "asked": ["a. A b"]}`:                 "question",
		`{"by_value": ["helo.syntax"], "now": "yesterday"}`: "now",
	} {
		var record replay.Record
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if _, err := record.Judge(t.Context(), verdict.Policy{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", line, err)
		}
	}
	if _, err := (replay.Judged{Recipients: []string{"a", "b"}}).Record(); err == nil {
		t.Error("recorded without verdicts")
	}
}

// A record may come from a stranger's bug report.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		`{"client_ip":"192.0.2.9","helo":"mail.example.net","rcpt_to":["bob@example.org"],"zone":"mail.example.net. A 192.0.2.9\n","asked":["mail.example.net. A"],"faults":{"a. TXT":"nxdomain"}}`,
		`{"no_message":true,"hashed":true,"by_value":["helo.syntax"],"findings":[{"rule":1,"check":"helo.syntax","outcome":"fail","status":"550 5.7.1"},{"rule":-1,"part":9,"check":"helo.resolves","outcome":"x","status":"999 9.99999.1","awaits":"y"}]}`,
		`{"stage":"data","relayed":true,"recipients":-1,"message_base64":"YQ=="}`,
	} {
		f.Add(seed)
	}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(envelope.All(client.Authenticated, recipient.Ours("example.org"))),
		verdict.RejectUnless(helo.Syntax).When(helo.Resolves),
		verdict.RejectUnless(spf.NotFail),
		verdict.MarkUnless(dmarc.Pass, "unproven"),
	}}
	f.Fuzz(func(t *testing.T, line string) {
		var record replay.Record
		if json.Unmarshal([]byte(line), &record) != nil {
			return
		}
		verdicts, err := record.Judge(t.Context(), policy)
		if err == nil && len(verdicts) != max(1, len(record.RcptTo)) {
			t.Errorf("%d verdicts", len(verdicts))
		}
		for _, v := range verdicts {
			if v.Err() != nil && v.Status.Class() < 4 {
				t.Errorf("a refusal has the status %v", v.Status)
			}
		}
	})
}
