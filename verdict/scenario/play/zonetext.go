package play

import (
	"errors"
	"fmt"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// zoneText is the text of a line zone.
type zoneText struct {
	at   *entry
	file string // "" if the text is indented below the line
	text string
}

// invalid returns the error of the text that is not valid, with its line, or err, the error
// of all texts together.
func invalid(texts []zoneText, err error) error {
	for i := range texts {
		if _, err := zone.Parse(texts[i].text); err != nil {
			return texts[i].at.wrap(texts[i].locate(err))
		}
	}
	return err
}

// locate returns the error of a text with its file and line.
func (z *zoneText) locate(err error) error {
	var syntax *envelope.SyntaxError
	var line int
	if !errors.As(err, &syntax) {
		return err
	}
	if _, scanErr := fmt.Sscanf(syntax.Kind, "zone text, line %d:", &line); scanErr != nil || line < 1 {
		return err
	}
	reason := fmt.Sprintf("the line %q of the zone %s", envelope.Excerpt(strings.TrimSpace(syntax.Value)), syntax.Reason)
	if strings.HasPrefix(strings.TrimSpace(syntax.Value), "#") {
		reason = "a comment in a zone begins with \";\""
	}
	switch {
	case z.file != "":
		return fmt.Errorf("%s:%d: %s", z.file, line, reason)
	case line <= len(z.at.lines):
		*z.at = *z.at.at(line - 1)
		return z.at.fault("%s", reason)
	}
	return err
}
