// Package postmaster serves the pages that a refusal links to: what was seen, what the rule
// asks, why, and how to fix it; the rules of the site in words; and a form that judges a
// server before others refuse it.
//
//	links := &postmaster.Links{Base: "https://postmaster.example.org", Key: key}
//	policy.Link = links.Of
//	handler := postmaster.New(postmaster.Site{Name: "example.org", Policy: policy, Resolver: dns, Links: links})
//
// The pages need no JavaScript and no other host. A strict Content-Security-Policy says so
// to the browser. Everything that a client or a visitor sent is escaped. Explanations are in
// the language that the browser asks for, of those that the site has (Site.Books).
//
// # The form
//
// The form is no tool to scan others. It tests the visitor's own address; that of a
// client that this site has refused, if the visitor has the link of the refusal; and what
// Site.Allow permits. A visitor has a number of tests an hour, and so has a link, whoever
// uses it. A test asks DNS at most 301 times, ends after a minute, and
// writes nothing: the sender is as unknown to greylisting as before.
package postmaster

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/netip"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/explain"
)

// Site is what the pages are about. Policy and Links are required.
type Site struct {
	// Name is the name of the site, as it is shown.
	Name string
	// Policy is what the site enforces: the pages show its rules and judge by it.
	Policy verdict.Policy
	// Resolver is asked by the form.
	Resolver envelope.Resolver
	// Links reads the links that Policy.Link made.
	Links *Links
	// Books explain the checks, one for each language. The first is for visitors who
	// read none of them. Without one it is that of package explain, in English.
	Books []explain.Book
	// Recipient is the mailbox that the form pretends to send to.
	Recipient string
	// Visitor returns the address of a visitor. nil is the address that the request came
	// from; behind a proxy use [BehindProxies]. Without a valid address nothing is tested.
	Visitor func(r *http.Request) netip.Addr
	// Allow reports whether a visitor may test an address that is not the visitor's own.
	// nil allows none.
	Allow func(r *http.Request, address string) bool
	// TestsPerHour bounds the tests of a visitor, and those by a link. 0 means 20.
	TestsPerHour int
	// Now is the clock. nil is time.Now.
	Now func() time.Time
}

//go:embed pages/*.html pages/style.css
var files embed.FS

// handler serves the pages.
type handler struct {
	Site
	mux   http.ServeMux
	pages map[string]*template.Template
	shelf shelf
	limit limiter
}

// New returns the handler of the pages.
func New(site Site) http.Handler {
	h := &handler{Site: site, pages: map[string]*template.Template{}, shelf: newShelf(site.Books)}
	if h.Now == nil {
		h.Now = time.Now
	}
	if h.Visitor == nil {
		h.Visitor = peer
	}
	if h.TestsPerHour <= 0 {
		h.TestsPerHour = 20
	}
	h.limit = limiter{most: h.TestsPerHour, seen: map[string]*visits{}}
	for _, name := range []string{"rules", "refusal", "problem", "test"} {
		h.pages[name] = template.Must(template.ParseFS(files, "pages/layout.html", "pages/"+name+".html"))
	}
	h.mux.HandleFunc("GET /{$}", h.rules)
	h.mux.HandleFunc("GET /r/{token}", h.refusal)
	h.mux.HandleFunc("GET /test", h.form)
	h.mux.HandleFunc("POST /test", h.test)
	h.mux.HandleFunc("GET /style.css", h.style)
	h.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		h.problem(w, http.StatusNotFound, "There is no such page.")
	})
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept-Language")
	h.mux.ServeHTTP(w, r)
}

// page writes a page in a language.
func (h *handler) page(w http.ResponseWriter, status int, name, language string, data any) {
	var page bytes.Buffer
	err := h.pages[name].ExecuteTemplate(&page, "layout", map[string]any{"Site": h.Name, "Language": language, "Data": data})
	if err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(page.Bytes())
}

// english is the language of the words of the pages that are not in a Book.
const english = "en"

// problem writes a page that says what is wrong.
func (h *handler) problem(w http.ResponseWriter, status int, text string) {
	h.page(w, status, "problem", english, text)
}

func (h *handler) style(w http.ResponseWriter, _ *http.Request) {
	text, _ := files.ReadFile("pages/style.css")
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	w.Write(text)
}

// refused is what the page of a refusal shows.
type refused struct {
	refusal
	explain.Explanation
	Token string // "" if the client cannot be tested
}

// Heading is the title of the page.
func (r refused) Heading() string {
	if r.Temporary {
		return r.Titles.Deferred
	}
	return r.Titles.Rejected
}

func (r refused) Status() string { return r.status.String() }
func (r refused) Client() string { return r.client.String() }
func (r refused) Helo() string   { return r.helo }
func (r refused) Domain() string { return r.domain }

// refusal shows the page of a link.
func (h *handler) refusal(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	link, err := h.Links.read(token)
	switch err {
	case nil:
	case errExpired:
		h.problem(w, http.StatusGone, "This link has expired. Send the mail again: the new reply has a new link.")
		return
	default:
		h.problem(w, http.StatusNotFound, "This link is not one of this site, or it is not complete. Copy the whole of it from the reply: it may be broken over several lines.")
		return
	}
	page := refused{refusal: link, Explanation: h.shelf.book(r).Finding(link.finding())}
	page.Temporary = link.action == verdict.TempFail
	if link.client.IsValid() {
		page.Token = token
	}
	language := page.Language
	if language == "" {
		language = english
	}
	h.page(w, http.StatusOK, "refusal", language, page)
}
