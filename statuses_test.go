package mxrules_test

import (
	"context"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
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
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/greylist/reputation"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict/explain"
)

// checkPackages are the packages that have checks.
var checkPackages = []string{
	"envelope/client", "envelope/message", "envelope/recipient", "envelope/sender",
	"helo", "rdns", "rdns/dnsbl", "spf", "dmarc", "dmarc/dkim", "greylist", "greylist/quota", "greylist/reputation",
}

// everyCheck has each check of the library, by the name of its function.
func everyCheck() map[string]envelope.Check {
	list := dnsbl.List{Zone: "list.example"}
	moods := map[string]directory.Answer{
		"known": directory.Known, "disabled": directory.Disabled, "moved": directory.Moved, "full": directory.Full,
	}
	mailboxes := directory.Lookup(func(_ context.Context, m envelope.Mailbox) (directory.Answer, error) {
		if answer, ok := moods[m.Local]; ok {
			return answer, nil
		}
		return directory.Unknown, nil
	})
	nobody := directory.Owners(func(context.Context, envelope.Mailbox) ([]string, error) { return nil, nil })
	return map[string]envelope.Check{
		"client.Authenticated": client.Authenticated,
		"client.TLS":           client.TLS,
		"client.Waited":        client.Waited,
		"client.In":            client.In(nil),

		"helo.Present":    helo.Present,
		"helo.Syntax":     helo.Syntax,
		"helo.FQDN":       helo.FQDN,
		"helo.Literal":    helo.Literal,
		"helo.Resolves":   helo.Resolves,
		"helo.Matches":    helo.Matches,
		"helo.NotGeneric": helo.NotGeneric,
		"helo.NotOurs":    helo.NotOurs([]string{"mail.example.org"}, nil),
		"helo.In":         helo.In("other.example"),

		"rdns.Exists":      rdns.Exists,
		"rdns.Confirmed":   rdns.Confirmed,
		"rdns.NotGeneric":  rdns.NotGeneric,
		"rdns.In":          rdns.In("other.example"),
		"rdns.NotIn":       rdns.NotIn(".ptr.example"),
		"rdns.MatchesHelo": rdns.MatchesHelo,
		"rdns.BacksHelo":   rdns.BacksHelo("example.org"),

		"dnsbl.NotListed":       dnsbl.NotListed(list),
		"dnsbl.ScoreBelow":      dnsbl.ScoreBelow(1, dnsbl.List{Zone: list.Zone, Weight: 1}),
		"dnsbl.Listed":          dnsbl.Listed(list),
		"dnsbl.HeloNotListed":   dnsbl.HeloNotListed(list),
		"dnsbl.SenderNotListed": dnsbl.SenderNotListed(list),
		"dnsbl.PTRNotListed":    dnsbl.PTRNotListed(list),
		"dnsbl.ASN":             dnsbl.ASN("origin.example", "", 64500),

		"sender.Syntax":       sender.Syntax,
		"sender.FQDN":         sender.FQDN,
		"sender.Null":         sender.Null,
		"sender.BounceToOne":  sender.BounceToOne,
		"sender.Resolves":     sender.Resolves,
		"sender.TakesMail":    sender.TakesMail,
		"sender.MXUsable":     sender.MXUsable,
		"sender.MXNotAlias":   sender.MXNotAlias,
		"sender.NotOurs":      sender.NotOurs("spf.example"),
		"sender.Ours":         sender.Ours("other.example"),
		"sender.In":           sender.In("other.example"),
		"sender.Listed":       sender.Listed([]string{"spf.example"}, mailboxes),
		"sender.OwnedByLogin": sender.OwnedByLogin(nobody),

		"recipient.Syntax":    recipient.Syntax,
		"recipient.FQDN":      recipient.FQDN,
		"recipient.Ours":      recipient.Ours("other.example"),
		"recipient.Role":      recipient.Role([]string{"other.example"}),
		"recipient.In":        recipient.In("other.example"),
		"recipient.Listed":    recipient.Listed(mailboxes),
		"recipient.TakesMail": recipient.TakesMail,

		"message.WellFormed":   message.WellFormed,
		"message.LinesEnded":   message.LinesEnded,
		"message.SingleFields": message.SingleFields,
		"message.Dated":        message.Dated,
		"message.ASCIIHeader":  message.ASCIIHeader,
		"message.LineLength":   message.LineLength,
		"message.NoLoop":       message.NoLoop,
		"message.Bulk":         message.Bulk,
		"message.OneClick":     message.OneClick,
		"message.List":         message.List(".example.org"),

		"spf.NotFail":     spf.NotFail,
		"spf.NotSoftFail": spf.NotSoftFail,
		"spf.Pass":        spf.Pass,
		"spf.HeloNotFail": spf.HeloNotFail,
		"spf.Valid":       spf.Valid,

		"dkim.Signed":  dkim.Signed,
		"dkim.Pass":    dkim.Pass,
		"dkim.PassFor": dkim.PassFor("reject.example"),
		"dkim.Covers":  dkim.Covers("From"),

		"dmarc.SingleAuthor":  dmarc.SingleAuthor,
		"dmarc.Pass":          dmarc.Pass,
		"dmarc.NotReject":     dmarc.NotReject,
		"dmarc.NotQuarantine": dmarc.NotQuarantine,
		"dmarc.Published":     dmarc.Published,
		"dmarc.AlignedFor":    dmarc.AlignedFor("reject.example", "quarantine.example"),
		"dmarc.AuthorOwned":   dmarc.AuthorOwned(nobody),

		"greylist.Known":  greylist.Known(new(greylist.Memory), greylist.Options{}),
		"quota.Within":    usedUp(quota.Within(new(greylist.Memory), quota.Key{Of: quota.Login}, 1, time.Hour)),
		"reputation.Good": refusing(),

		"greylist.Trusted": greylist.Trusted(new(greylist.Memory), 1, greylist.Options{}),
	}
}

// usedUp returns a quota of one message after a message of the login ann.
func usedUp(within envelope.Check) envelope.Check {
	if err := within(context.Background(), nil, &envelope.Envelope{Login: "ann"}).Commit(context.Background()); err != nil {
		panic(err)
	}
	return within
}

// refusing returns reputation.Good after refusals of a client in 192.0.2.0/24.
func refusing() envelope.Check {
	store := new(greylist.Memory)
	err := reputation.Recorder(store, reputation.Options{})(context.Background(), nil, reputation.Reply{
		Envelope: &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.9")}, Status: envelope.Status{Code: 550}, Recipients: 10,
	})
	if err != nil {
		panic(err)
	}
	return reputation.Good(store, reputation.Options{})
}

// trouble has mail with everything that a check may refuse, and its DNS.
func trouble() ([]envelope.Envelope, *zone.Zone) {
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa.    PTR 192-0-2-1.dyn.ptr.example.
		2.2.0.192.in-addr.arpa.    PTR mail.example.net.
		mail.example.net.          A   192.0.2.2
		192-0-2-1.dyn.ptr.example. A   192.0.2.1
		3.2.0.192.in-addr.arpa.    PTR forged.ptr.example.

		1.2.0.192.list.example.                 A 127.0.0.2
		5.2.0.192.list.example.                 A 192.0.2.99
		192-0-2-1.dyn.ptr.example.list.example. A 127.0.0.2
		mail.example.org.list.example.          A 127.0.0.2
		spf.example.list.example.               A 127.0.0.2
		1.2.0.192.origin.example. TXT "64501 | 192.0.2.0/24 | ZZ"
		2.2.0.192.origin.example. TXT "unreadable"

		spf.example.        TXT "v=spf1 -all"
		                    MX  0 .
		soft.example.       TXT "v=spf1 ~all"
		neutral.example.    TXT "v=spf1 ?all"
		invalid.example.    TXT "v=spf1 nonsense"
		mail.example.org.   TXT "v=spf1 -all"
		badmx.example.      MX  10 nowhere.example.
		aliasmx.example.    MX  10 alias.example.
		alias.example.      CNAME mail.example.net.
		_dmarc.reject.example.     TXT "v=DMARC1; p=reject"
		_dmarc.quarantine.example. TXT "v=DMARC1; p=quarantine"
	`)
	const end = "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\nhello\r\n"
	const badSignature = "DKIM-Signature: v=1; a=rsa-sha256; d=reject.example; s=s; h=from; bh=AAAA; b=AAAA\r\n"
	messages := []string{
		"From: ann@reject.example\r\n" + end,
		badSignature + "From: ann@quarantine.example\r\n" + end,
		"From: ann@plain.example\r\n" + end,
		"From: ann@reject.example, bob@quarantine.example\r\n" + end,
		"From: a@a.example\r\nFrom: b@b.example\r\n" + end,
		strings.Repeat("Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\r\n", 100) + "From: ann@plain.example\r\n" + end,
		"From: ann@plain.example\r\nX: " + strings.Repeat("\xff", 999) + "\nY: no Date\r\n\r\n",
	}
	base := envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), SpokeEarly: true, Helo: "mail.example.org", MailFrom: "ann@spf.example",
		RcptTo: "bob@spf.example", Recipients: 1, Login: "ann", Message: envelope.NewMessage([]byte(messages[0])),
	}
	all := []envelope.Envelope{base}
	vary := func(change func(e *envelope.Envelope, value string), values ...string) {
		for _, value := range values {
			e := base
			change(&e, value)
			all = append(all, e)
		}
	}
	vary(func(e *envelope.Envelope, ip string) { e.ClientIP, _ = netip.ParseAddr(ip) }, "", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5")
	vary(func(e *envelope.Envelope, helo string) { e.Helo = helo }, "", "localhost", "[192.0.2.9]", "not a name", "192-0-2-1.dyn.ptr.example")
	vary(func(e *envelope.Envelope, from string) { e.MailFrom, e.Login = from, "" }, "", "ann@soft.example", "ann@neutral.example",
		"ann@invalid.example", "ann@badmx.example", "ann@aliasmx.example", "ann@localhost", "ann@b@")
	vary(func(e *envelope.Envelope, to string) { e.RcptTo = to }, "", "ann", "ann@localhost", "known@spf.example",
		"disabled@example.org", "moved@example.org", "full@example.org")
	vary(func(e *envelope.Envelope, text string) { e.Message = envelope.NewMessage([]byte(text)) }, messages...)
	return all, dns
}

// isFailure reports whether a status is one of envelope.Temporary and
// envelope.Unavailable, which checks need not document.
func isFailure(status string) bool { return status == "451 4.4.3" || status == "451 4.3.0" }

// statuses returns the statuses that a check answers in trouble.
func statuses(ctx context.Context, check envelope.Check) []string {
	found := map[string]bool{}
	mail, dns := trouble()
	_, broken := trouble()
	for _, r := range []envelope.Resolver{dns, broken.Failing("*.", zone.SERVFAIL)} {
		for i := range mail {
			f := check(ctx, r, &mail[i])
			for _, s := range []envelope.Status{f.Status, f.Deferral} {
				if !s.IsZero() && !isFailure(s.String()) {
					found[s.String()] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// The paragraph "Status:" in the documentation of a check has every status that its
// findings have, and no other.
func TestChecksDocumentTheirStatuses(t *testing.T) {
	checks := everyCheck()
	documented := map[string]bool{}
	code := regexp.MustCompile(`\b[245]\d\d [245]\.\d+\.\d+\b`)
	for _, dir := range checkPackages {
		docs := docsOfChecks(t, dir)
		for name, text := range docs {
			status := paragraph(text, "Status: ")
			if as, ok := strings.CutPrefix(status, "as "); ok {
				as, _, _ = strings.Cut(as, ".")
				base, _, _ := strings.Cut(name, ".")
				status = paragraph(docs[base+"."+as], "Status: ")
			}
			if status == "" {
				t.Errorf("%s documents no status", name)
				continue
			}
			if strings.HasSuffix(name, "Set") { // the same check as without Set
				continue
			}
			documented[name] = true
			if checks[name] == nil {
				t.Errorf("%s is not tried", name)
				continue
			}
			want := slices.DeleteFunc(code.FindAllString(status, -1), isFailure)
			slices.Sort(want)
			if got := statuses(t.Context(), checks[name]); !slices.Equal(got, slices.Compact(want)) {
				t.Errorf("%s answers %v, and documents %q", name, got, status)
			}
		}
	}
	for name := range checks {
		if !documented[name] {
			t.Errorf("%s has no documentation", name)
		}
	}
}

// docsOfChecks returns the documentation of the functions of a package that are checks
// or make one.
func docsOfChecks(t *testing.T, dir string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	of, err := doc.NewFromFiles(set, files, dir)
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]string{}
	for _, f := range of.Funcs {
		results := f.Decl.Type.Results
		if results == nil || len(results.List) != 1 {
			continue
		}
		if result, ok := results.List[0].Type.(*ast.SelectorExpr); ok && (result.Sel.Name == "Check" || result.Sel.Name == "Finding") {
			docs[of.Name+"."+f.Name] = f.Doc
		}
	}
	return docs
}

// paragraph returns the paragraph of text that begins with a word, without it and in
// one line.
func paragraph(text, word string) string {
	for p := range strings.SplitSeq(text, "\n\n") {
		if rest, ok := strings.CutPrefix(p, word); ok {
			return strings.Join(strings.Fields(rest), " ")
		}
	}
	return ""
}

// A refused sender finds an explanation of every check.
func TestEveryCheckIsExplained(t *testing.T) {
	entries, explained := explain.English().Entries, map[string]bool{}
	for name, check := range everyCheck() {
		check, _ := check.Describe()
		if _, ok := entries[check]; !ok {
			t.Errorf("%s has no entry %s", name, check)
		}
		explained[check], explained["not("+check+")"] = true, true
	}
	for check := range entries {
		if !explained[check] {
			t.Errorf("the entry %s is of no check", check)
		}
	}
}
