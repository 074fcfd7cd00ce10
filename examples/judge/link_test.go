package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mxrules.example/examples/postmaster"
)

// The link of a refusal opens its page on a server with the same address and key.
func TestLinkOpensThePageOfARefusal(t *testing.T) {
	const base = "https://postmaster.example.org"
	key := []byte("a key of the tests, of any octets\n")
	file := filepath.Join(t.TempDir(), "links.key")
	if err := os.WriteFile(file, key, 0o600); err != nil {
		t.Fatal(err)
	}
	linked := slices.Concat(offline, []string{"-link", base, "-link-key", file, "-to", "bob@example.org", "-helo", "mail.example.net"})

	got := output(append(linked, "-ip", "192.0.2.99"), "")
	_, link, ok := strings.Cut(got, "\n  page: "+base)
	if !ok {
		t.Fatalf("there is no link in\n%s", got)
	}
	link, _, _ = strings.Cut(link, "\n")
	site := postmaster.New(postmaster.Site{Links: &postmaster.Links{Base: base, Key: key}})
	page := httptest.NewRecorder()
	site.ServeHTTP(page, httptest.NewRequest(http.MethodGet, link, nil))
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "192.0.2.99") {
		t.Errorf("the page of %s has status %d: %s", link, page.Code, page.Body)
	}

	var stdout, stderr strings.Builder
	run(append(linked, "-json", "-ip", "192.0.2.99"), nil, &stdout, &stderr)
	var result struct{ Link string }
	if err := json.Unmarshal([]byte(stdout.String()), &result); err != nil || !strings.HasPrefix(result.Link, base+"/r/") {
		t.Errorf("%v: %s %s", err, &stdout, &stderr)
	}
	for _, args := range [][]string{{"-ip", "192.0.2.9"}, {"-ip", "192.0.2.99", "-checks", "rdns.exists"}, {"-ip", "192.0.2.99", "-stage", "connect"}} {
		if got := output(append(linked, args...), ""); strings.Contains(got, "page:") {
			t.Errorf("%q has a link:\n%s", args, got)
		}
	}
}
