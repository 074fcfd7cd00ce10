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
	"mxrules.example/examples/policies"
	"mxrules.example/rdns/dnsbl"
)

// options are the options of the command line.
type options struct {
	demo     bool
	listen   string
	dns      []string // addresses of servers, nil for those of the system
	zoneFile string
	greylist greylisting
	policy   string // its name
	choices  string // the file of the choices of mailboxes, "" without one
	gateways relaying
	web      web
	site     site
}

// parseOptions parses the command line. The error is flag.ErrHelp for -help.
func parseOptions(args []string) (options, error) {
	var o options
	flags := o.flagSet()
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.demo:
		return o, nil
	case len(o.site.mailboxes) == 0:
		return o, errors.New("-mailboxes is required")
	case o.site.maildir == "":
		return o, errors.New("-maildir is required")
	case len(o.site.lists) > 0 && o.policy != "strict" && o.policy != "trial":
		return o, errors.New("-dnsbl needs -policy strict or trial")
	case o.choices != "" && o.policy == "submission":
		return o, errors.New("-choices is for mail from outside, and not for -policy submission")
	}
	if _, err := envelope.ParseHost(o.site.hostname); err != nil {
		return o, fmt.Errorf("-hostname: %w", err)
	}
	if err := o.greylist.check(); err != nil {
		return o, err
	}
	if err := o.web.check(); err != nil {
		return o, err
	}
	var err error
	if o.site.behind, err = o.gateways.behind(); err != nil {
		return o, err
	}
	o.site.resolver, err = newResolver(o.dns, o.zoneFile)
	return o, err
}

func (o *options) flagSet() *flag.FlagSet {
	flags := flag.NewFlagSet("mx", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints the error
	flags.Usage = func() {}     // and the help

	host, _ := os.Hostname()
	flags.BoolVar(&o.demo, "demo", false, "play the demonstration, and exit")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:2525", "listen on this `address`")
	flags.StringVar(&o.site.hostname, "hostname", host, "the `name` of this server")
	flags.Func("mailboxes", "accept mail for these `addresses`, separated by commas, and for the postmaster of their domains", o.addMailboxes)
	flags.StringVar(&o.site.maildir, "maildir", "", "the `folder` with a maildir for each mailbox")
	flags.Func("our-nets", "`networks` whose clients need no valid HELO name and no PTR record", addNetworks(&o.site.networks))
	flags.Func("blocked-nets", "`networks` whose clients are rejected in place of the greeting", addNetworks(&o.site.blocked))
	flags.Func("gateways", "`networks` of gateways of the site that relay mail to this server; each message is judged about the client that the gateway received it from", addNetworks(&o.gateways.networks))
	flags.Func("gateway-names", "the `names` that the gateways write after \"by\" in the Received field", addNames(&o.gateways.names))
	flags.Func("gateway-missing", "`tempfail` a message of a gateway that does not name the client (the default), or judge the gateway itself", o.gateways.choose)
	flags.Func("mailing-lists", "`domains` of mailing lists with subscribers here, separated by commas: their mail need not pass DMARC", addNames(&o.site.mailingLists))
	flags.Func("forwarders", "`domains` that forward mail to users here, separated by commas: their mail need not pass SPF and DMARC", addNames(&o.site.forwarders))
	flags.StringVar(&o.choices, "choices", "", "the `file` with what the owners of mailboxes have chosen, in lines such as \"bob@example.org no-greylisting only-authenticated\"; only-authenticated rejects what does not pass DMARC. The file is read again when it changes: replace it, do not write in place")
	flags.Func("policy", "`standard` (the default); strict, which accepts mail only from clients with consistent names; bulk, which requires of bulk mail what large providers require; trial, which is standard and logs what strict would reject; or submission, which requires a login and so rejects all mail here", o.choosePolicy)
	flags.Func("dnsbl", "with -policy strict or trial: reject clients on this DNS `list`, as in list.example=127.0.0.2-127.0.0.9,127.0.0.11; may be repeated", o.addList)
	flags.Func("greylist", "the `store` of greylisting: a file (default greylist.db in the folder of -maildir); a Redis server, as in redis://user:password@192.0.2.1:6379; or off", o.greylist.choose)
	flags.DurationVar(&o.greylist.delay, "greylist-delay", 5*time.Minute, "accept a retry after this `duration`")
	flags.StringVar(&o.greylist.secret, "greylist-secret", "", "the `file` of the secret of greylisting, the same for all machines that share a store (default greylist.secret in the folder of -maildir); it is created if it does not exist")
	flags.DurationVar(&o.site.bannerDelay, "banner-delay", 0, "send the greeting after this `duration`, to detect clients that do not wait for it")
	flags.Func("dns", "use the DNS servers of the `system` (the default), or those at these addresses, separated by commas", o.addServers)
	flags.StringVar(&o.web.listen, "web", "", "serve the pages that refusals link to at this `address`, for a proxy that adds TLS")
	flags.StringVar(&o.web.link, "web-link", "", "the `URL` of the pages, as in https://postmaster.example.org")
	flags.Func("web-proxies", "`networks` of proxies before the pages, which name the visitor in X-Forwarded-For; without them the form tests the address that a request comes from", addNetworks(&o.web.proxies))
	flags.StringVar(&o.zoneFile, "zone", "", "use only the records of this master `file`")
	return flags
}

// help returns the description of the flags.
func (o *options) help() string {
	var b bytes.Buffer
	flags := o.flagSet()
	flags.SetOutput(&b)
	b.WriteString("mx receives mail for a few mailboxes. Its log is JSON, on standard error.\n\n")
	flags.PrintDefaults()
	return b.String()
}

func (o *options) choosePolicy(name string) (err error) {
	o.policy = name
	o.site.choose, err = policies.Named(name)
	return err
}

func (o *options) addServers(value string) error {
	if o.dns = nil; value != "system" {
		o.dns = strings.Split(value, ",")
	}
	return nil
}

func (o *options) addList(value string) error {
	list, err := dnsbl.ParseList(value)
	o.site.lists = append(o.site.lists, list)
	return err
}

func (o *options) addMailboxes(value string) error {
	for address := range strings.SplitSeq(value, ",") {
		mailbox, err := parseAddress(address)
		if err != nil {
			return err
		}
		o.site.mailboxes = append(o.site.mailboxes, mailbox)
	}
	return nil
}

// parseAddress parses the address of a mailbox in a domain.
func parseAddress(address string) (envelope.Mailbox, error) {
	mailbox, err := envelope.ParseMailbox(address, true)
	if err == nil && (mailbox.Domain == "" || mailbox.Route != "") {
		err = &envelope.SyntaxError{Kind: "mailbox", Value: address, Reason: "is not of the form local-part@domain"}
	}
	return mailbox, err
}

func addNames(names *[]string) func(value string) error {
	return func(value string) error {
		for name := range strings.SplitSeq(value, ",") {
			if _, err := envelope.ParseHostSet(name); err != nil {
				return err
			}
			*names = append(*names, name)
		}
		return nil
	}
}

func addNetworks(networks *[]netip.Prefix) func(value string) error {
	return func(value string) error {
		for network := range strings.SplitSeq(value, ",") {
			prefix, err := netip.ParsePrefix(network)
			if err != nil {
				return &envelope.SyntaxError{Kind: "network", Value: network, Reason: "is not a prefix such as 192.0.2.0/24"}
			}
			*networks = append(*networks, prefix)
		}
		return nil
	}
}
