package envelope

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// Outcome is what a check found, in the words of RFC 8601. The zero value is
// none of them: a finding without an outcome is a mistake, and a judge takes
// it for a TempError, so that forgetting something never lets mail in.
type Outcome uint8

const (
	_ Outcome = iota
	// None: the question does not arise.
	None
	// Pending: the envelope has not come far enough to answer.
	Pending
	// Pass: the property that the check is named for holds.
	Pass
	// Fail: it does not hold.
	Fail
	// TempError: it can't be known now, because DNS or a store failed.
	TempError
	// PermError: it can't be known ever, because what was published is wrong.
	PermError
)

var outcomeWords = [...]string{"", "none", "pending", "pass", "fail", "temperror", "permerror"}

// String returns the word for o, "" for the zero value.
func (o Outcome) String() string {
	if int(o) < len(outcomeWords) {
		return outcomeWords[o]
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// Known reports whether o is an answer: neither Pending nor TempError, nor a
// value that is no outcome.
func (o Outcome) Known() bool {
	return o == None || o == Pass || o == Fail || o == PermError
}

// Finding is the answer of a check. Make one with the constructors NotYet,
// NotApplicable, Passed, Failed, Temporary and Permanent, and add to it.
type Finding struct {
	// Check is the name of the check, such as "helo.resolves". It is stable:
	// metrics and headers may rely on it.
	Check string
	// Outcome is what was found.
	Outcome Outcome
	// Awaits is, for Pending, the stage from which the check answers.
	Awaits Stage
	// Status is what a refusal for this finding answers; for TempError, what a
	// deferral forced by it answers.
	Status Status
	// Deferral is what a rule answers that makes a tempfail of a failure. Zero,
	// as nearly always, means Status.Deferral().
	Deferral Status
	// Text is one sentence that says what was seen, with the value at fault. It is
	// true whatever a rule does with the finding: a trace shows it, and a refusal
	// tells it to the sender's postmaster.
	Text string
	// Advice is what a refusal adds to Text: what is required, or what the sender
	// can do.
	Advice string
	// Retry is what a tempfail adds to Text, and a rejection does not: that
	// another try can succeed.
	Retry string
	// Err is the private cause. It belongs in traces and logs and never on the
	// wire.
	Err error
	// Detail is the result of the package that found it, such as *rdns.Result;
	// of a combined check, []Finding.
	Detail any
	// Commit writes what acting on this finding must write. It is nil for
	// nearly all checks; only a final verdict calls it.
	Commit func(context.Context) error
}

// Explainer is what the Detail of a finding implements if it has more to say to
// a person than the Text. Package verdict shows it in its explanations.
type Explainer interface {
	// Explain returns a line for each thing to say. There may be none. What a
	// stranger wrote may be among it as it came: what shows the lines cleans them.
	Explain() []string
}

// With returns f with its Detail set.
func (f Finding) With(detail any) Finding {
	f.Detail = detail
	return f
}

// Observed returns f with a Text, made from format and args as by [Failed]. Give
// one to a finding that passes if a rule may refuse for it, as with [Not].
func (f Finding) Observed(format string, args ...any) Finding {
	f.Text = sentence(format, args...)
	return f
}

// Advising returns f with a part added to its Advice.
func (f Finding) Advising(advice string) Finding {
	if f.Advice != "" {
		advice = f.Advice + "; " + advice
	}
	f.Advice = advice
	return f
}

// SuggestLogin returns f with the advice that users with an account should log
// in. It is for checks that are meant for other servers and that a customer with
// a mail program may meet as well.
func (f Finding) SuggestLogin() Finding {
	return f.Advising("users with an account here should log in (port 465 or 587)")
}

// NotYet is the finding of a check whose envelope has not come to stage.
func NotYet(check string, stage Stage) Finding {
	return Finding{Check: check, Outcome: Pending, Awaits: stage}
}

// NotApplicable is the finding of a check whose question does not arise.
func NotApplicable(check string) Finding {
	return Finding{Check: check, Outcome: None}
}

// Passed is the finding of a check whose property holds.
func Passed(check string) Finding {
	return Finding{Check: check, Outcome: Pass}
}

// Failed is the finding of a check whose property does not hold. The sentence
// is made from format and args as by [fmt.Sprintf]. What a peer chose may be
// among the args as it came: each is cleaned and cut to a length that leaves
// the sentence readable.
func Failed(check string, status Status, format string, args ...any) Finding {
	return Finding{Check: check, Outcome: Fail, Status: status, Text: sentence(format, args...)}
}

// Permanent is the finding of a check that can't ever answer, because what was
// published is wrong. Status is what a rule that acts on it would answer.
func Permanent(check string, status Status, format string, args ...any) Finding {
	return Finding{Check: check, Outcome: PermError, Status: status, Text: sentence(format, args...)}
}

// Temporary is the finding of a check that can't answer now because of err. A
// deferral forced by it says 451 4.4.3 (RFC 3463: a directory server failed)
// and names what was looked up, but not why that failed: err stays private.
func Temporary(check string, err error) Finding {
	f := Finding{
		Check: check, Outcome: TempError, Status: Status{Code: 451, Subject: 4, Detail: 3},
		Text: "a lookup failed", Retry: "please try again later", Err: err,
	}
	if err == nil {
		f.Err = errors.New("no cause was given")
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.Name != "" {
		return f.Observed("the DNS lookup of %s failed", strings.TrimSuffix(dns.Name, "."))
	}
	return f
}

// Unavailable is the finding of a check that can't answer now because something
// of the site's own failed with err: a directory, a set, a store. A deferral
// forced by it says 451 4.3.0 (RFC 3463, section 3.4: mail system status). Of err
// nothing is told to the peer, not even a name in DNS: it is that of a host of
// the site.
func Unavailable(check string, err error) Finding {
	f := Temporary(check, nil)
	f.Status = Status{Code: 451, Subject: 3, Detail: 0}
	if err != nil {
		f.Err = err
	}
	return f
}

// sentence formats a text for the peer with every argument cleaned and
// bounded, so that no value can break the line or crowd out the reason.
func sentence(format string, args ...any) string {
	if false {
		_ = fmt.Sprintf(format, args...) // so that go vet checks calls of Failed and Permanent
	}
	safe := make([]any, len(args))
	for i, arg := range args {
		safe[i] = argument{arg}
	}
	return CleanText(fmt.Sprintf(format, safe...), true)
}

// argument is a value inside a sentence. It is formatted as it would be alone,
// and what comes out is cleaned and cut.
type argument struct{ value any }

// Format implements [fmt.Formatter].
func (a argument) Format(state fmt.State, verb rune) {
	format := fmt.FormatString(state, verb)
	switch v := a.value.(type) {
	case string: // cut before %q puts quotes around it
		fmt.Fprintf(state, format, Excerpt(v))
	case *SyntaxError: // it has cut its value itself, and its reason stands last
		fmt.Fprintf(state, format, v)
	default:
		io.WriteString(state, Excerpt(fmt.Sprintf(format, v)))
	}
}
