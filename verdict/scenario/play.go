package scenario

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// player plays one scenario: it is the client of all its connections.
type player struct {
	*world
	ctx     context.Context
	dial    Dial
	make    func(Site) (verdict.Policy, error)
	began   time.Time
	real    bool         // time passes as outside, and wait skips it
	skipped atomic.Int64 // by wait, in nanoseconds
	servers map[string]verdict.Policy
	open    []*connection
	current *connection
	last    verdict.Event // of the last reply, zero if the policy had no part in it
	asked   int           // questions before the last line asked
	found   *[]mismatch
	watch   watcher
}

// now is the time of the scenario.
func (p *player) now() time.Time {
	return p.clock.Add(time.Since(p.began) + time.Duration(p.skipped.Load()))
}

// play plays the lines of a scenario. The error is one of the file; what differs from
// the expectations is in p.found.
func (p *player) play(entries []entry) error {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	p.ctx = ctx
	defer func() {
		for _, c := range p.open {
			c.Close()
		}
	}()
	for i := 0; i < len(entries); {
		n, err := p.step(entries[i:])
		if err != nil {
			return err
		}
		i += n
	}
	return nil
}

// step plays the first of the lines, and returns how many belong to it.
func (p *player) step(entries []entry) (n int, err error) {
	e := &entries[0]
	if _, isHead := headWords[e.word]; isHead && e.word != "fault" {
		return 1, nil // in the world
	}
	switch e.word {
	case "connect":
		return 1, p.connect(e)
	case "client":
		return 1, p.switchTo(e)
	case "wait":
		return 1, p.wait(e)
	case "fault", "heal":
		return 1, p.setFault(e, e.word == "fault")
	case "store":
		p.compare(e, strconv.Itoa(p.store.Len()))
		return 1, nil
	}
	if p.current == nil {
		return 0, e.fault("%s needs a connection", e.word)
	}
	switch e.word {
	case "C:":
		verb, _, _ := strings.Cut(e.rest, " ")
		err := p.current.send(verb, e.rest+"\r\n")
		p.current.sent = e.rest
		return 1, e.wrap(err)
	case "data":
		return 1, p.data(e)
	case "octets":
		return 1, p.octets(e)
	case "close":
		return 1, p.current.Close()
	case "S:":
		return p.expectReply(entries)
	}
	return 1, p.expectVerdict(e)
}

// connect opens a connection.
func (p *player) connect(e *entry) error {
	fields := strings.Fields(e.rest)
	if len(fields) == 0 {
		return e.fault("connect needs an address")
	}
	ip, err := netip.ParseAddr(fields[0])
	if err != nil {
		return e.fault("the address %q is invalid", envelope.Excerpt(fields[0]))
	}
	c := &connection{lines: make(chan string, maxUnread), commands: []string{"CONNECT"}, sent: e.word + " " + e.rest}
	s := Server{Resolver: p.zone, Now: p.now, Client: ip}
	for rest := fields[1:]; len(rest) > 0; rest = rest[1:] {
		switch rest[0] {
		case "early":
			s.SpokeEarly = true
			continue
		case "tls":
			s.TLS = true
			continue
		case "lmtp":
			s.LMTP = true
			continue
		}
		if len(rest) < 2 {
			return e.fault("%q is not one of early, tls, lmtp, or a word with a value", envelope.Excerpt(rest[0]))
		}
		switch rest[0] {
		case "as":
			c.name = rest[1]
		case "to":
			s.Name = rest[1]
		case "login":
			s.Login = rest[1]
		default:
			return e.fault("%q is not one of early, tls, lmtp, as, to, login", envelope.Excerpt(rest[0]))
		}
		rest = rest[1:]
	}
	if s.Policy, err = p.server(s.Name); err != nil {
		return e.wrap(err)
	}
	s.Report = p.reporter(c, s.Policy)
	if c.Conn, err = p.dial(p.ctx, s); err != nil {
		return e.wrap(err)
	}
	p.open, p.current = append(p.open, c), c
	go c.read(p.ctx)
	return nil
}

// server returns the policy of a server, which is made once.
func (p *player) server(name string) (verdict.Policy, error) {
	policy, ok := p.servers[name]
	if ok {
		return policy, nil
	}
	policy, err := p.make(p.site)
	if err == nil {
		p.servers[name] = policy
	}
	return policy, err
}

// watcher is given each verdict of a policy. It may be called concurrently.
type watcher func(verdict.Policy, verdict.Verdict)

// reporter returns the Report of a server.
func (p *player) reporter(c *connection, policy verdict.Policy) func(context.Context, verdict.Event) {
	return func(ctx context.Context, event verdict.Event) {
		c.report(ctx, event)
		if p.watch == nil || event.Verdict.Action == 0 {
			return
		}
		if len(event.Recipients) == 0 {
			p.watch(policy, event.Verdict)
		}
		for _, r := range event.Recipients {
			p.watch(policy, r.Verdict)
		}
	}
}

func (p *player) switchTo(e *entry) error {
	i := slices.IndexFunc(p.open, func(c *connection) bool { return c.name == e.rest })
	if i < 0 {
		return e.fault("there is no connection as %q", envelope.Excerpt(e.rest))
	}
	p.current = p.open[i]
	return nil
}

// wait lets time pass.
func (p *player) wait(e *entry) error {
	d, err := time.ParseDuration(e.rest)
	if err != nil || d < 0 {
		return e.fault("%q is not a duration, such as 5m", envelope.Excerpt(e.rest))
	}
	if p.real { // nothing waits for a network
		p.skipped.Add(int64(d))
	} else {
		time.Sleep(d)
	}
	return nil
}

// data sends a message with its end: the indented lines, or a message of the head.
func (p *player) data(e *entry) error {
	message, err := p.message(e)
	if err != nil {
		return err
	}
	stuffed := strings.ReplaceAll("\r\n"+message, "\r\n.", "\r\n..")[len("\r\n"):]
	if !strings.HasSuffix(stuffed, "\r\n") && stuffed != "" {
		stuffed += "\r\n"
	}
	err = p.current.send("DATA", stuffed+".\r\n")
	p.current.sent = "the message"
	return e.wrap(err)
}

// message returns the message of a line: data [NAME] [signed DOMAIN SELECTOR]...
func (w *world) message(e *entry) (string, error) {
	name, signed, isSigned := strings.Cut(" "+e.rest, " signed ")
	name = strings.TrimSpace(name)
	message := crlf(e.block)
	switch {
	case name != "" && len(e.block) > 0:
		return "", e.fault("data has a name and lines")
	case name != "":
		var ok bool
		if message, ok = w.messages[name]; !ok {
			return "", e.fault("there is no message %q", envelope.Excerpt(name))
		}
	}
	if !isSigned {
		return message, nil
	}
	var err error
	for by := range strings.SplitSeq(signed, " signed ") {
		if message, err = w.sign(e, message, strings.TrimSpace(by)); err != nil {
			return "", err
		}
	}
	return message, nil
}

// sign returns the message with a DKIM signature by the key of a domain and a selector.
func (w *world) sign(e *entry, message, by string) (string, error) {
	fields := strings.Fields(by)
	key, ok := w.keys[strings.Join(fields, " ")]
	if !ok {
		return "", e.fault("there is no key %q", envelope.Excerpt(by))
	}
	var signed bytes.Buffer
	err := dkim.Sign(&signed, strings.NewReader(message), &dkim.SignOptions{
		Domain: fields[0], Selector: fields[1], Signer: key,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return "", e.fault("the message can't be signed: %v", err)
	}
	return signed.String(), nil
}

// octets sends what is quoted as in Go, as it is.
func (p *player) octets(e *entry) error {
	text, err := strconv.Unquote(e.rest)
	if err != nil {
		return e.fault("%q is not quoted as in Go", envelope.Excerpt(e.rest))
	}
	err = p.current.send("DATA", text)
	p.current.sent = "the octets"
	return e.wrap(err)
}

func encrypted() *tls.ConnectionState { return &tls.ConnectionState{HandshakeComplete: true} }

// expectReply reads a reply and compares it with these lines.
func (p *player) expectReply(entries []entry) (n int, err error) {
	for n < len(entries) && entries[n].word == "S:" {
		n++
		if len(entries[n-1].rest) < 4 || entries[n-1].rest[3] != '-' {
			break
		}
	}
	limit := patience
	if p.real {
		limit = realPatience
	}
	seen, err := p.current.reply(limit)
	if err != nil {
		seen = append(seen, fmt.Sprintf("(%v)", err))
	}
	p.last = p.current.reported()
	want := make([]string, n)
	for i := range want {
		want[i] = entries[i].rest
	}
	if !matches(want, seen) {
		*p.found = append(*p.found, mismatch{at: entries[0], want: want, seen: seen, about: p.last.Verdict, sent: p.current.sent})
	}
	return n, nil
}

// matches reports whether a reply is the one expected. Of one expected line a code, or
// both codes, or a prefix that ends with "..." is enough.
func matches(want, seen []string) bool {
	if len(want) == 1 && len(seen) > 0 {
		prefix, isPrefix := strings.CutSuffix(want[0], "...")
		first := seen[0]
		if len(seen) > 1 {
			first = first[:3] + " " + first[4:]
		}
		if isPrefix {
			return strings.HasPrefix(first, prefix)
		}
		if fields := strings.Fields(want[0]); len(fields) == 1 || len(fields) == 2 && isEnhanced(fields[1]) {
			return first == want[0] || strings.HasPrefix(first, want[0]+" ")
		}
	}
	return slices.Equal(want, seen)
}

// isEnhanced reports whether a word is an enhanced status code.
func isEnhanced(word string) bool {
	return len(word) >= 5 && word[1] == '.' && strings.Count(word, ".") == 2 && strings.Trim(word, "0123456789.") == ""
}

// expectVerdict compares what the policy found for the last reply.
func (p *player) expectVerdict(e *entry) error {
	v := &p.last.Verdict
	switch e.word {
	case "rule":
		p.compare(e, orNone(v.Rule))
	case "marks":
		p.compare(e, orNone(strings.Join(v.Marks, " ")))
	case "undecided":
		p.compare(e, orNone(strings.Join(v.Undecided, " ")))
	case "asked":
		p.compare(e, orNone(p.newQuestions()))
	case "finding":
		check, _, _ := strings.Cut(e.rest, " ")
		p.compare(e, finding(v, check))
	default:
		return e.fault("the word %q is unknown", envelope.Excerpt(e.word))
	}
	return nil
}

// newQuestions returns the types of the questions since the last call, in order of the
// alphabet: some are asked concurrently.
func (p *player) newQuestions() string {
	all := p.zone.Asked()
	types := strings.Fields(all[p.asked:].Types())
	p.asked = len(all)
	slices.Sort(types)
	return strings.Join(types, " ")
}

// orNone returns the word for nothing if text is "".
func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// finding returns a check with its outcome in the trace of a verdict.
func finding(v *verdict.Verdict, check string) string {
	for _, step := range v.Trace {
		for _, f := range append(slices.Clone(step.Conditions), step.Finding) {
			if f.Check == check {
				return check + " " + f.Outcome.String()
			}
		}
	}
	return check + " not asked"
}

// compare compares an expectation of one line.
func (p *player) compare(e *entry, seen string) {
	if seen == e.rest {
		return
	}
	m := mismatch{at: *e, want: []string{e.rest}, seen: []string{seen}, about: p.last.Verdict}
	if p.current != nil {
		m.sent = p.current.sent
	}
	*p.found = append(*p.found, m)
}
