package postmaster

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// maxForm bounds the form with a pasted message, in octets.
const maxForm = 256 << 10

// form is what a visitor fills in.
type form struct {
	Address, Helo, Sender, Selector, Message string
	Link                                     string // the token of a refusal of Address
}

// tested is what the page of the form shows.
type tested struct {
	form
	Error  string
	Result *result // nil before a test
}

// form shows the empty form, with the address of the visitor, or what a link has.
func (h *handler) form(w http.ResponseWriter, r *http.Request) {
	f := form{Link: r.URL.Query().Get("link")}
	if own := h.Visitor(r); own.IsValid() {
		f.Address = own.String()
	}
	if link, err := h.Links.read(f.Link); err == nil && link.client.IsValid() {
		f.Address, f.Helo = link.client.String(), link.helo
		if link.domain != "" {
			f.Sender = "postmaster@" + link.domain
		}
	} else {
		f.Link = ""
	}
	h.page(w, http.StatusOK, "test", english, tested{form: f})
}

// test judges what the form has.
func (h *handler) test(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		h.problem(w, http.StatusRequestEntityTooLarge, "The form is too large. Paste the header of the message and a part of its text.")
		return
	}
	field := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	f := form{
		Address: field("address"), Helo: field("helo"), Sender: withoutBrackets(field("sender")), Selector: field("selector"),
		Message: r.PostForm.Get("message"), Link: field("link"),
	}
	t := tested{form: f}
	status := http.StatusOK
	if ip, refusal := h.permit(r, f); refusal != nil {
		status, t.Error = refusal.status, refusal.text
	} else {
		t.Result = h.judge(r.Context(), h.shelf.book(r), ip, f)
	}
	h.page(w, status, "test", english, t)
}

// notPermitted says why a test is not made.
type notPermitted struct {
	status int
	text   string
}

// permit returns the address to test, if the visitor may test it.
func (h *handler) permit(r *http.Request, f form) (netip.Addr, *notPermitted) {
	own := h.Visitor(r)
	ip, err := netip.ParseAddr(f.Address)
	ip = ip.Unmap()
	link, linkErr := h.Links.read(f.Link)
	byLink := linkErr == nil && link.client == ip && ip != own
	switch {
	case err != nil || ip.Zone() != "":
		return ip, &notPermitted{http.StatusOK, "The address is not an IP address."}
	case !own.IsValid():
		return ip, &notPermitted{http.StatusForbidden, "Nothing can be tested, because your address is not known."}
	case ip != own && !byLink && (h.Allow == nil || !h.Allow(r, ip.String())):
		return ip, &notPermitted{http.StatusOK, "Only your own address can be tested, which is " + own.String() + ". Open this page from your mail server, for example with a text browser, or from the link in a reply of this site to your server."}
	case !h.limit.take(network(own), h.Now()):
		return ip, &notPermitted{http.StatusTooManyRequests, "You have made many tests in this hour. Please come back later."}
	case byLink && !h.limit.take(f.Link, h.Now()):
		return ip, &notPermitted{http.StatusTooManyRequests, "The link of this refusal was used for many tests in this hour. Please come back later."}
	}
	return ip, nil
}

// envelope returns the envelope of a form.
func (h *handler) envelope(ip netip.Addr, f form) *envelope.Envelope {
	e := &envelope.Envelope{ClientIP: ip, Helo: f.Helo, MailFrom: f.Sender, RcptTo: h.Recipient, Now: h.Now()}
	if strings.TrimSpace(f.Message) != "" {
		text := strings.ReplaceAll(strings.ReplaceAll(f.Message, "\r\n", "\n"), "\n", "\r\n")
		e.Message = envelope.NewMessage([]byte(text))
	}
	return e
}

// withoutBrackets returns a path without the angle brackets that it has in a log.
func withoutBrackets(path string) string {
	if inner, found := strings.CutPrefix(path, "<"); found && strings.HasSuffix(inner, ">") {
		return strings.TrimSuffix(inner, ">")
	}
	return path
}

// senderDomain returns the domain of the sender of a form, or else its HELO name.
func (f form) senderDomain() (envelope.Host, bool) {
	if mailbox, err := envelope.ParseMailbox(f.Sender, true); err == nil && mailbox.Domain != "" {
		return mailbox.Domain, true
	}
	host, err := envelope.ParseHost(f.Helo)
	return host, err == nil
}

// keyOf describes the DKIM key of a form, "" if it names none.
func (h *handler) keyOf(ctx context.Context, f form) string {
	domain, ok := f.senderDomain()
	switch {
	case f.Selector == "":
		return ""
	case !ok:
		return "A DKIM key is looked up below the domain of the sender, which is missing."
	}
	return describeKey(ctx, h.Resolver, domain, f.Selector, h.Now())
}
