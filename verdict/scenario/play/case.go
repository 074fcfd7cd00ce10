package play

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/verdict"
)

// trial is what a case describes: an envelope and its recipients.
type trial struct {
	*world
	at         *entry
	envelope   envelope.Envelope
	recipients []string
	tried      []time.Duration // since earlier tries of the mail
	faulty     bool            // something is broken
	octets     string          // of the message
}

// judgeCase judges a case, and returns what differs from its expectations.
func (p *player) judgeCase(s *scene) error {
	policy, err := p.make(p.site)
	if err != nil {
		return s.wrap(err)
	}
	t := &trial{world: p.world, at: &s.entry}
	t.envelope.Now = p.clock
	want, fields := s.wanted(s.policy)
	for _, line := range slices.Concat([]string{p.good}, fields, []string{p.always[s.policy]}) {
		if err := t.apply(line); err != nil {
			return err
		}
	}
	if err := s.repliesCount(want); err != nil {
		return err
	}
	if len(t.recipients) == 0 {
		return s.fault("the case has no recipient (to=), so that nothing is judged")
	}
	var seen []string
	for _, to := range t.recipients {
		e := t.envelope
		e.RcptTo = to
		lines, about, err := p.judgeEnvelope(t, policy, e, s.once)
		if err != nil {
			return err
		}
		seen, p.last.Verdict = append(seen, lines...), about
	}
	if s.once {
		want = slices.DeleteFunc(want, func(line string) bool { return strings.HasPrefix(line, but) })
	}
	if s.brief() {
		seen = shorten(seen)
	}
	if !agree(want, seen) {
		*p.found = append(*p.found, mismatch{at: s.entry, scene: s, seen: seen, want: want, about: p.last.Verdict})
	}
	return nil
}

// judgeEnvelope judges an envelope as a whole and, unless once is set, stage by stage and
// with each of its questions to DNS broken. It returns the lines of the verdict.
func (p *player) judgeEnvelope(t *trial, policy verdict.Policy, e envelope.Envelope, once bool) (lines []string, v verdict.Verdict, err error) {
	t.try(p, policy, e)
	p.noteHits()
	p.forget()
	v = policy.Judge(p.ctx, p.zone, &e)
	p.noteHits()
	if p.watch != nil {
		p.watch(policy, v)
	}
	asked := p.zone.Asked()
	lines = append(lines, summary(&v)+questions+orNone(asked.Types()))
	if refusal := v.Err(); refusal != nil {
		lines = append(lines, refusal.Error())
	}
	if once {
		return lines, v, nil
	}
	kept := p.store
	lines = append(lines, slices.Concat(p.early(t, policy, e, &v), p.faults(t, policy, e, &v, asked))...)
	p.store = kept
	return lines, v, nil
}

// forget empties the log of questions.
func (w *world) forget() {
	w.zone.Forget()
	for _, f := range w.faults {
		f.before = w.failures(f.what)
	}
}

// try judges the earlier tries of a mail, the first one first.
func (t *trial) try(p *player, policy verdict.Policy, e envelope.Envelope) {
	e.Stage = envelope.Whole
	for _, ago := range slices.Backward(slices.Sorted(slices.Values(t.tried))) {
		t.renew(&e)
		e.Now = t.envelope.Now.Add(-ago)
		policy.Judge(p.ctx, p.zone, &e)
	}
}

// renew gives an envelope a message of its own: a message is counted once.
func (t *trial) renew(e *envelope.Envelope) {
	if e.Message != nil {
		e.Message = envelope.NewMessage([]byte(t.octets))
	}
}

// again empties the store, and returns the envelope for another judgement, which does not
// see what the last one wrote.
func (p *player) again(t *trial, policy verdict.Policy, e envelope.Envelope) envelope.Envelope {
	p.store = new(greylist.Memory)
	t.try(p, policy, e)
	t.renew(&e)
	return e
}

// but begins the lines about a violation of the law.
const but = "but "

// afterOthers reports whether the judgement depends on what those of other recipients
// wrote.
func (p *player) afterOthers(t *trial) bool { return len(t.recipients) > 1 && p.store.Len() > 0 }

// early returns the stages at which judging the envelope gives another verdict than
// judging it as a whole, also if a gateway relays it. By the law there are none.
func (p *player) early(t *trial, policy verdict.Policy, e envelope.Envelope, want *verdict.Verdict) (lines []string) {
	if e.Stage != envelope.Whole || p.afterOthers(t) {
		return nil
	}
	for _, from := range []func(envelope.Envelope) envelope.Envelope{direct, relayed} {
		if line := p.staged(policy, from(p.again(t, policy, e)), want); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// direct returns an envelope as it is if no gateway relays it.
func direct(e envelope.Envelope) envelope.Envelope { return e }

// relayed returns an envelope as it is before the message if a gateway relays it.
func relayed(e envelope.Envelope) envelope.Envelope {
	e.Relayed, e.ClientIP, e.Helo = true, netip.IPv4Unspecified(), "gateway"
	e.SpokeEarly, e.TLS, e.Login = false, nil, ""
	return e
}

// staged judges an envelope stage by stage. It returns a line about the first verdict if
// that is not the wanted one.
func (p *player) staged(policy verdict.Policy, e envelope.Envelope, want *verdict.Verdict) string {
	for stage := envelope.Connect; stage <= envelope.Data; stage++ {
		e.Stage = stage
		if stage == envelope.Data && (e.Message == nil || e.Relayed) { // with the message no mail is relayed
			return ""
		}
		v := policy.Judge(p.ctx, p.zone, &e)
		switch {
		case v.Action == verdict.Continue:
		case v.Action == want.Action && (e.Relayed || v.Action != verdict.Accept || summary(&v) == summary(want)):
			return "" // while rules wait, a later one may be the first to refuse
		case e.Relayed:
			return fmt.Sprintf(but+"relayed, at %s: %s", stage, summary(&v))
		default:
			return fmt.Sprintf(but+"at %s: %s", stage, summary(&v))
		}
	}
	return ""
}

// faults returns the questions whose failure changes the verdict to anything but a
// tempfail, unless a rule that asked one says what its failure means.
func (p *player) faults(t *trial, policy verdict.Policy, e envelope.Envelope, want *verdict.Verdict, asked zone.Questions) (lines []string) {
	if t.faulty || p.recorded || p.afterOthers(t) {
		return nil
	}
	for _, q := range asked {
		again := p.again(t, policy, e)
		if p.zone.SetFault(q, "servfail") != nil {
			continue
		}
		v := policy.Judge(p.ctx, p.zone, &again)
		p.zone.Healing(q)
		waits := v.Action == verdict.Continue && e.Stage != envelope.Whole
		if v.Action != want.Action && v.Action != verdict.TempFail && !waits && !takesFailures(policy, &v) {
			lines = append(lines, fmt.Sprintf(but+"without an answer to %s: %s", q, summary(&v)))
		}
	}
	return lines
}

// takesFailures reports whether a rule with a TempError has an action for that.
func takesFailures(policy verdict.Policy, v *verdict.Verdict) bool {
	return slices.ContainsFunc(v.Trace, func(s verdict.Step) bool {
		return policy.Rules[s.Place()].Action(envelope.TempError) != 0 && failed(&s)
	})
}

// failed reports whether the check or a condition of a step failed.
func failed(s *verdict.Step) bool {
	return slices.ContainsFunc(append([]envelope.Finding{s.Finding}, s.Conditions...), func(f envelope.Finding) bool {
		return f.Outcome == envelope.TempError
	})
}

// summary returns the action, rule, marks and undecided marks of a verdict.
func summary(v *verdict.Verdict) string {
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
func (t *trial) apply(line string) (err error) {
	e, recipients, tried := &t.envelope, []string(nil), []time.Duration(nil)
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		key, rest, found := strings.Cut(line, "=")
		if !found {
			return t.at.fault("%q is not of the form key=value", envelope.Excerpt(line))
		}
		var value string
		value, line = field(rest)
		switch key {
		case "ip":
			if e.ClientIP, err = netip.ParseAddr(value); value == "unknown" {
				err = nil
			}
		case "early":
			e.SpokeEarly, err = strconv.ParseBool(value)
		case "tls":
			if e.TLS = nil; value == "true" {
				e.TLS = encrypted()
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
			t.recipients = recipients
		case "message":
			err = t.setMessage(value)
		case "octets":
			t.setOctets(value)
		case "author":
			t.setOctets("From: " + value + "\r\nDate: " + t.clock.Format(time.RFC1123Z) + "\r\n\r\n")
		case "before":
			e.Recipients, err = strconv.Atoi(value)
		case "stage":
			err = e.Stage.UnmarshalText([]byte(value))
		case "broken":
			t.faulty = true
			err = t.begin(&entry{file: t.at.file, number: t.at.number, word: key, rest: brokenRest(value)})
		case "tried":
			var ago time.Duration
			ago, err = time.ParseDuration(value)
			if ago > 0 { // 0 is no try
				tried = append(tried, ago)
			}
			t.tried = tried
		default:
			return t.at.fault("the key %q is unknown", envelope.Excerpt(key))
		}
		if err != nil {
			return t.at.wrap(err)
		}
	}
	return nil
}

// brokenRest returns the rest of a line fault for a value of broken.
func brokenRest(value string) string {
	if rest, unasked := cutUnasked(value); unasked {
		return "unasked " + brokenRest(rest)
	}
	if slices.Contains(lookups, value) || !strings.Contains(value, ".") {
		return value
	}
	return "servfail " + value
}

// setMessage takes the message of a line data.
func (t *trial) setMessage(value string) error {
	text, err := t.message(&entry{file: t.at.file, number: t.at.number, rest: value})
	if err == nil {
		t.setOctets(text)
	}
	return err
}

func (t *trial) setOctets(message string) {
	t.octets, t.envelope.Message = message, envelope.NewMessage([]byte(message))
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
