package mxrules_test

import (
	"context"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/greylist/reputation"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/postfix"
)

// misconfigured has checks with invalid arguments, by the name of each function of the
// library that makes a check.
func misconfigured() map[string][]envelope.Check {
	noPrefix := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), {}}
	known := directory.Lookup(func(context.Context, envelope.Mailbox) (directory.Answer, error) { return directory.Known, nil })
	badList := dnsbl.List{Zone: "list..example"}
	badCode := dnsbl.List{Zone: "list.example", Codes: []string{"192.0.2.1"}}
	store, negative := new(greylist.Memory), greylist.Options{Delay: -time.Second}
	login := quota.Key{Of: quota.Login}
	var noChecker *spf.Checker
	var noDMARC *dmarc.Checker
	bad := envelope.Misconfigured("site.own", envelope.Data, os.ErrInvalid)
	good := envelope.At("site.good", envelope.Connect, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		return envelope.Passed("")
	})
	return map[string][]envelope.Check{
		"client.In":    {client.In(noPrefix)},
		"client.InSet": {client.InSet(nil)},

		"helo.In":      {helo.In("mail.example.org", "exa mple"), helo.In("@example.org"), helo.In("[192.0.2.1]")},
		"helo.InSet":   {helo.InSet(nil), helo.InSet(envelope.SetOf[envelope.Host](nil))},
		"helo.NotOurs": {helo.NotOurs([]string{"a..b"}, nil), helo.NotOurs(nil, noPrefix)},

		"rdns.In":        {rdns.In("*.example.org")},
		"rdns.InSet":     {rdns.InSet(nil)},
		"rdns.NotIn":     {rdns.NotIn("")},
		"rdns.BacksHelo": {rdns.BacksHelo("example.org", "192.0.2.1")},

		"dnsbl.NotListed":       {dnsbl.NotListed(badList), dnsbl.NotListed(badCode)},
		"dnsbl.Listed":          {dnsbl.Listed(badList)},
		"dnsbl.ScoreBelow":      {dnsbl.ScoreBelow(0), dnsbl.ScoreBelow(1, badList), dnsbl.ScoreBelow(1, dnsbl.List{Zone: "list.example", Weight: 1001})},
		"dnsbl.HeloNotListed":   {dnsbl.HeloNotListed(badList)},
		"dnsbl.SenderNotListed": {dnsbl.SenderNotListed(badList)},
		"dnsbl.PTRNotListed":    {dnsbl.PTRNotListed(badList)},
		"dnsbl.ASN":             {dnsbl.ASN("", "", 64500), dnsbl.ASN("a..b", "", 64500)},

		"sender.In":           {sender.In("ann@"), sender.In("bob@example.org", "*.example.org")},
		"sender.InSet":        {sender.InSet(nil)},
		"sender.Ours":         {sender.Ours("exa mple")},
		"sender.NotOurs":      {sender.NotOurs("")},
		"sender.Listed":       {sender.Listed([]string{"a..b"}, known), sender.Listed([]string{"example.org"}, nil), sender.Listed(nil, directory.Lookup(nil).Subaddressed("+"))},
		"sender.OwnedByLogin": {sender.OwnedByLogin(nil)},

		"recipient.In":     {recipient.In("ann@b@c"), recipient.In("a%b@example.org")},
		"recipient.InSet":  {recipient.InSet(nil)},
		"recipient.Ours":   {recipient.Ours("exa mple"), recipient.Ours("[192.0.2.1")},
		"recipient.Role":   {recipient.Role([]string{"a..b"}), recipient.Role(nil, "two words")},
		"recipient.Listed": {recipient.Listed(nil), recipient.Listed(directory.Lookup(nil).Subaddressed("+"))},

		"message.List": {message.List("exa mple")},

		"dkim.PassFor": {dkim.PassFor("exa mple")},
		"dkim.Covers":  {dkim.Covers(), dkim.Covers("From", "two words")},

		"spf.Checker.NotFail":     {noChecker.NotFail},
		"spf.Checker.NotSoftFail": {noChecker.NotSoftFail},
		"spf.Checker.Pass":        {noChecker.Pass},
		"spf.Checker.HeloNotFail": {noChecker.HeloNotFail},
		"spf.Checker.Valid":       {noChecker.Valid},

		"dmarc.AlignedFor":            {dmarc.AlignedFor("bank.example", "*.bank.example")},
		"dmarc.Checker.AlignedFor":    {new(dmarc.Checker).AlignedFor("a..b"), noDMARC.AlignedFor("bank.example")},
		"dmarc.Checker.Pass":          {noDMARC.Pass},
		"dmarc.Checker.NotReject":     {noDMARC.NotReject},
		"dmarc.Checker.NotQuarantine": {noDMARC.NotQuarantine},
		"dmarc.Checker.Published":     {noDMARC.Published},
		"dmarc.AuthorOwned":           {dmarc.AuthorOwned(nil)},

		"greylist.Known":   {greylist.Known(nil, greylist.Options{}), greylist.Known((*greylist.Memory)(nil), greylist.Options{}), greylist.Known(store, negative)},
		"greylist.Trusted": {greylist.Trusted(nil, 1, greylist.Options{}), greylist.Trusted(store, 0, greylist.Options{}), greylist.Trusted(store, 1, negative)},

		"quota.Within": {quota.Within(nil, login, 1, time.Hour), quota.Within(store, quota.Key{}, 1, time.Hour), quota.Within(store, login, 0, time.Hour), quota.Within(store, login, 1, 0)},

		"reputation.Good": {reputation.Good(nil, reputation.Options{}), reputation.Good(store, reputation.Options{Enough: -1})},

		"postfix.Access.Permits":   {(&postfix.Access{}).Permits},
		"postfix.Access.Rejects":   {(&postfix.Access{Of: postfix.Helo}).Rejects},
		"postfix.Access.Defers":    {(&postfix.Access{Of: postfix.Sender}).Defers},
		"postfix.Access.MayReject": {(&postfix.Access{Of: postfix.Recipient}).MayReject},
		"postfix.Access.MayPermit": {(&postfix.Access{Table: new(postfix.Table)}).MayPermit},
		"postfix.Access.Says":      {(&postfix.Access{Of: postfix.Client}).Says("OK")},

		"envelope.At":            {envelope.At("site.own", envelope.Rcpt, nil)},
		"envelope.All":           {envelope.All(good, nil), envelope.All(good, bad)},
		"envelope.Any":           {envelope.Any(nil), envelope.Any(bad, envelope.Not(good))},
		"envelope.Not":           {envelope.Not(nil), envelope.Not(bad)},
		"envelope.Misconfigured": {bad},
		"envelope.WithoutClient": {envelope.WithoutClient(bad)},
		"envelope.Set.At":        {envelope.Set[int](nil).At("site.own", envelope.Rcpt, good), envelope.SetOf(func(int) bool { return true }).At("site.own", envelope.Rcpt, nil)},
		"directory.Lookup.At":    {directory.Lookup(nil).At("site.own", envelope.Rcpt, good)},
		"directory.Owners.At":    {directory.Owners(nil).At("site.own", envelope.Rcpt, good)},
		"verdict.Rule.Check":     {verdict.RejectUnless(bad).Check()},
	}
}

// Policy.Validate finds a misconfigured check as the check of a rule, in a combination,
// and as a condition. The check still has its name and its stage.
func TestValidateFindsEveryMisconfiguredCheck(t *testing.T) {
	for name, checks := range misconfigured() {
		for i, check := range checks {
			fault := check.Validate()
			if fault == nil {
				t.Errorf("%s %d: valid", name, i)
				continue
			}
			if of, from := check.Describe(); of == "" || from <= envelope.Start || from > envelope.Data {
				t.Errorf("%s %d: has the name %q and the stage %v", name, i, of, from)
			}
			if f := check(t.Context(), nil, &envelope.Envelope{Message: envelope.NewMessage(nil)}); f.Outcome == envelope.Pass {
				t.Errorf("%s %d: passes", name, i)
			}
			good := envelope.Check(client.TLS)
			for place, rule := range map[string]verdict.Rule{
				"a rule":      verdict.RejectUnless(check),
				"a shadow":    verdict.MarkIf(check, "mark").Shadow().Ignoring(envelope.TempError),
				"All":         verdict.AcceptIf(envelope.All(good, check)),
				"Any":         verdict.AcceptIf(envelope.Any(good, envelope.Not(check))),
				"a condition": verdict.RejectUnless(good).When(check),
				"an unless":   verdict.RejectUnless(good).Unless(envelope.Not(check)),
			} {
				err := verdict.Policy{Rules: verdict.Rules{verdict.AcceptIf(good), rule.Named("own")}}.Validate()
				if err == nil || !strings.HasPrefix(err.Error(), "rule 2 (own): ") || !strings.Contains(err.Error(), fault.Error()) {
					t.Errorf("%s %d as %s: %v", name, i, place, err)
				}
			}
		}
	}
}

// The table above has every function that makes a check, and every method that is one.
func TestEveryMakerOfChecksIsTried(t *testing.T) {
	maker := regexp.MustCompile(`^func (?:\(\*?(\w+)(?:\[\w+\])?\) )?(\w+)(?:\[[^(]*\])?\((.*)\) (?:envelope\.)?(Check|Finding)$`)
	tried, found, pkg := misconfigured(), 0, ""
	for line := range strings.Lines(readFile(t, ".ci/api.txt")) {
		line = strings.TrimSpace(line)
		if of, ok := strings.CutPrefix(line, "package "); ok {
			pkg = of[strings.LastIndexByte(of, '/')+1:]
		}
		m := maker.FindStringSubmatch(line)
		if m == nil || m[4] == "Finding" && (m[1] == "" || !strings.HasPrefix(m[3], "ctx context.Context, r envelope.Resolver, ")) {
			continue
		}
		name := pkg + "." + strings.TrimPrefix(m[1]+"."+m[2], ".")
		if len(tried[name]) == 0 {
			t.Errorf("%s is not tried with invalid arguments", name)
		}
		found++
	}
	if found != len(tried) {
		t.Errorf("the API has %d makers of checks, the table %d", found, len(tried))
	}
}
