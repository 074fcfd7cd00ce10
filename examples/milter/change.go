package main

import (
	"slices"
	"strings"

	"github.com/d--j/go-milter"

	"mxrules.example/verdict"
)

// change adds the results of an accepted message on top of its header, removes the fields
// that claim to be such, and has the MTA hold a message with one of the marks.
func (s *server) change(m milter.Modifier, forged []place, accepted verdict.Event) error {
	for _, f := range slices.Backward(forged) { // a removal moves those below
		if err := m.ChangeHeader(f.index, f.name, ""); err != nil {
			return err
		}
	}
	e, verdicts := accepted.Envelope, accepted.Verdicts()
	for _, field := range []string{s.stamp.ReceivedSPF(e, verdicts...), s.stamp.AuthenticationResults(e, verdicts...)} {
		name, value, found := strings.Cut(strings.TrimSuffix(field, "\r\n"), ":")
		if !found {
			continue // SPF was not evaluated
		}
		if err := m.InsertHeader(0, name, value); err != nil {
			return err
		}
	}
	for _, mark := range accepted.Verdict.Marks {
		if slices.Contains(s.hold, mark) {
			return m.Quarantine("marked " + mark)
		}
	}
	return nil
}
