package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"

	"mxrules.example/examples/internal/site"
)

// options is the command line.
type options struct {
	listen   string
	hostname string
	hold     []string
	size     int64
	site     site.Options
}

// parseOptions parses the command line. The error is flag.ErrHelp for -help.
func parseOptions(args []string) (*options, error) {
	o := new(options)
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
	flags := flag.NewFlagSet("milter", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints the error
	flags.Usage = func() {}     // and the help
	host, _ := os.Hostname()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:10050", "listen on this `address`, or on unix:PATH")
	flags.StringVar(&o.hostname, "hostname", host, "the `name` in Authentication-Results, that of the MTA")
	flags.Func("quarantine", "the MTA holds messages with one of these `marks`, separated by commas", site.List(&o.hold))
	flags.Int64Var(&o.size, "size", 50<<20, "the largest message in `octets`; use message_size_limit of Postfix or more")
	o.site.Add(flags)
	return flags
}

// help returns the description of the flags.
func (o *options) help() string {
	var b bytes.Buffer
	flags := o.flagSet()
	flags.SetOutput(&b)
	b.WriteString("milter lets Postfix judge mail. Its log is JSON, on standard error.\n\n")
	flags.PrintDefaults()
	return b.String()
}
