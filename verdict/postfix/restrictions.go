package postfix

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/helo"
)

// Bounds of restriction classes.
const (
	maxClasses    = 10
	maxRules      = 2000
	maxConditions = 64 // of a rule: permits before it in its list
)

// restrictions carries over the words of a list, a class or the value of a table.
func (im *importer) restrictions(s *scope, words []string) {
	for len(words) > 0 {
		if len(im.program.rules) > maxRules || len(im.lines) > maxRules {
			im.fail(im.options.File, 0, fmt.Errorf("the lists have more than %d restrictions", maxRules))
			return
		}
		if len(s.when)+len(s.unless) > maxConditions {
			im.fail(im.options.File, im.main[s.list.parameter].line, fmt.Errorf("%s has more than %d restrictions that permit", s.list.parameter, maxConditions))
			return
		}
		words = im.next(s, words)
	}
}

// next carries over the first restriction of words and returns the words after it.
func (im *importer) next(s *scope, words []string) []string {
	name, rest := strings.ToLower(words[0]), words[1:]
	if name == "warn_if_reject" {
		if len(rest) == 0 {
			im.fail(im.options.File, im.number(s, words[0]), errors.New("warn_if_reject is not followed by a restriction"))
			return nil
		}
		outer := s.shadow
		s.shadow = true
		rest = im.next(s, rest)
		s.shadow = outer
		return rest
	}
	argument, full := "", words[0]
	switch known, found := known(canonical(name)); {
	case found && known.argument && len(rest) == 0:
		defer im.under(im.begin(s.line(im, full)))
		im.leaveOut(s, errors.New("the argument is missing"))
		return nil
	case found && known.argument:
		argument, rest = rest[0], rest[1:]
		full += " " + argument
	case !found && strings.Contains(words[0], ":"):
		name, argument = implied[s.list.parameter], words[0] // check_..._access is implied
	}
	defer im.under(im.begin(s.line(im, full)))
	im.restriction(s, canonical(name), words[0], argument)
	return rest
}

// implied is the restriction of a table that stands alone in a list.
var implied = map[string]string{
	"smtpd_client_restrictions":    "check_client_access",
	"smtpd_helo_restrictions":      "check_helo_access",
	"smtpd_sender_restrictions":    "check_sender_access",
	"smtpd_relay_restrictions":     "check_recipient_access",
	"smtpd_recipient_restrictions": "check_recipient_access",
}

// restriction carries one restriction over.
func (im *importer) restriction(s *scope, name, written, argument string) {
	known, found := known(name)
	class, isClass := im.class(written)
	switch {
	case s.ended:
		im.line.Became = append(im.line.Became, "nothing: it is never reached")
	case isClass:
		im.inClass(s, written, class)
	case !found:
		im.leaveOut(s, errors.New("the restriction is not known here"))
	case known.refusal != "":
		im.leaveOut(s, errors.New(known.refusal))
	case known.stage != 0 && !im.reached(s.list.stage, known.stage):
		im.line.Became = append(im.line.Became, "nothing: the list is tried before what it needs is known")
	default:
		im.line.Differs = append(im.line.Differs, known.differs...)
		if known.stage == envelope.Helo && !(im.yes("smtpd_helo_required") && im.yes("smtpd_delay_reject")) {
			s = s.within(expr{"helo.Present", helo.Present})
		}
		if err := known.carry(im, s, argument); err != nil {
			im.leaveOut(s, err)
		}
	}
}

// reached reports whether what needs a stage can be found when a list is tried.
func (im *importer) reached(at, needs envelope.Stage) bool {
	return im.yes("smtpd_delay_reject") || at >= needs
}

// class returns the restrictions of a class.
func (im *importer) class(name string) (words []string, found bool) {
	names, err := splitWords(im.value("smtpd_restriction_classes"))
	if err != nil || !slices.Contains(names, name) {
		return nil, false
	}
	words, err = splitWords(im.value(name))
	if err != nil {
		im.fail(im.options.File, im.main[name].line, fmt.Errorf("%s: %w", name, err))
	}
	return words, true
}

// inClass carries the restrictions of a class over, in the place of its name.
func (im *importer) inClass(s *scope, name string, words []string) {
	if slices.Contains(s.classes, name) || len(s.classes) >= maxClasses {
		im.leaveOut(s, fmt.Errorf("the class %s refers to itself, or there are more than %d within each other", name, maxClasses))
		return
	}
	im.line.Became = append(im.line.Became, "the restrictions of the class:")
	s.classes = append(s.classes, name)
	im.restrictions(s, words)
	s.classes = s.classes[:len(s.classes)-1]
}

// line returns the line of a restriction in the report.
func (s *scope) line(im *importer, restriction string) Line {
	number, parameter := im.number(s, restriction), s.list.parameter
	if n := len(s.classes); n > 0 {
		parameter += " > " + strings.Join(s.classes, " > ")
	}
	if s.shadow {
		restriction = "warn_if_reject " + restriction
	}
	return Line{Number: number, Parameter: parameter, Restriction: restriction}
}

// begin adds a line to the report and returns the line before it, for under.
func (im *importer) begin(line Line) (outer *Line) {
	outer = im.line
	line.File = im.options.File
	im.line = &line
	im.lines = append(im.lines, &line)
	return outer
}

// under returns to the line of the restriction around.
func (im *importer) under(outer *Line) { im.line = outer }

// number returns the line of a restriction in the list or class that is being carried
// over.
func (im *importer) number(s *scope, restriction string) int {
	name := s.list.parameter
	if s.inTable() != "" {
		return im.line.Number // of the restriction that names the table
	}
	if n := len(s.classes); n > 0 && im.main[s.classes[n-1]].line > 0 {
		name = s.classes[n-1]
	}
	return im.main[name].lineOf(strings.Fields(restriction)...)
}

// inTable returns "value of" and the table that s is the value of, "" if it is none.
func (s *scope) inTable() string {
	if n := len(s.classes); n > 0 && strings.HasPrefix(s.classes[n-1], valueOf) {
		return s.classes[n-1]
	}
	return ""
}

// differs adds a difference to the line of the report.
func (im *importer) differs(what string) {
	if !slices.Contains(im.line.Differs, what) {
		im.line.Differs = append(im.line.Differs, what)
	}
}

// leaveOut leaves the restriction of the line out, or records an error.
func (im *importer) leaveOut(s *scope, err error) {
	if im.options.LeaveOut {
		im.line.LeftOut = err.Error()
		return
	}
	what := im.line.Restriction
	if value := s.inTable(); value != "" {
		what += ", a " + value + ","
	}
	im.fail(im.options.File, im.line.Number, fmt.Errorf("%s cannot be carried over: %w", what, err))
}

// emit adds a rule with the conditions of the scope.
func (im *importer) emit(s *scope, r rule) {
	r = s.apply(r)
	placed := placed{rule: r, comment: fmt.Sprintf("%s: %s: %s", im.line.at(), im.line.Parameter, im.line.Restriction)}
	im.program.rules = append(im.program.rules, placed)
	im.line.Became = append(im.line.Became, r.source)
}

// permit ends the list if x passes.
func (im *importer) permit(s *scope, x expr) {
	if s.list.last {
		accepting := *s
		accepting.shadow = false // warn_if_reject does not change what permits
		im.emit(&accepting, acceptIf(x))
		return
	}
	s.ends(x)
	im.line.Became = append(im.line.Became, "the rest of the list applies unless "+s.unless[len(s.unless)-1].source)
}

// refuse refuses if x does not pass, with the reply code of a parameter.
func (im *importer) refuse(s *scope, x expr, parameter string, natural envelope.Status) {
	im.emit(s, refusalWith(im.code(parameter), x, natural))
}

// refusalWith returns the rule that refuses with a code if x does not pass. natural is
// the status of its finding.
func refusalWith(code uint16, x expr, natural envelope.Status) rule {
	r, status := rejectUnless(x), natural
	if code < 500 {
		r, status = tempFailUnless(x), natural.Deferral()
	}
	if status.Code != code {
		status.Code = code
		r = r.reply(status)
	}
	return r
}
