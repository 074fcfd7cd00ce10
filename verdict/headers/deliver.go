package headers

import (
	"bytes"
	"io"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
	"mxrules.example/verdict"
)

// errHeaderTooLong is the error for a message whose header is longer than 1 MiB, so
// that a forged field could be in the part that a Message does not keep.
var errHeaderTooLong error = &verdict.Error{Verdict: verdict.Verdict{
	Action: verdict.Reject,
	Status: envelope.Status{Code: 554, Subject: 6},
	Text:   "the header of the message is longer than 1 MiB",
}}

// Deliver returns the message as it should be delivered: with Authentication-Results
// and Received-SPF for the verdicts on top, and without the fields that claim the
// name of s (see the package documentation). Everything else is unchanged, with two
// exceptions:
//
//   - Lines before the first field that begin with a blank are removed, because they
//     would continue a field of ours.
//   - The header ends with CRLF CRLF even if a bare LF ended it. To a program that
//     ends lines only at CRLF, the header would otherwise continue in the body.
//
// The reader can be read once, while the message is open. If its
// header is longer than 1 MiB, the error is a *[verdict.Error] with the reply
// 554 5.6.0.
func (s *Stamp) Deliver(m *envelope.Message, e *envelope.Envelope, verdicts ...verdict.Verdict) (io.Reader, error) {
	if m.HeaderCut() {
		return nil, errHeaderTooLong
	}
	block := m.Header()
	kept := make([]byte, 0, len(block))
	rest := block
	for field := range header.Fields(block) {
		rest = rest[len(field.Raw):]
		if len(kept) == 0 && field.Name() == "" && isBlank(field.Raw[0]) || s.Forged(field.Raw) {
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
