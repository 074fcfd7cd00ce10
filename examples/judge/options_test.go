package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

func TestWrongUsage(t *testing.T) {
	badZone := filepath.Join(t.TempDir(), "bad.zone")
	if err := os.WriteFile(badZone, []byte("example.net. A nowhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args string
		want string // in the error
	}{
		{"-colour", "-colour"},
		{"-ip 192.0.2.300", `client_ip "192.0.2.300"`},
		{"-stage end", `"end" is not one of`},
		{"-now yesterday", `"yesterday"`},
		{"-message testdata/none.eml", "testdata/none.eml"},
		{"-policy lax", `unknown policy "lax"; known are: bulk, standard, strict, submission, trial`},
		{"-checks helo.syntax,helo.polite", `unknown check "helo.polite"; known are:`},
		{"-checks helo.polite", "rdns.confirmed"},
		{"-checks all -policy standard", "not both"},
		{"-import testdata/postfix/main.cf", "testdata/postfix/main.cf:19: check_policy_service unix:private/policyd-spf cannot be carried over: what the policy server"},
		{"-import testdata/postfix/main.cf", "-service says what a policy server does, and -leave-out leaves out the rest"},
		{"-import testdata/postfix/main.cf -service unix:private/policyd-spf=spf -service unix:private/policyd=spf", `policy server "unix:private/policyd" of -service is asked by no list of testdata/postfix/main.cf`},
		{"-import testdata/postfix/main.cf -leave-out -service private/policyd-spf=spf", `"private/policyd-spf" of -service`},
		{"-import testdata/postfix/backup.cf", "testdata/postfix/backup.cf:18: permit_mx_backup cannot be carried over: "},
		{"-import testdata/none.cf", "testdata/none.cf"},
		{"-import testdata/postfix/main.cf -policy standard", "only one of them"},
		{"-service inet:127.0.0.1:10023=postgrey", `policy server "inet:127.0.0.1:10023=postgrey" is not of the form`},
		{"-go", "about the file of -import"},
		{"-our-domains example.org,exa_mple..org", `"exa_mple..org"`},
		{"-our-domains .", `mailbox pattern "."`},
		{"-our-domains [192.0.2.1", `mailbox pattern "[192.0.2.1" is not in brackets`},
		{"-our-domains a%b@example.org", "asks to be relayed"},
		{"-mailboxes testdata/none.txt", "testdata/none.txt"},
		{"-mailboxes testdata/world.zone", "testdata/world.zone:1"},
		{"-owners ann", `owner "ann" is not of the form LOGIN=ADDRESS,ADDRESS`},
		{"-owners =ann@example.org", `login ""`},
		{"-owners ann=ann@example.org,info", `mailbox entry "info"`},
		{"-checks recipient.listed", "the check recipient.listed needs -mailboxes"},
		{"-checks sender.listed", "needs -mailboxes"},
		{"-checks sender.ownedbylogin", "needs -owners"},
		{"-checks dmarc.authorowned", "needs -owners"},
		{"-checks dnsbl.notlisted", "needs -dnsbl"},
		{"-checks dnsbl.scorebelow -domain-list list.example=127.0.0.2", "needs -dnsbl"},
		{"-checks dnsbl.helonotlisted -dnsbl list.example=127.0.0.2", "needs -domain-list"},
		{"-checks dnsbl.asn -asns 64500", "needs -asn-zones"},
		{"-asn-zones origin.example,b,c", `"b,c"`},
		{"-asns AS64500", `autonomous system "AS64500" is not a number`},
		{"-asns 64500,4294967296", `"4294967296"`},
		{"-domain-list list.example", `"list.example" has no codes`},
		{"-our-names mx.example.org,-", `"-"`},
		{"-our-nets 192.0.2.0/33", `"192.0.2.0/33"`},
		{"-our-nets 192.0.2.0/24,", `network ""`},
		{"-our-nets fe80::1%eth0", `"fe80::1%eth0"`},
		{"-gateways 192.0.2.25", `-gateways and -gateway-names: gateway "192.0.2.25/32" has no name`},
		{"-gateway-names .gw.example.org", `gateway ".gw.example.org" has no network`},
		{"-gateways 192.0.2.0/33", `"192.0.2.0/33"`},
		{"-gateways 192.0.2.25 -gateway-names gw..example.org", `"gw..example.org"`},
		{"-dnsbl list.example", `"list.example" has no codes`},
		{"-dnsbl list.example=", `DNS list code ""`},
		{"-dnsbl list.example=127.0.0.2,128.0.0.1", `"128.0.0.1"`},
		{"-dnsbl list.example=127.0.0.9-127.0.0.2", `"127.0.0.9-127.0.0.2"`},
		{"-dnsbl list.example=::1", `"::1"`},
		{"-dnsbl =127.0.0.2", `host name ""`},
		{"-dns ns.example.org", `-dns: name server "ns.example.org"`},
		{"-dns 192.0.2.53,", `name server ""`},
		{"-link https://postmaster.example.org", "-link and -link-key belong together"},
		{"-link postmaster.example.org -link-key testdata/world.zone", `-link "postmaster.example.org" is not an address`},
		{"-link https://postmaster.example.org -link-key testdata/none.key", "testdata/none.key"},
		{"-headers mx_example..org", `-headers: host name "mx_example..org"`},
		{"-dns system -zone testdata/world.zone", "not both"},
		{"-json -trace", "not both"},
		{"-compare standard", "two policies are needed"},
		{"-compare standard,strict -trace", "give no -trace"},
		{"-compare standard,strict -record record.jsonl -hash key", "give no -hash"},
		{"-to bob@example.org,,ann@example.org", "a path of the list is empty"},
		{"-compare standard,lax", `unknown policy "lax"`},
		{"-compare standard,strict -policy strict", "give no -policy"},
		{"-hash key", "are for -record"},
		{"-record testdata/none/record.jsonl", "testdata/none/record.jsonl"},
		{"-delay 2s", "-delay must be between 0 and 1s"},
		{"-delay -1ms", "-delay must be between 0 and 1s"},
		{"-delay 20ms -dns system", "-delay delays the answers of a zone"},
		{"-zone testdata/none.zone", "testdata/none.zone"},
		{"-zone " + badZone, "line 1"},
		{"-ip 192.0.2.9 testdata/mixed.jsonl", `not both: "testdata/mixed.jsonl" is no flag`},
		{"testdata/mixed.jsonl -json", "flags must come first"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(strings.Fields(tc.args), strings.NewReader(""), &stdout, &stderr)
			if status != 2 || stdout.Len() > 0 {
				t.Errorf("got status %d and the output %q, want 2 and nothing", status, &stdout)
			}
			if !strings.Contains(stderr.String(), tc.want) || !strings.Contains(stderr.String(), "-help") {
				t.Errorf("got the error %q, want one with %s and -help", &stderr, tc.want)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	o := new(flags)
	set := flag.NewFlagSet("judge", flag.ContinueOnError)
	o.add(set)
	if err := set.Parse(strings.Fields("-our-domains Example.ORG.,.example.com,[127.0.0.1] -our-domains bücher.example,@example.net,ann@firm.example -our-names .MX.example.org " +
		"-our-nets 192.0.2.7,2001:db8::/32 -dnsbl list.example=127.0.0.2-127.0.0.9,127.0.0.11 -dnsbl other.example=127.0.0.2 " +
		"-domain-list names.example=127.0.1.0/24 -asn-zones origin.example,origin6.example -asns 64500,64501 " +
		"-owners ann=ann@example.org,info@example.org -owners bob=info@example.org -owners bob=@bob.example,\"b,b\"@example.org")); err != nil {
		t.Fatal(err)
	}
	if got, want := o.site.Domains, []string{"Example.ORG.", ".example.com", "[127.0.0.1]", "bücher.example", "@example.net", "ann@firm.example"}; !slices.Equal(got, want) {
		t.Errorf("domains are %q, want %q", got, want)
	}
	if got, want := o.site.hostsAndBelow(), []string{"Example.ORG.", ".Example.ORG.", ".example.com", "bücher.example", ".bücher.example", "example.net", ".example.net"}; !slices.Equal(got, want) {
		t.Errorf("sets of host names are %q, want %q", got, want)
	}
	if got, want := o.site.apexes(), []string{"Example.ORG.", "example.com", "bücher.example", "example.net"}; !slices.Equal(got, want) {
		t.Errorf("domains without patterns are %q, want %q", got, want)
	}
	if got, want := o.site.Names, []string{".MX.example.org"}; !slices.Equal(got, want) {
		t.Errorf("names are %q, want %q", got, want)
	}
	if got, want := o.site.Networks[0].String(), "192.0.2.7/32"; got != want {
		t.Errorf("a single address is %s, want %s", got, want)
	}
	if lists := o.site.Lists; len(lists) != 2 || lists[0].Zone != "list.example" || len(lists[0].Codes) != 2 || lists[1].Zone != "other.example" {
		t.Errorf("lists are %v", lists)
	}
	if lists := o.site.domainLists; len(lists) != 1 || lists[0].Zone != "names.example" {
		t.Errorf("lists of domains are %v", lists)
	}
	if o.site.origin4 != "origin.example" || o.site.origin6 != "origin6.example" || !slices.Equal(o.site.systems, []uint32{64500, 64501}) {
		t.Errorf("autonomous systems are %v, and the zones for them %v", o.site.systems, []string{o.site.origin4, o.site.origin6})
	}
	info := envelope.Mailbox{Local: "info", Domain: "example.org"}
	if logins, err := o.site.Owners(t.Context(), info); err != nil || !slices.Equal(logins, []string{"ann", "bob"}) {
		t.Errorf("the owners of %s are %q, %v", info, logins, err)
	}
	for _, m := range []envelope.Mailbox{{Local: "anything", Domain: "bob.example"}, {Local: "b,b", Domain: "example.org"}} {
		if logins, err := o.site.Owners(t.Context(), m); err != nil || !slices.Equal(logins, []string{"bob"}) {
			t.Errorf("the owners of %s are %q, %v", m, logins, err)
		}
	}
	for _, check := range everyCheck(o.site) {
		if err := check.Validate(); err != nil {
			if name, _ := check.Describe(); o.site.lacks(name) == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestHelpNamesEverything(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run([]string{"-help"}, strings.NewReader(""), &stdout, &stderr); status != 0 || stderr.Len() > 0 {
		t.Fatalf("got status %d and the errors %q", status, &stderr)
	}
	set := flag.NewFlagSet("judge", flag.ContinueOnError)
	new(flags).add(set)
	set.VisitAll(func(f *flag.Flag) {
		if !strings.Contains(stdout.String(), "\n  -"+f.Name+" ") {
			t.Errorf("the help does not describe -%s", f.Name)
		}
	})
	for _, check := range everyCheck(facts{}) {
		name, _ := check.Describe()
		if name == "" || !strings.Contains(stdout.String(), " "+name) {
			t.Errorf("the help does not name the check %q", name)
		}
	}
	for text := range strings.Lines(stdout.String()) {
		if len(text) > 81 {
			t.Errorf("a line of the help is longer than 80 characters: %s", text)
		}
	}
}
