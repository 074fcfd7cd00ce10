package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/examples/policies"
)

// options are what the command line says.
type options struct {
	json        bool
	policy      string
	checks      string // names, "all", or "" for the policy
	site        policies.Site
	lists       []dnsList
	dns         string // "system", an address, or ""
	zoneFile    string
	messageFile string
	line        line     // the envelope of the flags
	hasEnvelope bool     // there is one
	files       []string // of lines; "-" is the standard input
}

// envelopeFlags are the flags that say what is judged, rather than how.
const envelopeFlags = " ip helo from to login tls smtputf8 spoke-early message stage now "

// parseOptions reads the command line. The error is flag.ErrHelp if help was
// asked for.
func parseOptions(args []string) (options, error) {
	var o options
	flags := o.flagSet()
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) {
		given[f.Name] = true
		o.hasEnvelope = o.hasEnvelope || strings.Contains(envelopeFlags, " "+f.Name+" ")
	})
	o.files = flags.Args()
	for _, file := range o.files {
		if len(file) > 1 && file[0] == '-' {
			return o, fmt.Errorf("the flag %s stands behind a file: flags come first", file)
		}
	}
	switch {
	case o.hasEnvelope && len(o.files) > 0:
		return o, errors.New("an envelope is given by flags, and files as well: one or the other")
	case given["policy"] && given["checks"]:
		return o, errors.New("-policy and -checks are given: one or the other")
	case o.zoneFile != "" && o.dns != "":
		return o, errors.New("-zone and -dns are given: one or the other")
	}
	if !o.hasEnvelope && len(o.files) == 0 {
		o.files = []string{"-"}
	}
	return o, o.finishLine()
}

// finishLine reads the message, and finds what is wrong with the envelope of
// the flags before anything is judged.
func (o *options) finishLine() error {
	if o.messageFile != "" {
		raw, err := os.ReadFile(o.messageFile)
		if err != nil {
			return err
		}
		o.line.file = envelope.NewMessage(raw)
	}
	_, _, err := o.line.read()
	return err
}

func (o *options) flagSet() *flag.FlagSet {
	flags := flag.NewFlagSet("judge", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run says what is wrong
	flags.Usage = func() {}     // and prints the help

	flags.StringVar(&o.line.ClientIP, "ip", "", "")
	flags.StringVar(&o.line.Helo, "helo", "", "")
	flags.StringVar(&o.line.MailFrom, "from", "", "")
	flags.Func("to", "", func(value string) error {
		o.line.RcptTo = append(o.line.RcptTo, splitRecipients(value)...)
		return nil
	})
	flags.StringVar(&o.line.Login, "login", "", "")
	flags.BoolVar(&o.line.TLS, "tls", false, "")
	flags.BoolVar(&o.line.SMTPUTF8, "smtputf8", false, "")
	flags.BoolVar(&o.line.SpokeEarly, "spoke-early", false, "")
	flags.StringVar(&o.messageFile, "message", "", "")
	flags.StringVar(&o.line.Stage, "stage", "", "")
	flags.StringVar(&o.line.Now, "now", "", "")

	flags.StringVar(&o.policy, "policy", "standard", "")
	flags.StringVar(&o.checks, "checks", "", "")
	flags.Func("our-domains", "", o.addDomains)
	flags.Func("our-names", "", o.addNames)
	flags.Func("our-nets", "", o.addNetworks)
	flags.Func("dnsbl", "", o.addList)

	flags.StringVar(&o.zoneFile, "zone", "", "")
	flags.StringVar(&o.dns, "dns", "", "")
	flags.BoolVar(&o.json, "json", false, "")
	return flags
}

func (o *options) addDomains(value string) error {
	for domain := range strings.SplitSeq(value, ",") {
		host, err := envelope.ParseHost(domain)
		if err != nil {
			return err
		}
		o.site.Domains = append(o.site.Domains, string(host))
	}
	return nil
}

func (o *options) addNames(value string) error {
	for name := range strings.SplitSeq(value, ",") {
		if _, err := envelope.ParseHostSet(name); err != nil {
			return err
		}
		o.site.Names = append(o.site.Names, name)
	}
	return nil
}

func (o *options) addNetworks(value string) error {
	for network := range strings.SplitSeq(value, ",") {
		prefix, err := netip.ParsePrefix(network)
		if err != nil {
			addr, err := netip.ParseAddr(network)
			if err != nil || addr.Zone() != "" {
				return &envelope.SyntaxError{Kind: "network", Value: network, Reason: "is neither a prefix, as in 192.0.2.0/24, nor an address"}
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		o.site.Networks = append(o.site.Networks, prefix)
	}
	return nil
}

// dnsList is a list in DNS with the answers that count as a listing.
type dnsList struct {
	zone  envelope.Host
	codes []codeRange
}

// codeRange is a range of answers, both ends included.
type codeRange struct{ first, last netip.Addr }

func (o *options) addList(value string) error {
	zone, codes, found := strings.Cut(value, "=")
	if !found {
		return &envelope.SyntaxError{Kind: "DNS list", Value: value, Reason: "has no codes, as in list.example=127.0.0.2-127.0.0.9,127.0.0.11"}
	}
	var list dnsList
	var err error
	if list.zone, err = envelope.ParseHost(zone); err != nil {
		return err
	}
	for code := range strings.SplitSeq(codes, ",") {
		first, last, isRange := strings.Cut(code, "-")
		if !isRange {
			last = first
		}
		r := codeRange{listCode(first), listCode(last)}
		if !r.first.IsValid() || !r.last.IsValid() || r.last.Less(r.first) {
			return &envelope.SyntaxError{Kind: "DNS list code", Value: code, Reason: "is no address within 127.0.0.0/8, nor a range of them"}
		}
		list.codes = append(list.codes, r)
	}
	o.lists = append(o.lists, list)
	return nil
}

// listCode reads an answer that a list may give. It is invalid outside of
// 127.0.0.0/8, where the answers of lists are (RFC 5782, section 2.1).
func listCode(text string) netip.Addr {
	addr, err := netip.ParseAddr(text)
	if err != nil || !netip.MustParsePrefix("127.0.0.0/8").Contains(addr) {
		return netip.Addr{}
	}
	return addr
}

// splitRecipients splits a list of paths at its commas, but for those that are
// part of a path: in a quoted local part ("a,b"@example.org) and in a source
// route (@a.example,@b.example:user@example.org).
func splitRecipients(list string) []string {
	var paths []string
	start, quoted := 0, false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted && !inRoute(list[start:i]):
			paths = append(paths, list[start:i])
			start = i + 1
		}
	}
	return append(paths, list[start:])
}

// inRoute reports whether a path that begins with begin is still in its source
// route.
func inRoute(begin string) bool {
	return strings.HasPrefix(begin, "@") && !strings.Contains(begin, ":")
}
