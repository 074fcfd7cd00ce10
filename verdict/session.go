package verdict

import (
	"context"
	"maps"
	"sync"
	"time"

	"mxrules.example/envelope"
)

// Connection describes the connection that a [Session] judges.
type Connection struct {
	// Policy says what is accepted.
	Policy Policy
	// Resolver is asked by the checks of the policy. nil fails every question.
	Resolver envelope.Resolver
	// Behind returns the envelope of mail that a gateway of the site relays with the
	// gateway's client in place of the gateway, as Gateways.Behind of package
	// envelope/client does. nil means that no client is a gateway.
	//
	// It is called at Connect, Helo and Mail, and once for the message, without a
	// recipient. While the client is not known, Behind sets Relayed: checks on the
	// client then wait for the message, and checks on the sender and the recipient do
	// not. Only the fields about the client are taken from the result. If Behind
	// fails, the reply is 451 4.3.0, for a message to every recipient. The error is in
	// the verdict, and the peer does not see it. With Header, Behind is called once
	// more while the body arrives: it must read the header only.
	//
	// A server that learns the client by the PROXY protocol or by XCLIENT needs no
	// Behind: it writes the client into the envelope at every stage.
	Behind func(envelope.Envelope) (envelope.Envelope, error)
	// Report is called for each reply, after it was decided and before the method
	// that decided it returns. nil reports nothing. Its context ends with the session,
	// and shares with the checks of the transaction what they computed, such as an SPF
	// result (envelope.Once).
	Report func(ctx context.Context, event Event)
}

// Session judges one SMTP connection (RFC 5321, section 3) command by command.
//
// A server calls a method for each command and sends the [Reply] that it returns:
//
//	session := verdict.NewSession(ctx, verdict.Connection{Policy: policy, Resolver: resolver})
//	defer session.Close()
//	reply := session.Connect(e)      // in place of the banner
//	reply = session.Helo(e)
//	reply = session.Mail(e, nil)     // begins a transaction
//	reply = session.Rcpt(e, nil)     // once for each recipient
//	reply = session.Data(message, deliver)
//
// The envelope holds what the server knows, and only the fields of the command's
// stage are read: those of the message and of the recipient are not needed for
// Mail, for instance. A success of Connect and Helo only means that the server may
// send its banner, and its reply to HELO or EHLO. The last argument of Mail, Rcpt and Data is what the server
// does if the policy lets the command through; its error becomes the reply. If it
// panics, the reply is reported as 421, and the server must close the connection.
//
// A session keeps each finding until a field that the finding depends on changes.
// At each stage it starts the lookups that later stages need, and waits for them
// only where the reply depends on them. With Header, those for a message start while
// its body arrives. No failure and no finding from MAIL on
// outlives its transaction.
//
// SMTP has one reply to the message. A recipient who is accepted for good and one
// who depends on the message can therefore not share a transaction: Rcpt answers
// the second with 452 4.5.3 (RFC 5321, section 4.5.3.1.10), and the client comes
// again. Data answers with the least favourable verdict of all recipients, and
// delivers only if all accept. LMTP (RFC 2033) has a reply for each recipient: a
// server calls DataEach, and sets LMTP.
//
// When the context of the session ends, or after Close, everything is answered
// with 421, and nothing is delivered. The methods must not be called
// concurrently, except Close.
type Session struct {
	// LMTP says that the server calls DataEach, so that recipients need not agree.
	LMTP bool

	connection Connection
	ctx        context.Context
	cancel     context.CancelFunc

	greeted     bool
	helo        string // the last HELO name
	epoch       *epoch
	final       *final
	transaction *transaction

	latest [envelope.Data + 1]*envelope.Envelope // what was known at each stage of the epoch

	mu       sync.Mutex // of what follows
	kept     map[place]*kept
	underway map[foundKey]bool // findings that are being made
}

// NewSession begins a session that ends with ctx or Close.
func NewSession(ctx context.Context, c Connection) *Session {
	s := &Session{connection: c, kept: make(map[place]*kept), underway: make(map[foundKey]bool)}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// Close ends the session and everything that runs for it. It may be called at any
// time.
func (s *Session) Close() { s.cancel() }

// Connect judges a client that has connected, by ClientIP and SpokeEarly of e.
// The reply is 220, or one that refuses in place of the banner: 554, or 421
// after which the server closes the connection (RFC 5321, section 3.1).
func (s *Session) Connect(e envelope.Envelope) Reply {
	reply, _ := s.command(envelope.Connect, e, nil)
	return reply
}

// Helo judges a HELO name, by Helo of e. It ends a transaction, as EHLO does (RFC
// 5321, section 4.1.4).
func (s *Session) Helo(e envelope.Envelope) Reply {
	if s.transaction != nil || s.greeted && s.helo != e.Helo {
		s.Reset() // so that the names of a client do not fill the memory
	}
	s.greeted, s.helo = true, e.Helo
	reply, _ := s.command(envelope.Helo, e, nil)
	return reply
}

// Reset ends the transaction, if there is one: RSET.
func (s *Session) Reset() {
	s.transaction = nil
	s.endEpoch()
}

// StartTLS ends the transaction, and forgets what was found about anything that
// the client said before TLS began (RFC 3207, section 4.2). Findings about the
// connection alone are kept.
func (s *Session) StartTLS() {
	s.Reset()
	s.final = s.final.before(envelope.Helo)
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.kept, func(_ place, k *kept) bool { return k.known.Told(envelope.Helo) })
}

// epoch is the time in which findings and answers of DNS are shared: up to the
// end of a transaction.
type epoch struct {
	shared context.Context // of all judgements, until the session ends
	ctx    context.Context // of a judgement
	cancel context.CancelFunc
	now    time.Time
}

// during returns the epoch, which begins now if there is none.
func (s *Session) during(now time.Time) *epoch {
	if s.epoch == nil {
		shared := envelope.WithJudgement(s.ctx)
		if s.connection.Policy.Sequential {
			shared = envelope.Sequentially(shared)
		}
		ctx, cancel := context.WithCancel(shared)
		s.epoch = &epoch{shared, ctx, cancel, now}
	}
	return s.epoch
}

// endEpoch ends what runs for the transaction, and forgets what depends on it.
func (s *Session) endEpoch() {
	if s.epoch != nil {
		s.epoch.cancel()
		s.epoch = nil
		clear(s.latest[:])
	}
	s.final = s.final.before(envelope.Mail)
}

// final is an acceptance for good, and the fields that it depends on.
type final struct {
	known   *envelope.Envelope
	verdict Verdict
}

// before returns an acceptance that depends on nothing known from stage on.
func (f *final) before(stage envelope.Stage) *final {
	if f != nil && f.known.Told(stage) {
		return nil
	}
	return f
}

// command judges a command before RCPT, and calls then if it is let through. It returns
// what was judged.
func (s *Session) command(stage envelope.Stage, e envelope.Envelope, then func() error) (Reply, envelope.Envelope) {
	known := s.copy(stage, &e)
	v, ok := s.identify(&known)
	if ok {
		v, _ = s.judge(&known, false)
	}
	judged := known
	return s.answer(Event{Stage: stage, Envelope: &known, Verdict: v}, then), judged
}

// copy returns our own copy of an envelope, as it is known at a stage, in plain
// form and with the time of the epoch.
func (s *Session) copy(stage envelope.Stage, e *envelope.Envelope) envelope.Envelope {
	known := e.UpTo(stage)
	known.ClientIP = e.Client()
	known.Now = s.during(e.Time()).now
	return known
}

// judge judges an envelope. The judgement is returned so that an acceptance that
// is held can be written later; it is nil for a verdict that was given before.
func (s *Session) judge(e *envelope.Envelope, hold bool) (Verdict, *judgement) {
	if s.final != nil && same(s.final.known, s.at(e, s.final.known.Stage)) {
		return s.final.verdict, nil
	}
	j := s.judgement(e)
	j.held = hold
	v := s.conclude(j)
	if v.Action == Accept && !hold && e.Stage < envelope.Rcpt {
		s.final = &final{s.at(e, e.Stage), v}
	}
	return v, j
}

// judgement begins a judgement of an envelope. It ends with Policy.Timeout.
func (s *Session) judgement(e *envelope.Envelope) *judgement {
	p, epoch := s.connection.Policy, s.epoch
	asking := &asking{inner: s.connection.Resolver, ctx: epoch.ctx, began: time.Now(), most: p.maxQuestions()}
	if p.Timeout > 0 {
		var cancel context.CancelFunc
		asking.ctx, cancel = context.WithTimeoutCause(epoch.ctx, p.Timeout, errTimeout)
		// What was started lasts until the timeout: a later stage needs it.
		context.AfterFunc(epoch.ctx, cancel)
	}
	if e.Arriving() {
		asking.ctx, asking.giveUp = context.WithCancel(asking.ctx)
	}
	asking.until = asking.ctx
	j := &judgement{session: s}
	j.begin(asking.ctx, p.Rules, asking, e)
	for stage := envelope.Connect; stage <= e.Stage; stage++ {
		j.known[stage] = s.at(e, stage)
	}
	if t := s.transaction; t != nil && e.Reached(envelope.Data) {
		j.ahead, t.ahead = t.ahead, nil // counts for one recipient
	}
	return j
}

// conclude takes the decision of a judgement, and writes what it must write.
func (s *Session) conclude(j *judgement) Verdict {
	d := j.settle(s.epoch.ctx)
	if d.action.final() && !(d.action == Accept && j.held) {
		j.askShadows(d)
	}
	v := s.connection.Policy.linked(j.verdict(d, s.connection.Policy.Soft), &j.envelope)
	j.record(&v)
	return v
}

// foundKey is what a finding depends on: a check, and what was known when it answered.
// Two envelopes of an epoch with the same fields are one (see at).
type foundKey struct {
	place
	known *envelope.Envelope
}

// at returns what is known of e at stage: the same envelope as last time if the fields
// are the same. It returns nil if e has not come that far.
func (s *Session) at(e *envelope.Envelope, stage envelope.Stage) *envelope.Envelope {
	if !e.Told(stage) {
		return nil
	}
	known := e.UpTo(stage)
	if latest := s.latest[stage]; latest == nil || !same(latest, &known) {
		s.latest[stage] = new(envelope.Envelope)
		*s.latest[stage] = known
	}
	return s.latest[stage]
}

// same reports whether two envelopes have the same fields, except for the time.
func same(a, b *envelope.Envelope) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	at := *a
	at.Now = b.Now
	return at == *b
}

// found is a finding, and who asked DNS for it.
type found struct {
	finding envelope.Finding
	asker   asker
}

// kept is a finding for later transactions, and what was known when it was made.
type kept struct {
	known   *envelope.Envelope
	finding envelope.Finding
}

// find finds out what a check finds. The check is asked at the first stage from
// which it may answer, and at each that it then waits for, so that a finding is
// kept until a field changes that it could have used. A check that waits for a message
// whose header has come is called once more, so that it asks DNS by the header.
func (s *Session) find(ctx context.Context, j *judgement, q inquiry) {
	check := j.rules.describe(q.place)
	stage := check.from
	*q.finding = envelope.NotYet(check.name, stage)
	for j.envelope.Told(stage) {
		s.findAt(ctx, j, q, stage)
		if q.finding.Outcome != envelope.Pending || q.finding.Awaits <= stage {
			break
		}
		stage = q.finding.Awaits
	}
	if q.finding.Outcome == envelope.Pending && j.envelope.Arriving() {
		q.finding = new(envelope.Finding) // it is not used
		j.call(ctx, q, &j.envelope)
	}
}

func (s *Session) findAt(ctx context.Context, j *judgement, q inquiry, stage envelope.Stage) {
	key := foundKey{q.place, j.known[stage]}
	if k := s.lookUp(key); k != nil {
		*q.finding = k.finding
		return
	}
	// The finding is made for all who need it, until the epoch ends.
	lasting := j.asking.lasting(ctx)
	answer, _ := envelope.Once(lasting, key, func() (*found, error) { return s.make(lasting, j, q.asker, key), nil })
	q.asker.also(&answer.asker)
	*q.finding = answer.finding
	if stage <= envelope.Helo && answer.finding.Outcome.Known() {
		s.keep(key, &answer.finding)
	}
}

// make makes a finding for all who need it. It belongs to the questions of asking, also
// if nobody waits for it.
func (s *Session) make(ctx context.Context, j *judgement, asking *asker, key foundKey) *found {
	s.begin(key)
	defer s.end(key)
	f := &found{asker: asker{asking: j.asking}}
	asking.also(&f.asker)
	j.call(ctx, inquiry{key.place, &f.asker, &f.finding}, key.known)
	return f
}

// begin records that a finding is being made, until end.
func (s *Session) begin(key foundKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.underway[key] = true
}

func (s *Session) end(key foundKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.underway, key)
}

// underway reports whether the finding of a rule is being made since an earlier stage.
func (j *judgement) underway(i int) bool {
	rule, s := &j.rules[i], j.session
	if rule.check == nil || len(rule.conditions) > 0 {
		return false
	}
	key := foundKey{place{i, 0}, j.known[rule.described.from]}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.underway[key]
}

func (s *Session) lookUp(key foundKey) *kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kept[key.place]
	if k == nil || !same(k.known, key.known) {
		return nil
	}
	return k
}

// keep keeps a finding for later transactions, in place of an earlier one of the same
// check.
func (s *Session) keep(key foundKey, f *envelope.Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[key.place] = &kept{key.known, *f}
}
