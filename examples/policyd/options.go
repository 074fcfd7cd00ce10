package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/examples/internal/site"
)

// options is the command line.
type options struct {
	listen   string
	hostname string
	marks    map[string]string
	site     site.Options
}

// parseOptions parses the command line. The error is flag.ErrHelp for -help.
func parseOptions(args []string) (*options, error) {
	o := &options{marks: map[string]string{}}
	flags := o.flagSet()
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return o, o.site.Check()
}

func (o *options) flagSet() *flag.FlagSet {
	flags := flag.NewFlagSet("policyd", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints the error
	flags.Usage = func() {}     // and the help
	flags.StringVar(&o.listen, "listen", "127.0.0.1:10040", "listen on this `address`, or on unix:PATH")
	flags.StringVar(&o.hostname, "hostname", "", "add Authentication-Results in this `name`")
	flags.Func("mark", "what a mark does, as `MARK=ACTION` with an action of access(5); may be repeated", o.addMark)
	o.site.Add(flags)
	return flags
}

// help returns the description of the flags.
func (o *options) help() string {
	var b bytes.Buffer
	flags := o.flagSet()
	flags.SetOutput(&b)
	b.WriteString("policyd is a policy server for Postfix. Its log is JSON, on standard error.\n\n")
	flags.PrintDefaults()
	return b.String()
}

func (o *options) addMark(text string) error {
	mark, action, found := strings.Cut(text, "=")
	if !found || mark == "" || action == "" || envelope.CleanText(action, false) != action {
		return fmt.Errorf("%q is not of the form MARK=ACTION", text)
	}
	o.marks[mark] = action
	return nil
}
