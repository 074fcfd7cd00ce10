//go:build linux

package load

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

// mail is a message that a client tries to deliver.
type mail struct {
	client  netip.Addr
	helo    string
	from    string
	to      []string
	message []byte
	want    want
}

// want is how the mail must be answered: '2', '4' or '5', the first digit of the reply to
// the message, or of the first refusal before it.
type want byte

// The domains that send mail. Each has one server.
const (
	servers   = 40
	mailboxes = 10 // of example.org
)

// world has the mail of a load, and the DNS records of its senders.
type world struct {
	zone   strings.Builder
	signed [servers][]byte // a message of each server
	forged []byte
}

// newWorld signs the messages, which have 10 to 100 KB.
func newWorld(t testing.TB) *world {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	p := base64.StdEncoding.EncodeToString(public)
	w := new(world)
	w.add("other.example", server(servers), "", "")
	w.add("small.example", server(servers+1), "198-18-41-25.dyn.provider.example", "")
	for n := range 256 { // clients of which each comes once
		w.client(stranger(n), fmt.Sprintf("198-18-200-%d.dyn.provider.example", n))
	}
	for i := range servers {
		domain := fmt.Sprintf("d%d.example", i)
		w.add(domain, server(i), "", "v=spf1 mx -all")
		fmt.Fprintf(&w.zone, "_dmarc.%s. TXT \"v=DMARC1; p=reject\"\n", domain)
		fmt.Fprintf(&w.zone, "load._domainkey.%s. TXT \"v=DKIM1; k=rsa; p=%s\" \"%s\"\n", domain, p[:200], p[200:])
		options := &dkim.SignOptions{Domain: domain, Selector: "load", Signer: key, HeaderCanonicalization: "relaxed", BodyCanonicalization: "relaxed"}
		var signed bytes.Buffer
		if err := dkim.Sign(&signed, bytes.NewReader(message("news@"+domain, 10+90*i/(servers-1))), options); err != nil {
			t.Fatal(err)
		}
		w.signed[i] = signed.Bytes()
	}
	w.forged = message("ceo@d0.example", 10)
	return w
}

// server returns the address of a server, in a network of its own, because postgrey takes
// the clients of a network for one.
func server(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, byte(i), 25}) }

// stranger returns one of the clients that look generic, and do not come again.
func stranger(n int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, 200, byte(n)}) }

// add adds the records of a domain, whose server has the name mail of the domain, or
// another.
func (w *world) add(domain string, ip netip.Addr, name, spf string) {
	if name == "" {
		name = "mail." + domain
	}
	fmt.Fprintf(&w.zone, "%s. MX 10 %s.\n", domain, name)
	if spf != "" {
		fmt.Fprintf(&w.zone, "%s. TXT %q\n", domain, spf)
	}
	w.client(ip, name)
}

func (w *world) client(ip netip.Addr, name string) {
	b := ip.As4()
	fmt.Fprintf(&w.zone, "%s. A %s\n%d.%d.%d.%d.in-addr.arpa. PTR %s.\n", name, ip, b[3], b[2], b[1], b[0], name)
}

// message returns a message of an author with so many KB.
func message(author string, size int) []byte {
	const line = "A line of text, as it is in most of the mail that there is: 72 octets\r\n"
	return []byte("From: <" + author + ">\r\nTo: <user0@example.org>\r\nSubject: news\r\nDate: Fri, 27 Nov 2026 12:00:00 +0000\r\n" +
		"Message-ID: <1@" + author[strings.Index(author, "@")+1:] + ">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n" +
		strings.Repeat(line, size*1024/len(line)))
}

// good is mail from a well configured server that has come before: from its newsletter to
// a mailbox, or to several.
func (w *world) good(i, recipients int) mail {
	i %= servers
	domain := fmt.Sprintf("d%d.example", i)
	m := mail{server(i), "mail." + domain, fmt.Sprintf("news%s@%s", letters(recipients), domain), nil, w.signed[i], '2'}
	for n := range recipients {
		m.to = append(m.to, fmt.Sprintf("user%d@example.org", (i+n)%mailboxes))
	}
	return m
}

// returning is mail from a generic client that has come before.
func (w *world) returning() mail {
	return mail{server(servers + 1), "198-18-41-25.dyn.provider.example", "ann@small.example", []string{"user0@example.org"}, message("ann@small.example", 20), '2'}
}

// forgery is mail that DMARC rejects: it has no signature, and the sender no SPF record.
func (w *world) forgery() mail {
	return mail{server(servers), "mail.other.example", "ann@other.example", []string{"user0@example.org"}, w.forged, '5'}
}

// mix returns the n-th mail of a load. Of twenty, eleven are good, three more have three
// recipients, and one comes again from a generic client; the others are refused: two to
// unknown mailboxes, one that SPF rejects, one that DMARC rejects, and one from a generic
// client that comes for the first time.
func (w *world) mix(n int) mail {
	m := w.good(n, 1)
	switch n % 20 {
	case 3, 9, 15:
		return w.good(n, 3)
	case 5:
		return w.returning()
	case 7, 17:
		m.to, m.want = []string{fmt.Sprintf("unknown%d@example.org", n)}, '5'
	case 11:
		m.client, m.helo, m.message, m.want = server(servers), "mail.other.example", w.forged, '5'
	case 13:
		return w.forgery()
	case 19:
		ip := stranger(n / 20 % 256)
		return mail{ip, fmt.Sprintf("198-18-200-%d.dyn.provider.example", ip.As4()[3]), letters(n) + "@small.example", []string{"user1@example.org"}, message("ann@small.example", 10), '4'}
	}
	return m
}

// earlier returns the mail that came before the load, so that greylisting knows it.
func (w *world) earlier() []mail {
	mails := []mail{w.returning(), w.forgery()}
	for i := range servers {
		mails = append(mails, w.good(i, 1), w.good(i, 3))
	}
	return mails
}

// letters returns a number in letters. Greylisting ignores digits in a sender.
func letters(n int) string {
	word := []byte(fmt.Sprint(n))
	for i := range word {
		word[i] += 'g' - '0'
	}
	return string(word)
}
