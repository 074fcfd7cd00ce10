package record_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/scenario"
	"mxrules.example/verdict/scenario/record"
)

// marking is a policy with a mark for each check, so that a verdict shows the outcome of
// each, and a failure that left one undecided.
func marking(mailboxes directory.Lookup, owners directory.Owners, settings map[string][]string) verdict.Policy {
	checks := []envelope.Check{
		helo.Syntax, helo.FQDN, helo.Resolves, helo.Matches, helo.NotGeneric,
		rdns.Exists, rdns.Confirmed, rdns.NotGeneric, rdns.MatchesHelo,
		sender.Syntax, sender.FQDN, sender.Resolves, sender.TakesMail, sender.MXUsable, sender.MXNotAlias,
		sender.BounceToOne, sender.OwnedByLogin(owners),
		spf.NotFail, spf.NotSoftFail, spf.Pass, spf.Valid, spf.HeloNotFail,
		message.WellFormed, message.LinesEnded, message.ASCIIHeader, message.Bulk, message.OneClick, message.NoLoop,
		dkim.Signed, dkim.Pass, dmarc.SingleAuthor, dmarc.Published, dmarc.Pass, dmarc.NotReject, dmarc.NotQuarantine,
		dmarc.AuthorOwned(owners), recipient.Role(settings["domains"]),
	}
	for _, list := range settings["lists"] {
		checks = append(checks, dnsbl.NotListed(dnsbl.List{Zone: list}), dnsbl.SenderNotListed(dnsbl.List{Zone: list}))
	}
	rules := verdict.Rules{verdict.RejectUnless(recipient.Listed(mailboxes))}
	for _, check := range checks {
		name, _ := check.Describe()
		rules = append(rules, verdict.MarkUnless(check, "no-"+name))
	}
	return verdict.Policy{Rules: rules}
}

var marks = scenario.Policies{"marks": func(s scenario.Site) (verdict.Policy, error) {
	return marking(s.Mailboxes, s.Owners, s.Settings), nil
}}

// settings are those of the site of the tests.
var settings = map[string][]string{"domains": {"corp.test"}, "lists": {"bl.lists.org"}}

var errDown = errors.New("the directory is down")

func mailboxes(t testing.TB) directory.Lookup {
	t.Helper()
	list, err := directory.List("bob.builder@corp.test", "postmaster@corp.test")
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, m envelope.Mailbox) (directory.Answer, error) {
		if m.Local == "broken" {
			return 0, errDown
		}
		return list(ctx, m)
	}
}

func owners(_ context.Context, m envelope.Mailbox) ([]string, error) {
	if m.Local == "broken" {
		return nil, errDown
	}
	return []string{"bobby", m.String()}, nil
}

// world has names that an anonymous file must not have.
const world = `
	50.113.0.203.in-addr.arpa.  PTR   mail.acme.co.uk.
	51.113.0.203.in-addr.arpa.  PTR   dyn-203-0-113-51.pool.isp.net.
	dyn-203-0-113-51.pool.isp.net. A  203.0.113.51
	52.113.0.203.in-addr.arpa.  PTR   odd\032name.acme.co.uk.
	8.8.8.8.in-addr.arpa.       PTR   mail.public.org.
	mail.public.org.            A     8.8.8.8
	public.org.                 MX    10 mail.public.org.
	                            TXT   "v=spf1 ip4:8.8.8.0/24 ip4:9.9.9.0/24 -all"
	mail.acme.co.uk.            A     203.0.113.50
	acme.co.uk.                 MX    10 mail.acme.co.uk.
	                            TXT   "v=spf1 include:_spf.isp.net exists:%{i}._allowed.acme.co.uk ~all"
	_spf.isp.net.               TXT   "v=spf1 ip4:203.0.113.51 ?all"
	203.0.113.50._allowed.acme.co.uk. A 127.0.0.2
	_dmarc.acme.co.uk.          TXT   "v=DMARC1; p=reject; rua=mailto:reports@acme.co.uk"
	other.co.uk.                MX    10 alias.other.co.uk.
	alias.other.co.uk.          CNAME mail.acme.co.uk.
	private.org.                MX    10 mail.private.org.
	mail.private.org.           A     10.1.2.3
	50.113.0.203.bl.lists.org.  A     127.0.0.2
	                            TXT   "see https://lists.org/why"
	acme.co.uk.bl.lists.org.    A     127.0.0.2
	0.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.f.f.0.1.0.a.2.ip6.arpa. PTR six.acme.co.uk.
	six.acme.co.uk.             AAAA  2a01:ff3::50
`

// signed returns a message of Ann with a valid signature of acme.co.uk, and the zone with
// its key.
func signed(t testing.TB, text string) (raw []byte, record string) {
	t.Helper()
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	var b bytes.Buffer
	err := msgauth.Sign(&b, strings.NewReader(text), &msgauth.SignOptions{Domain: "acme.co.uk", Selector: "march", Signer: private})
	if err != nil {
		t.Fatal(err)
	}
	public := base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey))
	return b.Bytes(), "march._domainkey.acme.co.uk. TXT \"v=DKIM1; k=ed25519; p=" + public + "\"\n"
}

const letterToBob = "From: Ann Archer <ann.archer@acme.co.uk>\r\nTo: bob.builder@corp.test\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n" +
	"Message-ID: <1@acme.co.uk>\r\nSubject: secret plans\r\nList-Unsubscribe: <https://acme.co.uk/u?id=builder>\r\n\r\nMeet me at 203.0.113.50.\r\n\r\n  Ann\r\n"

func TestRecordedMailGivesItsVerdictAgain(t *testing.T) {
	authentic, key := signed(t, letterToBob)
	text := world + "\t" + key
	good := envelope.Envelope{
		ClientIP: netip.MustParseAddr("203.0.113.50"), Helo: "mail.acme.co.uk", MailFrom: "ann.archer@acme.co.uk",
		RcptTo: "bob.builder@corp.test", Message: envelope.NewMessage(authentic), Now: time.Now(),
	}
	with := func(change func(*envelope.Envelope)) envelope.Envelope {
		e := good
		change(&e)
		return e
	}
	raw := func(text string) envelope.Envelope {
		return with(func(e *envelope.Envelope) { e.Message = envelope.NewMessage([]byte(text)) })
	}
	for name, tc := range map[string]struct {
		e      envelope.Envelope
		faults []string
	}{
		"good mail":         {e: good},
		"no message":        {e: with(func(e *envelope.Envelope) { e.Message = nil })},
		"at MAIL":           {e: with(func(e *envelope.Envelope) { e.Stage = envelope.Mail })},
		"a dial-up client":  {e: with(func(e *envelope.Envelope) { e.ClientIP, e.Helo = netip.MustParseAddr("203.0.113.51"), "ANNS-PC" })},
		"an odd PTR name":   {e: with(func(e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("203.0.113.52") })},
		"an unknown client": {e: with(func(e *envelope.Envelope) { e.ClientIP = netip.Addr{} })},
		"IPv6":              {e: with(func(e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("2a01:ff3::50") })},
		"a public client": {e: with(func(e *envelope.Envelope) {
			e.ClientIP, e.Helo, e.MailFrom = netip.MustParseAddr("8.8.8.8"), "mail.public.org", "ann.archer@public.org"
		})},
		"an MX that is an alias": {e: with(func(e *envelope.Envelope) { e.MailFrom = "ann.archer@other.co.uk" })},
		"an MX of private space": {e: with(func(e *envelope.Envelope) { e.MailFrom = "ann.archer@private.org" })},
		"a domain without MX":    {e: with(func(e *envelope.Envelope) { e.MailFrom = "ann.archer@nowhere.org" })},
		"the null sender":        {e: with(func(e *envelope.Envelope) { e.MailFrom, e.Recipients = "", 3 })},
		"an invalid sender":      {e: with(func(e *envelope.Envelope) { e.MailFrom = "ann archer\x00@acme" })},
		"an invalid local part":  {e: with(func(e *envelope.Envelope) { e.MailFrom = "ann archer@acme.co.uk" })},
		"a quoted sender":        {e: with(func(e *envelope.Envelope) { e.MailFrom = `"ann archer"@acme.co.uk` })},
		"an invalid HELO name":   {e: with(func(e *envelope.Envelope) { e.Helo = "acme corp\r\n= accept" })},
		"a HELO literal":         {e: with(func(e *envelope.Envelope) { e.Helo = "[203.0.113.50]" })},
		"a login":                {e: with(func(e *envelope.Envelope) { e.Login, e.SpokeEarly, e.SMTPUTF8 = "bobby", true, true })},
		"the owners fail": {e: with(func(e *envelope.Envelope) {
			e.Login, e.MailFrom, e.Message = "bobby", "broken@acme.co.uk", envelope.NewMessage([]byte("From: broken@acme.co.uk\r\n\r\n"))
		})},
		"an unknown mailbox":      {e: with(func(e *envelope.Envelope) { e.RcptTo = "nobody@corp.test" })},
		"a foreign mailbox":       {e: with(func(e *envelope.Envelope) { e.RcptTo = "ann.archer@acme.co.uk" })},
		"the directory fails":     {e: with(func(e *envelope.Envelope) { e.RcptTo = "broken@corp.test" })},
		"a role":                  {e: with(func(e *envelope.Envelope) { e.RcptTo = "postmaster@corp.test" })},
		"DNS fails for SPF":       {e: good, faults: []string{"_spf.isp.net. TXT"}},
		"DNS fails for the key":   {e: good, faults: []string{"march._domainkey.acme.co.uk."}},
		"DNS fails for all":       {e: good, faults: []string{"*."}},
		"a forged message":        {e: raw(letterToBob)},
		"a broken signature":      {e: raw(string(authentic) + "P.S. pay ann.archer@public.org\r\n")},
		"octets":                  {e: raw("From: ann.archer@acme.co.uk\r\nSubject: \xff\x00\r\n\r\nbare \n and \r and no end")},
		"blanks at ends of lines": {e: raw("From: ann.archer@acme.co.uk \r\n\r\n \r\n\r\n")},
		"only a body":             {e: raw("\r\n\r\nHello.\r\n")},
		"an empty message":        {e: raw("")},
		"a line that is indented": {e: raw("  From: ann.archer@acme.co.uk\r\n\r\nHello.\r\n")},
		"lines like a scenario's": {e: raw("From: ann.archer@acme.co.uk\r\n\r\n# no comment\r\ncase x\r\n  = accept\r\n")},
	} {
		for _, anonymous := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, anonymous %t", name, anonymous), func(t *testing.T) {
				dns := zone.MustParse(text)
				for _, fault := range tc.faults {
					dns.Failing(fault, zone.SERVFAIL)
				}
				var recorder record.Recorder
				policy := marking(recorder.Mailboxes(mailboxes(t)), recorder.Owners(owners), settings)
				v := policy.Judge(t.Context(), recorder.Resolver(dns), &tc.e)
				var file bytes.Buffer
				err := recorder.Write(&file, record.Case{
					Policy: "marks", Settings: settings,
					Envelope: tc.e, Verdicts: []verdict.Verdict{v}, Anonymous: anonymous,
				})
				if err != nil {
					t.Fatal(err)
				}
				if anonymous {
					isAnonymous(t, file.String())
				}
				scenario.Run(t, fstest.MapFS{"a.scenario": &fstest.MapFile{Data: file.Bytes()}}, marks)
				if t.Failed() {
					t.Logf("%s\nof\n%s", file.String(), v.Explain())
				}
			})
		}
	}
}

// isAnonymous fails the test if a file has a name of the world.
func isAnonymous(t *testing.T, file string) {
	t.Helper()
	for _, name := range []string{"acme", "co.uk", "isp.net", "public.org", "ann", "archer", "bob", "builder", "corp", "203.0.113", "203-0-113", "113.0.203", "8.8.8", "2a01", "lists.org", "secret", "march"} {
		if strings.Contains(strings.ToLower(file), name) {
			t.Errorf("the file has %q", name)
		}
	}
}

func TestWriteNamesWhatItCannotWrite(t *testing.T) {
	for want, c := range map[string]record.Case{
		"0 verdicts for 1 recipients": {},
		"behind a gateway":            {Envelope: envelope.Envelope{Relayed: true}, Verdicts: make([]verdict.Verdict, 1)},
		`the setting "a b"`:           {Settings: map[string][]string{"x": {"a b"}}, Verdicts: make([]verdict.Verdict, 1)},
	} {
		if err := new(record.Recorder).Write(new(bytes.Buffer), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// A policy rejects mail, and a test remembers why.
func Example() {
	dns := zone.MustParse(`
		example.net.  MX  10 mail.example.net.
	`)
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(sender.Resolves),
		verdict.RejectUnless(rdns.Exists),
	}}
	e := envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.77"), Helo: "mail.example.net", MailFrom: "ann@example.net",
		RcptTo: "bob@example.org", Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	var recorder record.Recorder
	v := policy.Judge(context.Background(), recorder.Resolver(dns), &e)
	recorder.Write(os.Stdout, record.Case{Name: "ticket 4711", Policy: "inbound", Envelope: e, Verdicts: []verdict.Verdict{v}})
	// Output:
	// # Recorded from a judgement by package record.
	// policy inbound
	// clock 2026-01-01T00:00:00Z
	// recorded
	//     example.net. MX 10 mail.example.net.
	//     77.2.0.192.in-addr.arpa. PTR nxdomain
	//
	// # The reply was: 550 5.7.25 the client 192.0.2.77 has no PTR record
	// case ticket 4711
	//   ip=192.0.2.77 helo=mail.example.net
	//   from=ann@example.net to=bob@example.org before=0
	//   = reject by rdns.exists
}

// Whatever a stranger sent, the file has it, and the verdict is the same.
func FuzzWrite(f *testing.F) {
	authentic, key := signed(f, letterToBob)
	f.Add("mail.acme.co.uk", "ann.archer@acme.co.uk", "bob.builder@corp.test", authentic, false)
	f.Add("a\n= accept", "\"a b\"@x\xff", "@a,@b:c@d", []byte("\r\n.\r\ncase x\n\x00"), true)
	files, _ := filepath.Glob("../../../examples/policies/testdata/conversations/*.scenario")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			f.Add("[192.0.2.1]", "a@b.example", "c@d.example", text, true)
		}
	}
	f.Fuzz(func(t *testing.T, helo, from, to string, message []byte, anonymous bool) {
		if len(helo)+len(from)+len(to)+len(message) > 10_000 {
			return
		}
		e := envelope.Envelope{
			ClientIP: netip.MustParseAddr("203.0.113.50"), Helo: helo, MailFrom: from, RcptTo: to,
			Message: envelope.NewMessage(message), Now: time.Now(),
		}
		var recorder record.Recorder
		policy := marking(recorder.Mailboxes(mailboxes(t)), recorder.Owners(owners), settings)
		v := policy.Judge(t.Context(), recorder.Resolver(zone.MustParse(world+"\t"+key)), &e)
		var file bytes.Buffer
		err := recorder.Write(&file, record.Case{
			Policy: "marks", Settings: settings,
			Envelope: e, Verdicts: []verdict.Verdict{v}, Anonymous: anonymous,
		})
		if err != nil {
			t.Fatal(err)
		}
		if anonymous { // the shape of odd names does not always remain
			return
		}
		scenario.Run(t, fstest.MapFS{"a.scenario": &fstest.MapFile{Data: file.Bytes()}}, marks)
		if t.Failed() {
			t.Logf("%s", file.String())
		}
	})
}
