package resolver_test

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

// The names are those of the IANA registry for a client that uses EDNS and not TSIG:
// for it, 16 is BADVERS (RFC 6891, section 9).
func TestResponseCodesHaveTheirNames(t *testing.T) {
	for code, want := range map[int]string{
		1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET",
		9: "NOTAUTH", 10: "NOTZONE", 11: "DSOTYPENI", 12: "RCODE12", 15: "RCODE15", 16: "BADVERS", 17: "BADKEY",
		18: "BADTIME", 19: "BADMODE", 20: "BADNAME", 21: "BADALG", 22: "BADTRUNC", 23: "BADCOOKIE", 24: "RCODE24", 3841: "RCODE3841",
	} {
		t.Run(want, func(t *testing.T) {
			extended := func(m *dns.Msg) { m.SetEdns0(1232, false).Rcode = code }
			server := &hostile{udp: editing(replying(dns.RcodeSuccess), extended)}
			var exchanges []string
			r := server.open(t, resolver.Config{
				Attempts:   1,
				OnExchange: func(x resolver.Exchange) { exchanges = append(exchanges, x.Rcode) },
			})
			_, err := r.LookupTXT(t.Context(), name)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("code %d: the error is %v", code, err)
			}
			for _, got := range exchanges {
				if got != want {
					t.Errorf("code %d: the exchange is told as %s", code, got)
				}
			}
		})
	}
}
