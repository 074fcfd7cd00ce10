package postmaster

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A browser shows every page, in two sizes and in both colour schemes, and its console
// has nothing to say: no violation of the Content-Security-Policy, no missing file. It
// runs if MXRULES_BROWSER is set, because a browser is much to install.
func TestBrowserShowsThePages(t *testing.T) {
	if os.Getenv("MXRULES_BROWSER") == "" {
		t.Skip("MXRULES_BROWSER is not set; the test needs chromium")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	site := newSite(t, "mail.example.net. A 192.0.2.77\nexample.net. TXT \"v=spf1 -all\"")
	pages := New(site)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = "192.0.2.77:4711"
		if r.URL.Path == "/result" { // what the form gets, which a browser without a user can't send
			form := url.Values{"address": {"192.0.2.77"}, "helo": {"mail.example.net"}, "sender": {"ann@example.net"}}
			r = httptest.NewRequest("POST", "/test", strings.NewReader(form.Encode()))
			r.RemoteAddr = "192.0.2.77:4711"
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		pages.ServeHTTP(w, r)
	}))
	defer server.Close()
	for name, path := range map[string]string{
		"rules": "/", "form": "/test", "result": "/result", "refusal": refuse(t, site, "mail.example.net"),
		"hostile": refuse(t, site, "<script>alert(1)</script>"), "problem": "/r/x",
	} {
		for _, look := range []struct{ name, size, scheme string }{{"wide", "1100,1400", "1"}, {"phone in the dark", "390,1400", "0"}} {
			t.Run(name+", "+look.name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				defer cancel()
				home := t.TempDir()
				command := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0",
					"--user-data-dir="+home, "--window-size="+look.size, "--blink-settings=preferredColorScheme="+look.scheme,
					"--screenshot="+filepath.Join(home, "page.png"), server.URL+path)
				out, err := command.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				for line := range strings.Lines(string(out)) {
					if strings.Contains(line, "CONSOLE") && !strings.Contains(line, "favicon") && !strings.Contains(line, "status of 404") {
						t.Error(line)
					}
				}
				if picture, err := os.ReadFile(filepath.Join(home, "page.png")); err != nil || len(picture) < 5000 {
					t.Errorf("the picture has %d octets, %v", len(picture), err)
				} else if keep := os.Getenv("MXRULES_PICTURES"); keep != "" {
					os.WriteFile(filepath.Join(keep, name+" "+look.name+".png"), picture, 0o644)
				}
			})
		}
	}
}
