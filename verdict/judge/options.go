package judge

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
)

// options are the options of the command line.
type options struct {
	json           bool
	withoutMessage bool // in the record
	trace          bool
	svg            string // the file to write, or ""
	picture        string // the same
	record         string // the same
	scenario       string // the same
	anonymous      bool   // the scenario has no real names
	hashKey        string // of the record, or ""
	compare        string // two policies, or ""
	cover          string // the folder of scenario files, or ""
	coverHTML      string // the file to write, or ""
	questions      questions
	policy         string
	hasPolicy      bool   // -policy is given
	checks         string // names, "all", or "" to use the policy
	headers        string // the name of the server that writes fields, or ""
	dns            string // "system", addresses, or ""
	zoneFile       string
	delay          time.Duration
	messageFile    string
	line           line     // the envelope of the flags
	hasEnvelope    bool     // flags describe an envelope
	files          []string // of lines; "-" is the standard input
	unasked        bool     // no flag and no argument names an input: it is the standard input
}

// envelopeFlags are the flags that describe an envelope.
const envelopeFlags = " ip helo from to login tls smtputf8 spoke-early message stage now "

// ofOnePolicy are the flags that -compare has no use for.
var ofOnePolicy = []string{"policy", "checks", "trace", "svg", "picture", "headers", "scenario", "without-message", "hash"}

// parseOptions parses the command line. The error is flag.ErrHelp for -help.
func (c *Command) parseOptions(args []string) (options, error) {
	var o options
	flags := c.flagSet(&o)
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) {
		given[f.Name] = true
		o.hasEnvelope = o.hasEnvelope || strings.Contains(envelopeFlags, " "+f.Name+" ")
	})
	o.files, o.hasPolicy = flags.Args(), given["policy"]
	for _, file := range o.files {
		if len(file) > 1 && file[0] == '-' {
			return o, fmt.Errorf("flag %s after a file: flags must come first", file)
		}
	}
	if err := o.conflict(given, c.Checks != nil); err != nil {
		return o, err
	}
	if !o.hasEnvelope && len(o.files) == 0 {
		o.files, o.unasked = []string{"-"}, true
	}
	return o, errors.Join(o.overwrites(), o.finishLine())
}

// conflict returns the error of flags that exclude each other. ownChecks says that -checks
// is not about the checks of a policy.
func (o *options) conflict(given map[string]bool, ownChecks bool) error {
	switch {
	case o.hasEnvelope && len(o.files) > 0:
		return fmt.Errorf("give an envelope by flags, or files, not both: %q is no flag", envelope.Excerpt(o.files[0]))
	case ownChecks && given["policy"] && given["checks"]:
		return errors.New("give -policy or -checks, not both")
	case o.scenario != "" && o.checks != "":
		return errors.New("give -policy with -scenario, not -checks: a scenario is about a policy")
	case o.anonymous && o.scenario == "":
		return errors.New("-anonymous is about the file of -scenario")
	case o.zoneFile != "" && o.dns != "":
		return errors.New("give -zone or -dns, not both")
	case o.json && o.trace:
		return errors.New("give -json or -trace, not both")
	case o.compare != "" && slices.ContainsFunc(ofOnePolicy, func(name string) bool { return given[name] }):
		wrong := slices.IndexFunc(ofOnePolicy, func(name string) bool { return given[name] })
		return fmt.Errorf("-compare is about two policies: give no -%s", ofOnePolicy[wrong])
	case o.record == "" && (o.withoutMessage || o.hashKey != ""):
		return errors.New("-without-message and -hash are for -record")
	case o.aboutPolicy() && (o.hasEnvelope || len(o.files) > 0 || o.compare != "" || o.checks != "" || o.json):
		return errors.New("-picture, -vet, -cost, -implies, -find and -cover are about a policy and judge nothing: give no envelope, no files, no -compare, no -checks and no -json")
	case o.coverHTML != "" && o.cover == "":
		return errors.New("-coverhtml is about the scenarios of -cover")
	case o.picture != "" && pictureForm(o.picture) == nil:
		return fmt.Errorf("-picture %s: the name must end with .svg or .dot", o.picture)
	case o.delay < 0 || o.delay > time.Second:
		return errors.New("-delay must be between 0 and 1s")
	case o.delay > 0 && o.dns != "":
		return errors.New("-delay delays the answers of a zone, not those of -dns")
	}
	return nil
}

// aboutPolicy reports whether flags ask about a policy, so that nothing is judged.
func (o *options) aboutPolicy() bool {
	return o.picture != "" || o.cover != "" || o.questions.asked()
}

// needsPolicy reports whether the policy of -policy is used. The scenarios of -cover name
// theirs.
func (o *options) needsPolicy() bool {
	return o.cover == "" || o.picture != "" || o.questions.asked()
}

// finishLine reads the message, and returns the error of an invalid envelope before
// anything is judged.
func (o *options) finishLine() error {
	if o.messageFile != "" {
		raw, err := os.ReadFile(o.messageFile)
		if err != nil {
			return err
		}
		o.line.file = envelope.NewMessage(raw)
	}
	for _, path := range append([]string{o.line.MailFrom}, o.line.RcptTo...) {
		if strings.HasSuffix(path, ">") {
			return fmt.Errorf("give the path %q of -from or -to without angle brackets; the null sender is the default", envelope.Excerpt(path))
		}
	}
	_, _, err := o.line.read()
	return err
}

func (c *Command) flagSet(o *options) *flag.FlagSet {
	flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints the error
	flags.Usage = func() {}     // and the help

	flags.StringVar(&o.line.ClientIP, "ip", "", "")
	flags.StringVar(&o.line.Helo, "helo", "", "")
	flags.StringVar(&o.line.MailFrom, "from", "", "")
	flags.Func("to", "", func(value string) error {
		paths := splitPaths(value)
		if len(paths) > 1 && slices.Contains(paths, "") {
			return errors.New("a path of the list is empty")
		}
		o.line.RcptTo = append(o.line.RcptTo, paths...)
		return nil
	})
	flags.StringVar(&o.line.Login, "login", "", "")
	flags.BoolVar(&o.line.TLS, "tls", false, "")
	flags.BoolVar(&o.line.SMTPUTF8, "smtputf8", false, "")
	flags.BoolVar(&o.line.SpokeEarly, "spoke-early", false, "")
	flags.StringVar(&o.messageFile, "message", "", "")
	flags.StringVar(&o.line.Stage, "stage", "", "")
	flags.StringVar(&o.line.Now, "now", "", "")

	flags.StringVar(&o.policy, "policy", "", "")
	flags.StringVar(&o.checks, "checks", "", "")

	flags.StringVar(&o.zoneFile, "zone", "", "")
	flags.StringVar(&o.dns, "dns", "", "")
	flags.DurationVar(&o.delay, "delay", 0, "")
	flags.StringVar(&o.headers, "headers", "", "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.BoolVar(&o.trace, "trace", false, "")
	flags.StringVar(&o.svg, "svg", "", "")
	flags.StringVar(&o.picture, "picture", "", "")
	flags.StringVar(&o.scenario, "scenario", "", "")
	flags.BoolVar(&o.anonymous, "anonymous", false, "")
	flags.StringVar(&o.compare, "compare", "", "")
	flags.BoolVar(&o.questions.vet, "vet", false, "")
	flags.BoolVar(&o.questions.cost, "cost", false, "")
	flags.StringVar(&o.questions.implies, "implies", "", "")
	flags.StringVar(&o.questions.find, "find", "", "")
	flags.StringVar(&o.record, "record", "", "")
	flags.BoolVar(&o.withoutMessage, "without-message", false, "")
	flags.StringVar(&o.hashKey, "hash", "", "")
	flags.StringVar(&o.cover, "cover", "", "")
	flags.StringVar(&o.coverHTML, "coverhtml", "", "")
	if c.Flags.Add != nil {
		c.Flags.Add(flags)
	}
	return flags
}

// splitPaths splits a list of paths at commas, except those that are part of a path:
// in a quoted local part ("a,b"@example.org) and in a source route
// (@a.example,@b.example:user@example.org). It removes blanks around a path.
func splitPaths(list string) []string {
	var paths []string
	start, quoted := 0, false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted && !inRoute(strings.TrimLeft(list[start:i], " ")):
			paths = append(paths, strings.Trim(list[start:i], " "))
			start = i + 1
		}
	}
	return append(paths, strings.Trim(list[start:], " "))
}

// inRoute reports whether begin is a part of a source route.
func inRoute(begin string) bool {
	return strings.HasPrefix(begin, "@") && !strings.Contains(begin, ":")
}
