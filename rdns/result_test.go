package rdns_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
)

func TestResultInJSON(t *testing.T) {
	for _, tc := range []struct {
		client string
		check  envelope.Check
		want   string
	}{
		{"1", rdns.Exists, `{"names":["mail.example.org"],"confirmed":""}`},
		{"1", rdns.Confirmed, `{"names":["mail.example.org"],"confirmed":"mail.example.org"}`},
		{"6", rdns.Confirmed, `{"names":["nowhere.example.org","second.example.org"],"confirmed":"second.example.org"}`},
		{"20", rdns.Confirmed, `{"names":["twenty.example.org"],"confirmed":""}`},
		{"2", rdns.Confirmed, `{"names":[],"confirmed":""}`},
		{"11", rdns.Confirmed, `{"names":[],"confirmed":""}`},
		{"30", rdns.Confirmed, `{"names":[],"confirmed":""}`},
		{"", rdns.Confirmed, `{"names":[],"confirmed":""}`},
	} {
		got := tc.check(t.Context(), world(), &envelope.Envelope{ClientIP: address(tc.client)})
		text, err := json.Marshal(got.Detail)
		if err != nil || string(text) != tc.want {
			t.Errorf("client %s: %s, %v, want %s", tc.client, text, err, tc.want)
		}
	}
}

// Only Confirmed has a result of the method iprev (RFC 8601, section 2.7.3).
func TestAuthenticationResults(t *testing.T) {
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa.  PTR  mail.example.org.
		mail.example.org.        A    192.0.2.1
		3.2.0.192.in-addr.arpa.  PTR  mail.example.org.
		4.2.0.192.in-addr.arpa.  PTR  nowhere.example.org.
		5.2.0.192.in-addr.arpa.  PTR  localhost.
		6.2.0.192.in-addr.arpa.  PTR  broken.example.org.
	`).Failing("broken.example.org.", zone.SERVFAIL).Failing("7.2.0.192.in-addr.arpa.", zone.Timeout)
	for client, want := range map[string]string{
		"1": "pass", "2": "permerror", "3": "fail", "4": "fail", "5": "fail", "6": "temperror", "7": "temperror",
	} {
		e := envelope.Envelope{ClientIP: address(client)}
		detail := rdns.Confirmed(t.Context(), dns, &e).Detail.(*rdns.Result)
		want := fmt.Sprintf("[{iprev %s  [{policy iprev 192.0.2.%s}]}]", want, client)
		if got := fmt.Sprint(detail.AuthenticationResults()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		for _, check := range []envelope.Check{rdns.Exists, rdns.NotGeneric, rdns.In("mail.example.org"), rdns.NotIn("x.example")} {
			f := check(t.Context(), dns, &e)
			if got := f.Detail.(*rdns.Result).AuthenticationResults(); len(got) != 0 {
				t.Errorf("%s of %s: %v", f.Check, client, got)
			}
		}
	}
	detail := rdns.Confirmed(t.Context(), dns, &envelope.Envelope{}).Detail.(*rdns.Result)
	if got := detail.AuthenticationResults(); len(got) != 0 {
		t.Errorf("an unknown address: %v", got)
	}
}
