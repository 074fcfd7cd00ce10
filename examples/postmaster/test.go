package postmaster

import (
	"bytes"
	"context"
	"encoding/base64"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/explain"
	"mxrules.example/verdict/waterfall"
)

// Bounds of a test.
const (
	maxForm      = 256 << 10 // octets, with a pasted message
	maxQuestions = 150
	testTimeout  = 30 * time.Second
	maxVisitors  = 10_000
)

// tested is what the form shows.
type tested struct {
	Address, Helo, Sender, Message string
	Error                          string
	Verdict                        string
	Accepted                       bool
	Steps                          []step
	Changes                        []explain.Explanation
	Waterfall                      template.URL
}

// step is one rule of a test.
type step struct{ Rule, Outcome, Action, Text string }

// form shows the form, with the address of the visitor.
func (h *handler) form(w http.ResponseWriter, r *http.Request) {
	h.page(w, http.StatusOK, "test", tested{Address: visitor(r).String()})
}

// test judges what the form has.
func (h *handler) test(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		h.problem(w, http.StatusRequestEntityTooLarge, "The form is too large. Paste the header of the message and a part of its text.")
		return
	}
	t := tested{
		Address: strings.TrimSpace(r.PostForm.Get("address")), Helo: strings.TrimSpace(r.PostForm.Get("helo")),
		Sender: strings.TrimSpace(r.PostForm.Get("sender")), Message: r.PostForm.Get("message"),
	}
	ip, err := netip.ParseAddr(t.Address)
	switch own := visitor(r); {
	case err != nil:
		t.Error = "The address is not an IP address."
	case ip.Unmap() != own && (h.Allow == nil || !h.Allow(r, t.Address)):
		t.Error = "Only your own address can be tested, which is " + own.String() + ". Open this page from your mail server, for example with a text browser."
	case !h.limit.take(network(own), h.Now()):
		h.page(w, http.StatusTooManyRequests, "test", tested{Address: t.Address, Error: "You have made many tests in this hour. Please come back later."})
		return
	default:
		h.judge(r.Context(), ip, &t)
	}
	h.page(w, http.StatusOK, "test", t)
}

// visitor returns the address of the visitor.
func visitor(r *http.Request) netip.Addr {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	ip, _ := netip.ParseAddr(host)
	return ip.Unmap().WithZone("")
}

// judge judges the server that a form describes.
func (h *handler) judge(ctx context.Context, ip netip.Addr, t *tested) {
	e := envelope.Envelope{ClientIP: ip, Helo: t.Helo, MailFrom: t.Sender, RcptTo: h.Recipient, Now: h.Now()}
	if strings.TrimSpace(t.Message) != "" {
		text := strings.ReplaceAll(strings.ReplaceAll(t.Message, "\r\n", "\n"), "\n", "\r\n")
		e.Message = envelope.NewMessage([]byte(text))
	}
	policy := h.Policy
	policy.MaxQuestions, policy.Timeout, policy.Link = maxQuestions, testTimeout, nil
	policy.Rules = withoutWriting(policy.Rules)
	v := policy.Judge(ctx, h.Resolver, &e)
	t.Verdict, t.Accepted = v.String(), v.Err() == nil
	for _, s := range v.Trace {
		if s.Off {
			continue
		}
		action := ""
		if s.Action != 0 && s.Action != verdict.Continue {
			action = s.Action.String()
		}
		t.Steps = append(t.Steps, step{s.Rule, s.Finding.Outcome.String(), action, envelope.CleanText(s.Finding.Text, true)})
	}
	var picture bytes.Buffer
	if waterfall.SVG(&picture, v) == nil && v.Cost().Questions > 0 {
		t.Waterfall = template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(picture.Bytes()))
	}
	t.Changes = h.changes(ctx, policy, v, &e)
}

// withoutWriting returns the rules without those that write, such as greylisting, which a
// test must not teach anything.
func withoutWriting(rules verdict.Rules) verdict.Rules {
	return slices.DeleteFunc(slices.Clone(rules), func(r verdict.Rule) bool {
		name, _ := r.Check().Describe()
		return strings.HasPrefix(name, "greylist.") || strings.HasPrefix(name, "quota.")
	})
}

// changes returns what has to change before the mail is accepted: the rules that refuse
// it, one after another. Each of them has to be mended. Rules that see the same are one
// change.
func (h *handler) changes(ctx context.Context, policy verdict.Policy, v verdict.Verdict, e *envelope.Envelope) []explain.Explanation {
	var changes []explain.Explanation
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	for tries := 0; v.Err() != nil && tries < 20 && ctx.Err() == nil; tries++ {
		change := h.Book.Explain(v, e)
		if !slices.ContainsFunc(changes, func(x explain.Explanation) bool { return x.Seen == change.Seen }) {
			changes = append(changes, change)
		}
		i := slices.IndexFunc(v.Trace, func(s verdict.Step) bool { return s.Rule == v.Rule && s.Action != verdict.Continue })
		if i < 0 {
			break
		}
		policy.Rules = slices.Delete(slices.Clone(policy.Rules), v.Trace[i].Place(), v.Trace[i].Place()+1)
		v = policy.Judge(ctx, h.Resolver, e)
	}
	return changes
}

// network returns the address of a visitor, or the network of an IPv6 address.
func network(ip netip.Addr) string {
	if ip.Is6() {
		prefix, _ := ip.Prefix(64)
		return prefix.String()
	}
	return ip.String()
}

// limiter bounds the tests of a visitor in an hour.
type limiter struct {
	most int
	mu   sync.Mutex
	seen map[string]*visits
}

// visits are the tests of a visitor since a time.
type visits struct {
	since time.Time
	count int
}

// take counts a test, and reports whether it is within the limit. When there are too many
// visitors, those of earlier hours are forgotten, and if that does not help, new ones are
// refused.
func (l *limiter) take(visitor string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.seen[visitor]
	if v == nil || now.Sub(v.since) >= time.Hour || now.Before(v.since) {
		if v == nil && len(l.seen) >= maxVisitors {
			for name, other := range l.seen {
				if now.Sub(other.since) >= time.Hour {
					delete(l.seen, name)
				}
			}
			if len(l.seen) >= maxVisitors {
				return false
			}
		}
		v = &visits{since: now}
		l.seen[visitor] = v
	}
	v.count++
	return v.count <= l.most
}
