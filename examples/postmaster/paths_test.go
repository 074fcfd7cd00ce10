package postmaster

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"mxrules.example/envelope/sender"
	"mxrules.example/verdict"
)

// A sender may be pasted from a log, where it has angle brackets.
func TestASenderInAngleBrackets(t *testing.T) {
	site := newSite(t, "")
	site.Policy = verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(sender.Syntax)}}
	h := New(site)
	for path, want := range map[string]string{
		"<ann@example.net>": "Accepted", " <ann@example.net> ": "Accepted", "<>": "Accepted", "": "Accepted",
		"<ann@example.net": "Refused", "ann@example.net>": "Refused", "<<ann@example.net>>": "Refused",
	} {
		values := url.Values{"address": {"192.0.2.77"}, "helo": {"mail.example.net"}, "sender": {path}}
		if status, page := get(t, h, "/test", values); status != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("%q: got %d, want %s in\n%s", path, status, want, page)
		}
	}
}
