package record

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// Case is an envelope with the verdict of a policy.
type Case struct {
	// Name is that of the case in the file, "recorded mail" by default.
	Name string
	// Policy is the name of the policy in scenario.Policies.
	Policy string
	// Settings are what else the policy is made from: the lines set of the file.
	Settings map[string][]string
	// Envelope is what was judged, with Now if its time is known.
	Envelope envelope.Envelope
	// Recipients are those that the envelope was judged for, as by
	// verdict.Policy.JudgeEach. Nil means RcptTo of the envelope.
	Recipients []string
	// Verdicts has the verdict for each recipient.
	Verdicts []verdict.Verdict
	// Tried says how long before the envelope the same mail was judged, for stores that
	// remember it.
	Tried []time.Duration
	// Anonymous replaces addresses and names; see the package documentation.
	Anonymous bool
}

// Write writes a scenario file with the case, and with what the recorder has recorded.
func (r *Recorder) Write(w io.Writer, c Case) (err error) {
	c.complete()
	if err := c.check(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f := file{Case: c}
	if f.answers, f.zone, err = r.answers(); err != nil {
		return err
	}
	if err := f.readMessage(); err != nil {
		return err
	}
	if c.Anonymous {
		f.disguise = newDisguise(&f)
	}
	f.head()
	f.directories(r)
	f.dns()
	f.writeMessage()
	f.cases()
	_, err = w.Write(f.out.Bytes())
	return err
}

// complete sets what is not given.
func (c *Case) complete() {
	c.Name, c.Policy = cmp.Or(strings.Join(strings.Fields(c.Name), " "), "recorded mail"), cmp.Or(c.Policy, "policy")
	if c.Recipients == nil {
		c.Recipients = []string{c.Envelope.RcptTo}
	}
	if c.Envelope.Now.IsZero() {
		c.Envelope.Now = time.Now().Truncate(time.Second)
	}
	if !c.Envelope.Reached(envelope.Data) {
		c.Envelope.Message = nil
	}
}

// check returns an error for a case that a scenario cannot have.
func (c *Case) check() error {
	if len(c.Verdicts) != len(c.Recipients) {
		return fmt.Errorf("the case has %d verdicts for %d recipients", len(c.Verdicts), len(c.Recipients))
	}
	if c.Envelope.Relayed {
		return errors.New("a scenario has no client behind a gateway: judge the envelope of that client")
	}
	for _, values := range c.Settings {
		for _, text := range values {
			if strings.ContainsAny(text, " \t\r\n") || text == "" {
				return fmt.Errorf("the setting %q is not one word", text)
			}
		}
	}
	return nil
}

// file is a file that is being written.
type file struct {
	Case
	out      bytes.Buffer
	answers  []answer
	zone     *zone.Zone // that gives them
	raw      []byte     // the message
	disguise *disguise  // nil if the file is not anonymous
}

func (f *file) line(format string, values ...any) { fmt.Fprintf(&f.out, format+"\n", values...) }

func (f *file) readMessage() error {
	m := f.Envelope.Message
	if m == nil {
		return nil
	}
	raw, err := io.ReadAll(m.Open())
	f.raw = raw
	return err
}

func (f *file) head() {
	f.line("# Recorded from a judgement by package record.")
	f.line("policy %s", f.Policy)
	f.line("clock %s", f.Envelope.Now.UTC().Format(time.RFC3339Nano))
	for _, name := range slices.Sorted(maps.Keys(f.Settings)) {
		values := []string{name}
		for _, setting := range f.Settings[name] {
			values = append(values, f.disguise.setting(setting)...)
		}
		f.line("set %s", strings.Join(values, " "))
	}
}

// nobody is an address that no mail has. A directory needs an entry to exist.
const nobody = "nobody@unused.invalid"

// directories writes the mailboxes and the owners of the site.
func (f *file) directories(r *Recorder) {
	written := map[string]bool{}
	once := func(format string, values ...any) {
		if text := fmt.Sprintf(format, values...); !written[text] {
			written[text] = true
			f.line("%s", text)
		}
	}
	if r.hasMailboxes {
		once("mailbox %s unknown", nobody)
	}
	for _, b := range r.boxes {
		switch {
		case b.err != nil:
			once("fault mailboxes")
		case b.answer != directory.Foreign:
			once("mailbox %s %s", f.disguise.text(b.mailbox.String()), b.answer)
		}
	}
	if r.hasOwners {
		once("owner nobody %s", nobody)
	}
	for _, o := range r.owners {
		if o.err != nil {
			once("fault owners")
		}
		for _, login := range o.logins {
			once("owner %s %s", f.disguise.login(login), f.disguise.text(o.mailbox.String()))
		}
	}
}

// dns writes the answers.
func (f *file) dns() {
	f.line("recorded")
	written := map[question]bool{}
	for _, a := range f.answers {
		name := f.disguise.owner(a.question)
		q := question{name, a.kind}
		if f.disguise.replacesKey(a.question) || written[q] { // several public suffixes become one
			continue
		}
		written[q] = true
		if a.word != "" {
			f.line("    %s %s %s", name, a.kind, a.word)
		}
		for _, record := range a.records {
			f.line("    %s %s %s", name, a.kind, f.disguise.data(a.kind, record))
		}
	}
	f.disguise.writeKeys(f)
}

// message is the name of the message in the file.
const message = "mail"

func (f *file) writeMessage() {
	if f.Envelope.Message == nil {
		return
	}
	raw := f.disguise.message(f.raw)
	if lines, ok := asLines(raw); ok {
		f.line("message %s", message)
		for _, line := range lines {
			f.line("%s", strings.TrimRight("    "+line, " "))
		}
		return
	}
	f.line("message %s quoted", message)
	for line := range strings.SplitAfterSeq(string(raw), "\n") {
		if line != "" || len(raw) == 0 {
			f.line("    %q", line)
		}
	}
}

// asLines returns the lines of a message that a scenario can have as they are: they end
// with CRLF, there is an empty one, and nothing in them is lost.
func asLines(raw []byte) (lines []string, ok bool) {
	text, ends := strings.CutSuffix(string(raw), "\r\n")
	lines = strings.Split(text, "\r\n")
	usual := func(line string) bool {
		return line == "" || strings.TrimSpace(line) != "" && strings.TrimRight(line, " \t") == line && !strings.ContainsFunc(line, isUnusual)
	}
	first, last := lines[0], lines[len(lines)-1]
	ok = ends && slices.Contains(lines, "") && last != "" && first != "" && first[0] != ' ' && first[0] != '\t' &&
		!slices.ContainsFunc(lines, func(line string) bool { return !usual(line) })
	return lines, ok
}

// isUnusual reports whether a character cannot be seen in a file. U+FFFD stands for an
// octet that is not UTF-8.
func isUnusual(c rune) bool {
	return c < ' ' && c != '\t' || c == 0x7f || c == '\ufffd' || c == '\u2028' || c == '\u2029'
}

// cases writes a case for each recipient.
func (f *file) cases() {
	before := f.Envelope.Recipients
	for i, to := range f.Recipients {
		v := &f.Verdicts[i]
		name := f.Name
		if len(f.Recipients) > 1 {
			name = fmt.Sprintf("%s, recipient %d", name, i+1)
		}
		f.line("")
		if refusal := v.Err(); refusal != nil && !f.Anonymous {
			f.line("# The reply was: %s", envelope.Excerpt(refusal.Error()))
		}
		f.line("case %s", name)
		f.line("  %s", f.fields())
		f.line("  from=%s to=%s before=%d", value(f.disguise.path(f.Envelope.MailFrom)), value(f.disguise.path(to)), before)
		f.line("  = %s", summary(v))
		if v.Action == verdict.Accept || v.Action == verdict.Continue {
			before++
		}
	}
}

// fields returns the fields of the envelope but the sender and the recipient.
func (f *file) fields() string {
	e := &f.Envelope
	ip := "unknown"
	if e.ClientIP.IsValid() {
		ip = f.disguise.addr(e.ClientIP).String()
	}
	fields := []string{"ip=" + ip, "helo=" + value(f.disguise.helo(e.Helo))}
	if e.SpokeEarly {
		fields = append(fields, "early=true")
	}
	if e.TLS != nil {
		fields = append(fields, "tls=true")
	}
	if e.Login != "" {
		fields = append(fields, "login="+value(f.disguise.login(e.Login)))
	}
	if e.SMTPUTF8 {
		fields = append(fields, "smtputf8=true")
	}
	if e.Stage != envelope.Whole {
		fields = append(fields, "stage="+e.Stage.String())
	}
	for _, ago := range f.Tried {
		fields = append(fields, "tried="+ago.String())
	}
	if e.Message != nil {
		fields = append(fields, "message="+value(message+f.disguise.signers()))
	}
	return strings.Join(fields, " ")
}

// summary returns the action, rule and marks of a verdict, as a case expects them.
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

// setting returns a value of a setting as the words of a line.
func (d *disguise) setting(text string) []string {
	if d == nil {
		return []string{text}
	}
	if network, err := netip.ParsePrefix(text); err == nil {
		return d.network(network)
	}
	return []string{d.text(text)}
}
