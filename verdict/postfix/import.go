package postfix

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Options are the options of Read.
type Options struct {
	// File is the name of the main.cf, for errors and the report. "" means "main.cf".
	File string
	// ReadFile returns the content of a file that main.cf names, such as a table. nil
	// means that there are none, and a reference to one is an error.
	ReadFile func(name string) ([]byte, error)
	// Services says what the programs of check_policy_service do, by the server as
	// main.cf names it: "unix:private/policyd-spf", "inet:127.0.0.1:10023".
	Services map[string]Service
	// LeaveOut leaves out what cannot be carried over, with a line of the report. By
	// default it is an error.
	LeaveOut bool
}

// Service is what a policy server does.
type Service uint8

const (
	// SPF rejects mail that fails SPF: policyd-spf with its defaults.
	SPF Service = iota + 1
	// Greylisting defers mail that is not known yet: postgrey. The store is in memory.
	Greylisting
)

// Import is what Read made of a main.cf.
type Import struct {
	// Policy judges as the restrictions do.
	Policy verdict.Policy
	// Report says what became of each restriction.
	Report Report

	program program
}

// Read reads the restrictions of a main.cf and the tables that they name. The error
// joins everything that cannot be carried over, each with its file and line.
func Read(main string, o Options) (*Import, error) {
	if o.File == "" {
		o.File = "main.cf"
	}
	params, err := parseMain(o.File, main)
	if err != nil {
		return nil, err
	}
	im := &importer{options: o, main: params, tables: map[string]*Table{}, named: map[string][]string{}}
	im.program.file = o.File
	im.read()
	if len(im.errs) > 0 {
		return nil, errors.Join(im.errs...)
	}
	result := &Import{Policy: im.program.policy(), program: im.program}
	for _, line := range im.lines {
		result.Report = append(result.Report, *line)
	}
	return result, result.Policy.Validate()
}

// importer is one call of Read.
type importer struct {
	options Options
	main    parameters
	tables  map[string]*Table
	named   map[string][]string // the domains of each address class
	program program
	lines   []*Line // of the report
	line    *Line   // of the restriction that is being carried over
	errs    []error
	relay   bool // a list has a restriction that keeps this server from being an open relay
}

// read carries everything over, in the order in which smtpd decides.
func (im *importer) read() {
	im.program.soft = im.yes("soft_bounce")
	delayed := im.yes("smtpd_delay_reject")
	lists := im.lists()
	if delayed {
		im.before()
	}
	for i, l := range lists {
		if l.stage == envelope.Rcpt && !delayed {
			im.before()
			delayed = true
		}
		im.list(l)
		if l.stage == envelope.Rcpt && lists[i+1].stage == envelope.Data && im.unlistedFollows() {
			im.unlisted(&scope{list: &list{parameter: "smtpd_reject_unlisted_recipient", stage: envelope.Rcpt}}, recipientListed)
		}
		if l.parameter == "smtpd_sender_restrictions" && im.yes("smtpd_reject_unlisted_sender") {
			im.unlisted(&scope{list: &list{parameter: "smtpd_reject_unlisted_sender", stage: envelope.Mail}}, im.senderListed)
		}
	}
	im.mention()
	if !im.relay && len(im.errs) == 0 {
		im.fail(im.options.File, 0, errors.New("neither smtpd_relay_restrictions nor smtpd_recipient_restrictions has a restriction such as reject_unauth_destination, so that Postfix would not start"))
	}
}

// lists returns the lists of restrictions in their order.
func (im *importer) lists() []*list {
	relay, recipient := "smtpd_relay_restrictions", "smtpd_recipient_restrictions"
	if !im.yes("smtpd_relay_before_recipient_restrictions") {
		relay, recipient = recipient, relay
	}
	lists := []*list{
		{parameter: "smtpd_client_restrictions", stage: envelope.Connect},
		{parameter: "smtpd_helo_restrictions", stage: envelope.Helo},
		{parameter: "smtpd_sender_restrictions", stage: envelope.Mail},
		{parameter: relay, stage: envelope.Rcpt},
		{parameter: recipient, stage: envelope.Rcpt},
		{parameter: "smtpd_data_restrictions", stage: envelope.Data},
	}
	for _, l := range slices.Backward(lists) {
		if l.stage == envelope.Rcpt && im.unlistedFollows() {
			break
		}
		l.last = true
		if im.value(l.parameter) != "" {
			break
		}
	}
	return lists
}

// outside are parameters that decide about mail, but not as restrictions do.
var outside = [...]struct{ parameter, why string }{
	{"smtpd_end_of_data_restrictions", "restrictions at the end of the message are not carried over"},
	{"smtpd_etrn_restrictions", "ETRN is not about a message"},
	{"header_checks", "a policy does not filter by content"},
	{"body_checks", "a policy does not filter by content"},
	{"smtpd_milters", "what a milter does is not known here"},
	{"smtpd_proxy_filter", "what the filter does is not known here"},
	{"smtpd_reject_footer", "see verdict.Rule.See"},
	{"rbl_reply_maps", "replies have the texts of this library"},
	{"default_rbl_reply", "replies have the texts of this library"},
	{"smtpd_client_message_rate_limit", "see package greylist/quota"},
	{"smtpd_client_recipient_rate_limit", "see package greylist/quota"},
	{"smtpd_tls_security_level", "the server demands TLS; see client.TLS"},
	{"strict_rfc821_envelopes", "the syntax is always that of RFC 5321"},
}

// mention adds to the report the parameters that are set and are not restrictions.
func (im *importer) mention() {
	if im.program.soft {
		im.under(im.begin(Line{Number: im.main["soft_bounce"].line, Parameter: "soft_bounce", Restriction: "yes", Became: []string{"verdict.Policy{Soft: true}"},
			Differs: []string{"the reply codes are those of an RFC: 451 where Postfix changes 504 to 404"}}))
	}
	for _, o := range outside {
		if set, ok := im.main[o.parameter]; ok && set.value != "" {
			im.under(im.begin(Line{Number: set.line, Parameter: o.parameter, Restriction: excerpt(set.value), LeftOut: o.why}))
		}
	}
}

// list carries one list over.
func (im *importer) list(l *list) {
	words, err := splitWords(im.value(l.parameter))
	if err != nil {
		im.fail(im.options.File, im.main[l.parameter].line, fmt.Errorf("%s: %w", l.parameter, err))
		return
	}
	im.restrictions(&scope{list: l}, words)
}

// value returns the expanded value of a parameter.
func (im *importer) value(name string) string {
	x := expander{lookup: im.lookup}
	value, err := x.parameter(name, 0)
	if err != nil {
		im.fail(im.options.File, im.main[name].line, fmt.Errorf("%s: %w", name, err))
	}
	return value
}

// lookup returns the value of a parameter before expansion.
func (im *importer) lookup(name string) (string, error) {
	if set, ok := im.main[name]; ok {
		return set.value, nil
	}
	if name == "mydomain" {
		host, err := im.lookup("myhostname")
		if _, domain, found := strings.Cut(host, "."); found && err == nil {
			return domain, nil
		}
		return "localdomain", err
	}
	if name == "config_directory" {
		return filepath.Dir(im.options.File), nil
	}
	value, known := defaults[name]
	if !known {
		return "", fmt.Errorf("$%s is not set, and its default is not known here", name)
	}
	return value, nil
}

// yes returns the value of a parameter that is yes or no.
func (im *importer) yes(name string) bool {
	switch value := strings.ToLower(im.value(name)); value {
	case "yes":
		return true
	case "no":
	default:
		im.fail(im.options.File, im.main[name].line, fmt.Errorf("%s = %s: the value is neither yes nor no", name, excerpt(value)))
	}
	return false
}

// code returns the value of a parameter that is a reply code.
func (im *importer) code(name string) uint16 {
	value := im.value(name)
	code, err := strconv.ParseUint(value, 10, 16)
	status := envelope.Status{Code: uint16(code)}
	if err != nil || !status.IsFailure() && !status.IsDeferral() {
		im.fail(im.options.File, im.main[name].line, fmt.Errorf("%s = %s: the value is not the reply code of a refusal", name, excerpt(value)))
		return 550
	}
	return status.Code
}

// maxErrors bounds how much is said about a broken file.
const maxErrors = 20

// fail records an error, each once.
func (im *importer) fail(file string, line int, err error) {
	if line > 0 {
		err = fmt.Errorf("%s:%d: %w", file, line, err)
	} else {
		err = fmt.Errorf("%s: %w", file, err)
	}
	for _, known := range im.errs {
		if known.Error() == err.Error() {
			return
		}
	}
	if len(im.errs) < maxErrors {
		im.errs = append(im.errs, err)
	}
}

// readFile reads a file that main.cf names.
func (im *importer) readFile(name string) (string, error) {
	if im.options.ReadFile == nil {
		return "", &os.PathError{Op: "read", Path: name, Err: errors.New("no files were given")}
	}
	raw, err := im.options.ReadFile(name)
	if err == nil && len(raw) > maxFile {
		err = &os.PathError{Op: "read", Path: name, Err: errors.New("the file is too large")}
	}
	return string(raw), err
}

// table returns the table of a reference such as hash:/etc/postfix/access.
func (im *importer) table(reference string) (*Table, error) {
	if t := im.tables[reference]; t != nil {
		return t, nil
	}
	kind, name, found := strings.Cut(strings.TrimPrefix(reference, "proxy:"), ":")
	if !found {
		return nil, fmt.Errorf("%q is not of the form type:name", excerpt(reference))
	}
	text, label := name, name
	if kind == "static" || kind == "inline" {
		label = kind
		if kind == "static" && strings.HasPrefix(name, "{") {
			text = strings.TrimSpace(strings.TrimSuffix(name[1:], "}"))
		}
	} else if !readable(kind) {
		return nil, fmt.Errorf("tables of type %q cannot be read here", excerpt(kind))
	} else {
		var err error
		if text, err = im.readFile(name); err != nil {
			return nil, err
		}
	}
	t, err := ParseTable(kind, label, text)
	if err != nil {
		return nil, err
	}
	im.tables[reference] = t
	return t, nil
}
