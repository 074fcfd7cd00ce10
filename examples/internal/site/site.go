// Package site reads what the servers of the examples must know of a site from the
// command line: its domains, networks and mailboxes, the policy, and where to ask DNS.
package site

import (
	"cmp"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

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

// Options are the flags that describe a site. The zero value has the policy standard.
type Options struct {
	mailboxes string // a file
	greylist  string // a file
	delay     time.Duration
	servers   []string
	zone      string // a file
	site      policies.Site
	choose    func(policies.Site) (verdict.Policy, error)
}

// Add adds the flags to a flag set.
func (o *Options) Add(flags *flag.FlagSet) {
	o.choose = policies.Standard
	flags.Func("policy", "the `name` of the policy: standard (the default), strict, bulk, submission or trial", func(name string) (err error) {
		o.choose, err = policies.Named(name)
		return err
	})
	flags.Func("our-domains", "the `domains` that the site accepts mail for, separated by commas", List(&o.site.Domains))
	flags.Func("our-names", "the host `names` of the site", List(&o.site.Names))
	flags.Func("our-nets", "the `networks` of the site, whose clients may relay", o.addNetworks)
	flags.StringVar(&o.mailboxes, "mailboxes", "", "the `file` of the mailboxes; without it every mailbox exists, and Postfix rejects the others")
	flags.Func("mailing-lists", "`domains` of mailing lists, whose mail need not pass DMARC", List(&o.site.MailingLists))
	flags.Func("dnsbl", "with -policy strict or trial: reject clients on this DNS `list`, as in list.example=127.0.0.2; may be repeated", o.addList)
	flags.StringVar(&o.greylist, "greylist", "", "the `file` of the store of greylisting; without it nothing is greylisted")
	flags.DurationVar(&o.delay, "greylist-delay", 5*time.Minute, "accept a retry after this `duration`")
	flags.Func("dns", "use the DNS servers at these `addresses`, separated by commas, in place of those of the system", List(&o.servers))
	flags.StringVar(&o.zone, "zone", "", "use only the records of this master `file`")
}

// Check returns an error if a flag is missing.
func (o *Options) Check() error {
	if len(o.site.Domains) == 0 {
		return errors.New("-our-domains is required")
	}
	return nil
}

// Site is what the options describe, with its files open.
type Site struct {
	Policy   verdict.Policy
	Resolver envelope.Resolver
	Close    func() error
}

// Open opens the files of the site. It calls report if the file of mailboxes changes
// later and is invalid.
func (o *Options) Open(report func(error)) (*Site, error) {
	site := o.site
	opened := &Site{Close: func() error { return nil }}
	var err error
	if o.mailboxes != "" {
		if site.Mailboxes, err = directory.File(o.mailboxes, report); err != nil {
			return nil, err
		}
	}
	if opened.Resolver, err = o.newResolver(); err != nil {
		return nil, err
	}
	if o.greylist != "" {
		secret, err := readSecret(o.greylist + ".secret")
		if err != nil {
			return nil, err
		}
		store, err := bolt.Open(o.greylist, bolt.Options{})
		if err != nil {
			return nil, err
		}
		site.Greylist = greylist.Known(store, greylist.Options{Delay: o.delay, Secret: secret, Identity: identity.Of})
		opened.Close = store.Close
	}
	if opened.Policy, err = o.choose(site); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}

// List returns the function of a flag with values that are separated by commas.
func List(values *[]string) func(string) error {
	return func(text string) error {
		for value := range strings.SplitSeq(text, ",") {
			*values = append(*values, strings.TrimSpace(value))
		}
		return nil
	}
}

func (o *Options) addNetworks(text string) error {
	for value := range strings.SplitSeq(text, ",") {
		network, err := netip.ParsePrefix(strings.TrimSpace(value))
		if err != nil {
			return &envelope.SyntaxError{Kind: "network", Value: value, Reason: "is not a prefix such as 192.0.2.0/24"}
		}
		o.site.Networks = append(o.site.Networks, network)
	}
	return nil
}

func (o *Options) addList(text string) error {
	list, err := dnsbl.ParseList(text)
	o.site.Lists = append(o.site.Lists, list)
	return err
}

func (o *Options) newResolver() (envelope.Resolver, error) {
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
