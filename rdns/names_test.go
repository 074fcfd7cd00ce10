package rdns_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
)

func TestOnlyTenNamesAreLookedAt(t *testing.T) {
	text := "mail.example.org. A 192.0.2.1\n"
	for i := range 9 {
		text += fmt.Sprintf("1.2.0.192.in-addr.arpa. PTR a%d.example.org.\n", i)
	}
	text += "1.2.0.192.in-addr.arpa. PTR 192.0.2.1.\n" // the tenth
	for _, tc := range []struct {
		more string
		cut  bool
	}{
		{"a3.example.org", false}, // seen already
		{"192.0.2.1", false},
		{"mail.example.org", true},
		{"also no name", true},
	} {
		dns := zone.MustParse(text + "1.2.0.192.in-addr.arpa. PTR " + strings.ReplaceAll(tc.more, " ", `\032`) + ".\n")
		e := envelope.Envelope{ClientIP: address("1")}
		got := rdns.Confirmed(t.Context(), dns, &e)
		result := got.Detail.(*rdns.Result)
		if got.Outcome != envelope.Fail || result.Cut != tc.cut || len(result.Names) != 9 || len(result.Unusable) != 1 {
			t.Errorf("%s: %v with %+v", tc.more, got.Outcome, result)
		}
		if said := strings.Contains(got.Text, "only the first 10 were checked"); said != tc.cut {
			t.Errorf("%s: text %q", tc.more, got.Text)
		}
		if asked := len(dns.Asked()); asked != 1+9 {
			t.Errorf("%s: %d questions", tc.more, asked)
		}
		if !strings.Contains(got.Text, "are a0.example.org, a1.example.org, a2.example.org and 6 more") {
			t.Errorf("text %q", got.Text)
		}
	}
}

func TestTheResultInJSON(t *testing.T) {
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
