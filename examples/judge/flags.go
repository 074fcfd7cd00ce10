package main

import (
	"errors"
	"flag"
	"maps"
	"strings"

	"mxrules.example/verdict/judge"
)

// flags are the flags besides those of package verdict/judge.
type flags struct {
	set  *flag.FlagSet
	site facts
	from importing
	pages
}

func (f *flags) add(set *flag.FlagSet) {
	f.set = set
	set.StringVar(&f.from.file, "import", "", "")
	set.BoolVar(&f.from.source, "go", false, "")
	set.BoolVar(&f.from.leaveOut, "leave-out", false, "")
	set.Func("service", "", f.from.addService)
	set.Func("our-domains", "", f.site.addDomains)
	set.Func("our-names", "", f.site.addNames)
	set.Func("our-nets", "", addNetworks(&f.site.Networks))
	set.Func("gateways", "", addNetworks(&f.site.gatewayNets))
	set.Func("gateway-names", "", func(value string) error {
		f.site.gatewayNames = append(f.site.gatewayNames, strings.Split(value, ",")...)
		return nil
	})
	set.StringVar(&f.site.mailboxFile, "mailboxes", "", "")
	set.Func("owners", "", f.site.addOwners)
	set.Func("dnsbl", "", addList(&f.site.Lists))
	set.Func("domain-list", "", addList(&f.site.domainLists))
	set.Func("asn-zones", "", f.site.addOriginZones)
	set.Func("asns", "", f.site.addSystems)
	set.StringVar(&f.link, "link", "", "")
	set.StringVar(&f.keyFile, "link-key", "", "")
}

// given returns the names of the flags of the command line.
func (f *flags) given() map[string]bool {
	given := map[string]bool{}
	f.set.Visit(func(one *flag.Flag) { given[one.Name] = true })
	return given
}

// complete gives the command what the flags say.
func (f *flags) complete(c *judge.Command, report func(error)) (err error) {
	if err := f.from.conflict(f.given()); err != nil {
		return err
	}
	if err := f.linking(c); err != nil {
		return err
	}
	if err := f.site.openMailboxes(report); err != nil {
		return err
	}
	if c.Gateways, err = f.site.gateways(); err != nil {
		return err
	}
	c.Site = judge.Site{Mailboxes: f.site.Mailboxes, Owners: f.site.Owners, Settings: f.site.settings()}
	c.Checks, c.Lacks, c.Specimens = everyCheck(f.site), f.site.lacks, f.site.specimens()
	if err := f.from.read(); err != nil || f.from.imported == nil {
		return err
	}
	c.Policies = maps.Clone(c.Policies)
	c.Policies["import"], c.Default = judge.Fixed(f.from.imported.Policy), "import"
	return nil
}

// begin prints the import, and probes the DNS lists if the DNS is real.
func (f *flags) begin(s judge.Start) error {
	if s.Resolver != nil {
		probeLists(s.Resolver, f.site, s.Report)
	}
	if f.from.imported == nil {
		return nil
	}
	if !f.from.source {
		return f.from.writeReport(s.Notes)
	}
	return errors.Join(f.from.writeSource(s.Output), judge.ErrDone)
}
