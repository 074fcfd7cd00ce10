package envelope

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Outcome is what a check found, in the words of RFC 8601. The zero value is not
// an outcome: a judge treats a finding without one as a TempError, so that a
// mistake in a check never accepts mail.
type Outcome uint8

const (
	_ Outcome = iota
	// None: the check does not apply to this envelope.
	None
	// Pending: the envelope has not come far enough to answer.
	Pending
	// Pass: the property that the check is named for holds.
	Pass
	// Fail: the property does not hold.
	Fail
	// TempError: the answer is unknown because DNS or a store failed. A later try
	// can succeed.
	TempError
	// PermError: the check cannot answer because a published record is invalid.
	PermError
)

var outcomeWords = [...]string{"", "none", "pending", "pass", "fail", "temperror", "permerror"}

// String returns the word for o, such as "temperror". It is "" for the zero value.
func (o Outcome) String() string {
	if int(o) < len(outcomeWords) {
		return outcomeWords[o]
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// Known reports whether o is an answer: None, Pass, Fail or PermError.
func (o Outcome) Known() bool {
	return o == None || o == Pass || o == Fail || o == PermError
}

// Finding is the answer of a check. Make one with a constructor ([NotYet],
// [NotApplicable], [Passed], [Failed], [Temporary], [Permanent], [Unavailable]) and
// add to it.
type Finding struct {
	// Check is the name of the check, such as "helo.resolves". Names are stable, so
	// that metrics and headers can use them.
	Check string
	// Outcome is what was found.
	Outcome Outcome
	// Awaits is, for Pending, the stage from which the check answers.
	Awaits Stage
	// Status is the status of a refusal for this finding. For TempError it is the
	// status of a tempfail that the failure forces.
	Status Status
	// Deferral is the status of a rule that answers Fail with a tempfail. Zero means
	// Status.Deferral(); few checks need another one.
	Deferral Status
	// Text is one sentence that says what was seen, with the value in question. It
	// is true whatever a rule does with the finding: a trace shows it, and a refusal
	// sends it to the client.
	Text string
	// Advice is what a refusal adds to Text: what is required, or what the sender
	// can do.
	Advice string
	// Retry is what a tempfail adds to Text and a rejection does not: that another
	// try can succeed.
	Retry string
	// Err is the private cause. It is for traces and logs and is never sent to a
	// peer.
	Err error
	// Detail is the result of the package of the check, such as *rdns.Result. For a
	// combined check it is a []Finding. Three methods of it are optional:
	//
	//   - AuthenticationResults() []AuthenticationResult returns what verdict/headers
	//     writes into the Authentication-Results field (RFC 8601), in this order.
	//   - Explain() []string returns lines that explain more than Text. They may have
	//     text that a peer sent: verdict.Verdict.Explain cleans and shows them.
	//   - ExplainRefusal() explain.Entry returns what package verdict/explain tells the
	//     sender about a refusal.
	Detail any
	// Commit writes what must be written when a verdict acts on the finding, such
	// as a greylist entry. It is nil for most checks. Only a final verdict calls it.
	Commit func(context.Context) error
}

// With returns f with its Detail set.
func (f Finding) With(detail any) Finding {
	f.Detail = detail
	return f
}

// Observed returns f with a Text, made from format and args as by [Failed]. A
// finding that passes needs one if a rule may refuse because of it, as with [Not].
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

// SuggestLogin returns f with the advice that users with an account should log in.
// It is for checks of other servers that can also refuse a user's mail program.
func (f Finding) SuggestLogin() Finding {
	return f.Advising("users with an account here should log in (port 465 or 587)")
}

// NotYet returns the Pending finding of a check that answers from stage on.
func NotYet(check string, stage Stage) Finding {
	return Finding{Check: check, Outcome: Pending, Awaits: stage}
}

// NotApplicable returns the None finding of a check that does not apply to the
// envelope.
func NotApplicable(check string) Finding {
	return Finding{Check: check, Outcome: None}
}

// Passed returns the Pass finding of a check.
func Passed(check string) Finding {
	return Finding{Check: check, Outcome: Pass}
}

// Failed returns the Fail finding of a check. Its Text is made from format and args
// as by [fmt.Sprintf]. The args may hold what a peer sent: each is cleaned and cut
// to 256 octets ([Excerpt]).
func Failed(check string, status Status, format string, args ...any) Finding {
	return Finding{Check: check, Outcome: Fail, Status: status, Text: sentence(format, args...)}
}

// Permanent returns the PermError finding of a check that cannot answer because a
// published record is invalid. Text and status are as those of [Failed].
func Permanent(check string, status Status, format string, args ...any) Finding {
	return Finding{Check: check, Outcome: PermError, Status: status, Text: sentence(format, args...)}
}

// Temporary returns the TempError finding of a check whose lookup failed with err.
// Its status is 451 4.4.3 (RFC 3463, section 3.5: directory server failure). A check
// may replace it by one that names its mechanism, such as 451 4.7.25, and says so in
// its documentation. Its Text names what was looked up in DNS; err itself stays private.
func Temporary(check string, err error) Finding {
	f := Finding{
		Check: check, Outcome: TempError, Status: Status{Code: 451, Subject: 4, Detail: 3},
		Text: "temporary lookup failure", Retry: "please try again later", Err: err,
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

// Unavailable returns the TempError finding of a check for which a part of the
// server failed with err: a directory, a set or a store. Its status is 451 4.3.0
// (RFC 3463, section 3.4: mail system status). Its Text has nothing of err, not even a
// name in DNS, because that is the name of a host of the site.
func Unavailable(check string, err error) Finding {
	f := Temporary(check, nil)
	f.Status = Status{Code: 451, Subject: 3, Detail: 0}
	if err != nil {
		f.Err = err
	}
	return f
}

// sentence formats a text for the peer. Every argument is cleaned and cut, so that
// no value breaks the line or leaves no room for the reason.
func sentence(format string, args ...any) string {
	if false {
		_ = fmt.Sprintf(format, args...) // so that go vet checks calls of Failed and Permanent
	}
	if text, ok := plainSentence(format, args); ok {
		return text
	}
	return CleanText(formatted(format, args), true)
}

// formatted formats as [fmt] does, with arguments that are cleaned and cut.
func formatted(format string, args []any) string {
	safe := make([]any, len(args))
	for i, arg := range args {
		safe[i] = argument{arg}
	}
	return fmt.Sprintf(format, safe...)
}

// plainSentence is sentence for the values that most texts have, without [fmt], which
// would take most of the time of a check that looks nothing up. ok is false if a verb or
// an argument needs fmt.
func plainSentence(format string, args []any) (text string, ok bool) {
	b := make([]byte, 0, 2*excerptLength)
	for {
		before, verb, found := strings.Cut(format, "%")
		b = append(b, before...)
		if !found {
			return CleanText(string(b), true), len(args) == 0
		}
		if verb == "" || len(args) == 0 {
			return "", false
		}
		want := byte('s')
		switch value := args[0].(type) {
		case string:
			b = append(b, Excerpt(value)...)
		case Host:
			b = append(b, Excerpt(string(value))...)
		case netip.Addr:
			b = appendAddr(b, value)
		case int:
			b, want = strconv.AppendInt(b, int64(value), 10), 'd'
		default:
			return "", false
		}
		if verb[0] != want && verb[0] != 'v' {
			return "", false
		}
		format, args = verb[1:], args[1:]
	}
}

// appendAddr appends an address. Its zone may be any text.
func appendAddr(b []byte, addr netip.Addr) []byte {
	if !addr.IsValid() || addr.Zone() != "" {
		return append(b, Excerpt(addr.String())...)
	}
	return addr.AppendTo(b)
}

// argument formats a value as [fmt] does, and cleans and cuts the result.
type argument struct{ value any }

// Format implements [fmt.Formatter].
func (a argument) Format(state fmt.State, verb rune) {
	format := fmt.FormatString(state, verb)
	switch v := a.value.(type) {
	case string: // cut before %q puts quotes around it
		fmt.Fprintf(state, format, Excerpt(v))
	case *SyntaxError: // its value is cut already, and the reason after it must stay
		fmt.Fprintf(state, format, v)
	default:
		io.WriteString(state, Excerpt(fmt.Sprintf(format, v)))
	}
}
