package postfix_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	importing "mxrules.example/verdict/postfix"
)

// closed is a main.cf that is not an open relay, for tests of what is added to it.
const closed = `myhostname = mx.example.org
mydestination =
relay_domains = example.org
mynetworks = 198.51.100.0/24
local_recipient_maps =
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
`

// Whatever cannot be carried over is an error with its file and line.
func TestReadErrors(t *testing.T) {
	var values strings.Builder
	for n := range 1000 {
		fmt.Fprintf(&values, "host%d.example FILTER smtp:[192.0.2.1]:%d\n", n, n)
	}
	tables := map[string]string{
		"/regexp":   "# a comment\n/a/ OK\n/(?=b)/ REJECT",
		"/digits":   `/\d/ REJECT`,
		"/if":       "if /a/\n/b/ OK",
		"/endif":    "/b/ OK\n\nendif",
		"/nothing":  "/b/",
		"/flags":    "/b/z OK",
		"/cidr":     "192.0.2.0/24 OK\n192.0.2.1/24 OK",
		"/hash":     "example.net OK\nexample.com",
		"/quote":    `"a b REJECT`,
		"/code":     "example.net 559 gone",
		"/dollar":   "/(a)/ $1",
		"/values":   values.String(),
		"/networks": "!192.0.2.1 x",
		"/class":    "example.net permit_mynetworks, stricct",
	}
	for _, tc := range []struct{ lines, want string }{
		{"smtpd_client_restrictions = permit_mynetworks\n  reject_bad_weather", "main.cf:8: reject_bad_weather cannot be carried over: the restriction is not known here"},
		{"smtpd_client_restrictions =\n\n# why\n  permit_mx_backup", "main.cf:10: permit_mx_backup cannot"},
		{"smtpd_client_restrictions = reject_rbl_client", "main.cf:7: reject_rbl_client cannot be carried over: the argument is missing"},
		{"smtpd_client_restrictions = warn_if_reject", "main.cf:7: warn_if_reject is not followed by a restriction"},
		{"smtpd_client_restrictions = reject_rbl_client bl.example=127.0.0.x", `"127.0.0.x"`},
		{"smtpd_client_restrictions = check_client_access mysql:/etc/sql.cf", `tables of type "mysql" cannot be read here`},
		{"smtpd_client_restrictions = check_client_access hash:/gone", "/gone"},
		{"smtpd_client_restrictions = permit_mynetworks,\n  check_client_access hash:/class", "main.cf:8: stricct, a value of /class, cannot be carried over: the restriction is not known here"},
		{"smtpd_restriction_classes = strict\nstrict =\n  check_client_access hash:/class\nsmtpd_client_restrictions = strict", "main.cf:9: stricct, a value of /class, cannot"},
		{"smtpd_client_restrictions = check_client_access regexp:/regexp", "main.cf:7: check_client_access regexp:/regexp cannot be carried over: /regexp:3: the pattern"},
		{"smtpd_client_restrictions = check_client_access regexp:/digits", "/digits:1: "},
		{"smtpd_client_restrictions = check_client_access regexp:/if", "/if:1: if has no endif"},
		{"smtpd_client_restrictions = check_client_access pcre:/endif", "/endif:3: endif has no if before it"},
		{"smtpd_client_restrictions = check_client_access pcre:/nothing", "/nothing:1: the pattern has no value"},
		{"smtpd_client_restrictions = check_client_access pcre:/flags", `/flags:1: the flag 'z' cannot be carried over`},
		{"smtpd_client_restrictions = check_client_access cidr:/cidr", "/cidr:2: "},
		{"smtpd_client_restrictions = check_client_access hash:/hash", `/hash:2: "example.com" has no value`},
		{"smtpd_client_restrictions = check_client_access hash:/quote", "/quote:1: "},
		{"smtpd_client_restrictions = check_client_access hash:/code", "no RFC defines the reply code 559"},
		{"smtpd_client_restrictions = check_client_access hash:/values", "/values: more than 500 different values"},
		{"smtpd_client_restrictions = check_client_access pcre:/dollar", "depends on a part of the key"},
		{"smtpd_client_restrictions = check_client_access inline:{a}", "not of the form key=value"},
		{"smtpd_client_restrictions = check_policy_service inet:127.0.0.1:10023", "what the policy server inet:127.0.0.1:10023 does is not known here"},
		{"smtpd_client_restrictions = {", "no closing }"},
		{"mynetworks = cidr:/networks", `"!192.0.2.1"`},
		{"mynetworks = 192.0.2.1/24", `"192.0.2.1/24" has bits after its prefix length`},
		{"relay_domains = exa_mple..org", "main.cf:7: relay_domains: "},
		{"relay_domains = $gone", "main.cf:7: relay_domains: $gone is not set"},
		{"relay_domains = $relay_domains", "main.cf:7: relay_domains: the parameter refers to others more than 20 deep, or to itself"},
		{"relay_domains = ${x", "no closing }"},
		{"unknown_client_reject_code = 250\nsmtpd_client_restrictions = reject_unknown_client_hostname", "main.cf:7: unknown_client_reject_code = 250"},
		{"smtpd_delay_reject = perhaps", "main.cf:7: smtpd_delay_reject = perhaps: the value is neither yes nor no"},
		{"smtpd_recipient_restrictions = permit_mynetworks", "would not start"},
		{"local_recipient_maps = unix:passwd.byname\nmydestination = example.org", "the mailboxes cannot be listed"},
		{"smtpd_restriction_classes = a\na = a\nsmtpd_client_restrictions = a", "the class a refers to itself"},
		{"smtpd_client_restrictions = " + strings.Repeat("permit_mynetworks ", 100), "more than 64 restrictions that permit"},
		{"smtpd_client_restrictions = " + strings.Repeat("reject_unknown_client_hostname ", 3000), "more than 2000 restrictions"},
		{"no assignment", `main.cf:7: "no assignment" has no =`},
		{"a-b = c", `main.cf:7: "a-b" is not the name of a parameter`},
		{"a = b\x00", "main.cf:7: the line has a NUL"},
	} {
		_, err := importing.Read(closed+tc.lines, importing.Options{ReadFile: func(name string) ([]byte, error) {
			text, found := tables[name]
			if !found {
				return nil, errors.New("there is no file " + name)
			}
			return []byte(text), nil
		}})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.100q: got the error %v, want %q", tc.lines, err, tc.want)
		}
	}
}

// Reading takes bounded time, whatever parameters refer to.
func TestReadIsBounded(t *testing.T) {
	var main strings.Builder
	main.WriteString(closed + "a0 =\n")
	for _, name := range []string{"1 = $a0", "2 = $a1", "3 = $a2", "4 = $a3", "5 = $a4", "6 = $a5"} {
		reference := name[strings.Index(name, "$"):]
		main.WriteString("a" + name + strings.Repeat(" "+reference, 20) + "\n")
	}
	main.WriteString("relay_domains = $a6\n")
	_, err := importing.Read(main.String(), importing.Options{})
	if err == nil || !strings.Contains(err.Error(), "references to parameters") {
		t.Errorf("got the error %v", err)
	}
}

// LeaveOut leaves out with a line of the report, and keeps the rest.
func TestLeaveOut(t *testing.T) {
	imported, err := importing.Read(closed+"smtpd_client_restrictions = reject_bad_weather, reject_unknown_client_hostname", importing.Options{LeaveOut: true})
	if err != nil {
		t.Fatal(err)
	}
	left := imported.Report.LeftOut()
	if len(left) != 1 || left[0].Restriction != "reject_bad_weather" || left[0].Number != 7 {
		t.Errorf("left out: %v", left)
	}
	if got := imported.Policy.Judge(t.Context(), world, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.12"), RcptTo: "bob@example.org"}); got.Rule != "rdns.confirmed" {
		t.Errorf("the verdict is %s", got)
	}
}

// Restrictions that depend on a login, or on an encrypted connection, and those of
// policy servers, which the comparison with Postfix does not reach.
func TestRead(t *testing.T) {
	const logins = "smtpd_sasl_auth_enable = yes\nsmtpd_sender_login_maps = inline:{ann@example.org=ann, {info@example.org = ann, bob}}\n"
	services := map[string]importing.Service{"inet:127.0.0.1:10023": importing.Greylisting}
	stranger := netip.MustParseAddr("192.0.2.10")
	for _, tc := range []struct {
		lines, login, from, want string
	}{
		{logins + "smtpd_sender_restrictions = reject_sender_login_mismatch", "ann", "info@example.org", "accept 250 2.0.0"},
		{logins + "smtpd_sender_restrictions = reject_sender_login_mismatch", "bob", "ann@example.org", "reject 553 5.7.1 by sender.ownedbylogin: the login bob does not own the sender address ann@example.org"},
		{logins + "smtpd_sender_restrictions = reject_sender_login_mismatch", "", "ann@example.org", "reject 553 5.7.1 by sender.needslogin: the sender ann@example.org is in the list of senders"},
		{logins + "smtpd_sender_restrictions = reject_unauthenticated_sender_login_mismatch", "bob", "ann@example.org", "accept 250 2.0.0"},
		{logins + "smtpd_sender_restrictions = reject_authenticated_sender_login_mismatch", "bob", "eve@example.net", "reject 553 5.7.1 by sender.ownedbylogin: the login bob does not own the sender address eve@example.net"},
		{logins + "smtpd_sender_restrictions = reject_known_sender_login_mismatch", "bob", "eve@example.net", "accept 250 2.0.0"},
		{"smtpd_sender_restrictions = reject_sender_login_mismatch", "bob", "ann@example.org", "accept 250 2.0.0"},
		{"smtpd_client_restrictions = permit_sasl_authenticated, reject_plaintext_session", "bob", "ann@example.org", "accept 250 2.0.0"},
		{"smtpd_client_restrictions = permit_sasl_authenticated, reject_plaintext_session", "", "ann@example.org", "tempfail 450 4.7.0 by client.tls: the connection is not encrypted; encryption required (STARTTLS)"},
		{"smtpd_data_restrictions = check_policy_service { inet:127.0.0.1:10023, timeout=10s }", "", "ann@example.net", "tempfail 451 4.7.1 by greylist.known: greylisted: "},
	} {
		imported, err := importing.Read(closed+tc.lines, importing.Options{Services: services})
		if err != nil {
			t.Errorf("%s: %v", tc.lines, err)
			continue
		}
		got := imported.Policy.Judge(t.Context(), world, &envelope.Envelope{ClientIP: stranger, Login: tc.login, MailFrom: tc.from, RcptTo: "bob@example.org"}).String()
		if !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s\nlogin %q, from %s: got %s", tc.lines, tc.login, tc.from, got)
		}
	}
}
