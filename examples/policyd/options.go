package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
	"mxrules.example/greylist/identity"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
)

// options is the command line.
type options struct {
	listen    string
	hostname  string
	mailboxes string // a file
	greylist  string // a file
	servers   []string
	zone      string // a file
	marks     map[string]string
	site      policies.Site
	choose    func(policies.Site) (verdict.Policy, error)
	resolver  envelope.Resolver
}

// parseOptions parses the command line. The error is flag.ErrHelp for -help.
func parseOptions(args []string) (*options, error) {
	o := &options{marks: map[string]string{}, choose: policies.Standard}
	flags := o.flagSet()
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if len(o.site.Domains) == 0 {
		return o, errors.New("-our-domains is required")
	}
	return o, nil
}

func (o *options) flagSet() *flag.FlagSet {
	flags := flag.NewFlagSet("policyd", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run prints the error
	flags.Usage = func() {}     // and the help
	flags.StringVar(&o.listen, "listen", "127.0.0.1:10040", "listen on this `address`, or on unix:PATH")
	flags.Func("policy", "the `name` of the policy: standard (the default), strict, bulk, submission or trial", func(name string) (err error) {
		o.choose, err = policies.Named(name)
		return err
	})
	flags.Func("our-domains", "the `domains` that the site accepts mail for, separated by commas", list(&o.site.Domains))
	flags.Func("our-names", "the host `names` of the site", list(&o.site.Names))
	flags.Func("our-nets", "the `networks` of the site, whose clients may relay", o.addNetworks)
	flags.StringVar(&o.mailboxes, "mailboxes", "", "the `file` of the mailboxes; without it every mailbox exists, and Postfix rejects the others")
	flags.Func("mailing-lists", "`domains` of mailing lists, whose mail need not pass DMARC", list(&o.site.MailingLists))
	flags.Func("dnsbl", "with -policy strict or trial: reject clients on this DNS `list`, as in list.example=127.0.0.2; may be repeated", o.addList)
	flags.StringVar(&o.greylist, "greylist", "", "the `file` of the store of greylisting; without it nothing is greylisted")
	flags.StringVar(&o.hostname, "hostname", "", "add Authentication-Results in this `name`")
	flags.Func("mark", "what a mark does, as `MARK=ACTION` with an action of access(5); may be repeated", o.addMark)
	flags.Func("dns", "use the DNS servers at these `addresses`, separated by commas, in place of those of the system", list(&o.servers))
	flags.StringVar(&o.zone, "zone", "", "use only the records of this master `file`")
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

// list returns the function of a flag with values that are separated by commas.
func list(values *[]string) func(string) error {
	return func(text string) error {
		for value := range strings.SplitSeq(text, ",") {
			*values = append(*values, strings.TrimSpace(value))
		}
		return nil
	}
}

func (o *options) addNetworks(text string) error {
	for value := range strings.SplitSeq(text, ",") {
		network, err := netip.ParsePrefix(strings.TrimSpace(value))
		if err != nil {
			return err
		}
		o.site.Networks = append(o.site.Networks, network)
	}
	return nil
}

func (o *options) addList(text string) error {
	list, err := dnsbl.ParseList(text)
	o.site.Lists = append(o.site.Lists, list)
	return err
}

func (o *options) addMark(text string) error {
	mark, action, found := strings.Cut(text, "=")
	if !found || mark == "" || action == "" || envelope.CleanText(action, false) != action {
		return fmt.Errorf("%q is not of the form MARK=ACTION", text)
	}
	o.marks[mark] = action
	return nil
}

// open opens the files of the site, and returns the function that closes them.
func (o *options) open(log *slog.Logger) (site policies.Site, stop func() error, err error) {
	site, stop = o.site, func() error { return nil }
	if o.mailboxes != "" {
		report := func(err error) { log.Error("mailboxes", "error", err.Error()) }
		if site.Mailboxes, err = directory.File(o.mailboxes, report); err != nil {
			return site, stop, err
		}
	}
	if o.resolver, err = o.newResolver(); err != nil || o.greylist == "" {
		return site, stop, err
	}
	secret, err := readSecret(o.greylist + ".secret")
	if err != nil {
		return site, stop, err
	}
	store, err := bolt.Open(o.greylist, bolt.Options{})
	if err != nil {
		return site, stop, err
	}
	site.Greylist = greylist.Known(store, greylist.Options{Secret: secret, Identity: identity.Of})
	return site, store.Close, nil
}

func (o *options) newResolver() (envelope.Resolver, error) {
	if o.zone == "" {
		return resolver.New(resolver.Config{Servers: o.servers})
	}
	text, err := os.ReadFile(o.zone)
	if err != nil {
		return nil, err
	}
	world, err := zone.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.zone, err)
	}
	return world, nil
}

// readSecret reads the secret of greylisting, and creates the file if it does not exist.
func readSecret(name string) (greylist.Secret, error) {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		_, err = file.WriteString(rand.Text() + "\n")
		err = errors.Join(err, file.Sync(), file.Close())
	case errors.Is(err, fs.ErrExist):
		err = nil
	}
	secret, readErr := os.ReadFile(name)
	return secret, cmp.Or(err, readErr)
}
