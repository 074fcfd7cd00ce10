package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/rdns/dnsbl"
)

// options are what the command line says.
type options struct {
	demo     bool
	listen   string
	dns      string // "system", or addresses
	zoneFile string
	greylist greylisting
	site     site
}

// parseOptions reads the command line. The error is flag.ErrHelp if help was
// asked for.
func parseOptions(args []string) (options, error) {
	var o options
	flags := o.flagSet()
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	case o.demo:
		return o, nil
	case len(o.site.mailboxes) == 0:
		return o, errors.New("without -mailboxes there is nobody to take mail for")
	case o.site.maildir == "":
		return o, errors.New("without -maildir there is no place for mail")
	case len(o.site.lists) > 0 && !o.site.strict:
		return o, errors.New("-dnsbl is given, and only -policy strict asks lists")
	}
	if _, err := envelope.ParseHost(o.site.hostname); err != nil {
		return o, fmt.Errorf("-hostname: %w", err)
	}
	if err := o.greylist.check(); err != nil {
		return o, err
	}
	var err error
	o.site.resolver, err = newResolver(o.dns, o.zoneFile)
	return o, err
}

func (o *options) flagSet() *flag.FlagSet {
	flags := flag.NewFlagSet("mx", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run says what is wrong
	flags.Usage = func() {}     // and prints the help

	host, _ := os.Hostname()
	flags.BoolVar(&o.demo, "demo", false, "play the demonstration and exit")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:2525", "listen on this `address`")
	flags.StringVar(&o.site.hostname, "hostname", host, "the `name` of this server")
	flags.Func("mailboxes", "take mail for these `addresses`, separated by commas, and for postmaster in their domains", o.addMailboxes)
	flags.StringVar(&o.site.maildir, "maildir", "", "the `folder` that holds a maildir for each mailbox")
	flags.Func("our-nets", "`networks` whose clients may greet as they like and need no name in DNS", addNetworks(&o.site.networks))
	flags.Func("blocked-nets", "`networks` whose clients are turned away at the greeting", addNetworks(&o.site.blocked))
	flags.Func("policy", "`standard`, which is the default, or strict, which takes mail only from servers that introduce themselves as they should", o.choosePolicy)
	flags.Func("dnsbl", "with -policy strict: refuse clients on this `list`, as in list.example=127.0.0.2-127.0.0.9,127.0.0.11; may be repeated", o.addList)
	flags.Func("dmarc", "what to do with mail that its author's domain does not stand behind: `mark`, which is the default, and deliver it; reject what its owner asks to reject; off", o.site.dmarc.choose)
	flags.Func("greylist", "remember who is asked to come back later in this `place`: a file, which is greylist.db in the folder of -maildir by default; a Redis server for several machines, as in redis://user:password@192.0.2.1:6379; or off, and nobody is asked", o.greylist.choose)
	flags.DurationVar(&o.greylist.delay, "greylist-delay", 5*time.Minute, "let them in after this `long`")
	flags.StringVar(&o.greylist.secret, "greylist-secret", "", "a `file` with the secret under which they are remembered, the same for all machines that share a store; it is made if it is not there, and greylist.secret in the folder of -maildir by default")
	flags.DurationVar(&o.site.bannerDelay, "banner-delay", 0, "wait this `long` before the greeting, and notice who does not")
	flags.StringVar(&o.dns, "dns", "system", "ask the DNS servers of the system, or those at these `addresses`, separated by commas")
	flags.StringVar(&o.zoneFile, "zone", "", "ask no DNS server but this master `file`")
	return flags
}

// help describes the flags.
func (o *options) help() string {
	var b bytes.Buffer
	flags := o.flagSet()
	flags.SetOutput(&b)
	b.WriteString("mx receives mail for a few mailboxes. Its log is JSON on the standard error.\n\n")
	flags.PrintDefaults()
	return b.String()
}

func (o *options) choosePolicy(name string) error {
	if name != "standard" && name != "strict" {
		return fmt.Errorf("there is no policy %q; there are: standard, strict", name)
	}
	o.site.strict = name == "strict"
	return nil
}

func (o *options) addList(value string) error {
	list, err := dnsbl.ParseList(value)
	o.site.lists = append(o.site.lists, list)
	return err
}

func (o *options) addMailboxes(value string) error {
	for address := range strings.SplitSeq(value, ",") {
		mailbox, err := envelope.ParseMailbox(address, true)
		switch {
		case err != nil:
			return err
		case mailbox.Domain == "" || mailbox.Route != "":
			return &envelope.SyntaxError{Kind: "mailbox", Value: address, Reason: "is not of the form local-part@domain"}
		}
		o.site.mailboxes = append(o.site.mailboxes, mailbox)
	}
	return nil
}

func addNetworks(networks *[]netip.Prefix) func(value string) error {
	return func(value string) error {
		for network := range strings.SplitSeq(value, ",") {
			prefix, err := netip.ParsePrefix(network)
			if err != nil {
				return &envelope.SyntaxError{Kind: "network", Value: network, Reason: "is no prefix, as in 192.0.2.0/24"}
			}
			*networks = append(*networks, prefix)
		}
		return nil
	}
}
