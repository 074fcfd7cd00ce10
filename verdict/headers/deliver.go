package headers

import (
	"bytes"
	"io"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
	"mxrules.example/verdict"
)

// ErrHeaderTooLong is the error for a message whose header is longer than a
// Message keeps, so that a field in our name could hide in what was cut. It is a
// *[verdict.Error], so that a server can answer with it: 554 5.6.0.
var ErrHeaderTooLong error = &verdict.Error{Verdict: verdict.Verdict{
	Action: verdict.Reject,
	Status: envelope.Status{Code: 554, Subject: 6},
	Text:   "the header of the message is longer than 1 MiB",
}}

// Deliver returns the message as it should be delivered: with Received-SPF and
// Authentication-Results for the verdicts on top, and without the fields that
// claim to be ours ([Stamp.Claims]). Everything else stays as it came, octet by
// octet, with two exceptions. Lines at the very top that begin with a blank are
// removed: they continue no field of the message, and would continue ours. And the
// header ends with CR LF CR LF also where a bare LF ended it: to a program that
// ends lines at CR LF only, it would go on in the body.
//
// The reader can be read once, as long as the message is open. The error is
// [ErrHeaderTooLong].
func (s *Stamp) Deliver(m *envelope.Message, e *envelope.Envelope, verdicts ...verdict.Verdict) (io.Reader, error) {
	if m.HeaderCut() {
		return nil, ErrHeaderTooLong
	}
	block := m.Header()
	kept := make([]byte, 0, len(block))
	rest := block
	for field := range header.Fields(block) {
		rest = rest[len(field.Raw):]
		if len(kept) == 0 && field.Name() == "" && isBlank(field.Raw[0]) || s.Claims(field) {
			continue
		}
		kept = append(kept, field.Raw...)
	}
	if len(rest) > 0 { // the empty line
		if line, found := bytes.CutSuffix(kept, []byte{'\n'}); found {
			kept = append(bytes.TrimSuffix(line, []byte{'\r'}), "\r\n"...)
		}
		kept = append(kept, "\r\n"...)
	}
	ours := s.AuthenticationResults(e, verdicts...) + s.ReceivedSPF(e, verdicts...)
	return io.MultiReader(strings.NewReader(ours), bytes.NewReader(kept), m.Body()), nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
