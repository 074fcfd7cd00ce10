package explain

import (
	"fmt"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// ptrRecord returns the PTR record that the client lacks, and the address record that
// confirms it.
func ptrRecord(e *envelope.Envelope) []string {
	ip := e.Client()
	if !ip.IsValid() {
		return nil
	}
	name := "mail.example.com"
	if host, err := envelope.ParseHost(e.Helo); err == nil && strings.Contains(string(host), ".") {
		name = string(host)
	}
	return []string{fmt.Sprintf("%s PTR %s.", reverseName(ip), name), addressRecord(name, ip)}
}

// ownName returns the PTR and the address record of a name in the domain of the sender, for
// a client whose names are made of its address.
func ownName(e *envelope.Envelope) []string {
	named := *e
	named.Helo = "mail.example.com"
	if mailbox, err := envelope.ParseMailbox(e.MailFrom, e.SMTPUTF8); err == nil && mailbox.Domain != "" {
		named.Helo = "mail." + string(mailbox.Domain)
	}
	return ptrRecord(&named)
}

func addressRecord(name string, ip netip.Addr) string {
	kind := "AAAA"
	if ip.Is4() {
		kind = "A"
	}
	return fmt.Sprintf("%s. %s %s", name, kind, ip)
}

// reverseName returns the name of the PTR record of an address (RFC 1035, section 3.5; RFC
// 3596, section 2.5).
func reverseName(ip netip.Addr) string {
	var b strings.Builder
	octets := ip.AsSlice()
	for i := len(octets) - 1; i >= 0; i-- {
		if ip.Is4() {
			fmt.Fprintf(&b, "%d.", octets[i])
		} else {
			fmt.Fprintf(&b, "%x.%x.", octets[i]&15, octets[i]>>4)
		}
	}
	if ip.Is4() {
		return b.String() + "in-addr.arpa."
	}
	return b.String() + "ip6.arpa."
}

// heloRecord returns the address record of the HELO name.
func heloRecord(e *envelope.Envelope) []string {
	host, err := envelope.ParseHost(e.Helo)
	if err != nil || !e.Client().IsValid() {
		return nil
	}
	return []string{addressRecord(string(host), e.Client())}
}

// senderDomain returns the domain of MAIL FROM, or the HELO name for the null sender.
func senderDomain(e *envelope.Envelope) (envelope.Host, bool) {
	if e.MailFrom == "" {
		host, err := envelope.ParseHost(e.Helo)
		return host, err == nil
	}
	mailbox, err := envelope.ParseMailbox(e.MailFrom, e.SMTPUTF8)
	return mailbox.Domain, err == nil && mailbox.Domain != ""
}

// spfTerm returns the SPF record that allows this client and decides nothing else, so that
// it does no harm if it is published as it is.
func spfTerm(e *envelope.Envelope) []string {
	domain, ok := senderDomain(e)
	ip := e.Client()
	if !ok || !ip.IsValid() {
		return nil
	}
	term := "ip6"
	if ip.Is4() {
		term = "ip4"
	}
	return []string{fmt.Sprintf(`%s. TXT "v=spf1 %s:%s ?all"`, domain, term, ip)}
}

// heloSPF returns the SPF record of the HELO name.
func heloSPF(e *envelope.Envelope) []string {
	return spfTerm(&envelope.Envelope{ClientIP: e.ClientIP, Helo: e.Helo})
}

// mxRecord returns an MX record of the sender domain.
func mxRecord(e *envelope.Envelope) []string {
	domain, ok := senderDomain(e)
	if !ok || e.MailFrom == "" {
		return nil
	}
	return []string{fmt.Sprintf("%s. MX 10 mail.%s.", domain, domain)}
}

// dmarcRecord returns the first DMARC record of the sender domain.
func dmarcRecord(e *envelope.Envelope) []string {
	domain, ok := senderDomain(e)
	if !ok {
		return nil
	}
	return []string{fmt.Sprintf(`_dmarc.%s. TXT "v=DMARC1; p=none; rua=mailto:dmarc@%s"`, domain, domain)}
}
