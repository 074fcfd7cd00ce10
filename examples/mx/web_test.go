package main

import (
	"io"
	"net"
	"net/http"
	"net/netip"
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
