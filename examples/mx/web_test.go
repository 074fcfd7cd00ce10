package main

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

// A refusal of the server links to a page that the server has.
func TestRefusalsLinkToTheirPage(t *testing.T) {
	w := web{listen: "127.0.0.1:0", link: "https://postmaster.example.org"}
	links, err := w.links(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var s site
	r, server := newReceiver(t, func(its *site) {
		its.link = links.Of
		its.pretend = func(_ net.Conn, e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("192.0.2.200") }
		s = *its
	})
	address, err := w.serve(t.Context(), s, server, links)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.start(t, listener)
	checkEnd(t, listener.Addr().String(), conversation{lines: mail("mail.good.example", "bob@good.example", "alice@example.org")}, "RCPT 550 5.7.25")
	r.mu.Lock()
	lines := r.judged[len(r.judged)-1].verdict.Reply().Lines
	r.mu.Unlock()
	path, found := strings.CutPrefix(lines[len(lines)-1], w.link)
	if !found {
		t.Fatalf("the reply is %q", lines)
	}
	response, err := http.Get("http://" + address.String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, _ := io.ReadAll(response.Body)
	if response.StatusCode != 200 || !strings.Contains(string(page), "200.2.0.192.in-addr.arpa. PTR mail.good.example.") {
		t.Errorf("%s\n%s", response.Status, page)
	}
}

// The command serves the pages, and its replies link to them.
func TestRunServesThePages(t *testing.T) {
	folder := t.TempDir()
	zoneFile := filepath.Join(folder, "zone")
	writeFile(t, zoneFile, demoZone)
	mx := start(t, "-maildir", filepath.Join(folder, "mail"), "-zone", zoneFile, "-web", "127.0.0.1:0", "-web-link", "https://postmaster.example.org")
	pages := ""
	for _, line := range mx.before {
		if line["msg"] == "serving pages" {
			pages, _ = line["address"].(string)
		}
	}
	var transcript strings.Builder
	c := conversation{lines: mail("mail.good.example", "bob@good.example", "alice@example.org")}
	if ended, err := c.speak(t.Context(), mx.address, &transcript); err != nil || ended != "RCPT 550 5.7.25" {
		t.Fatalf("%s, %v", ended, err)
	}
	link := linkOf.FindStringSubmatch(transcript.String())
	if link == nil {
		t.Fatalf("no link:\n%s", transcript.String())
	}
	for _, path := range []string{"/", "/test", link[1]} {
		response, err := http.Get("http://" + pages + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
}
