// Package postmaster serves the pages that a refusal links to: what was seen, what the rule
// asks, why, and how to mend it; the rules of the site in words; and a form that judges a
// server before others refuse it.
//
//	links := &postmaster.Links{Base: "https://postmaster.example.org", Key: key}
//	policy.Link = links.Of
//	handler := postmaster.New(postmaster.Site{Name: "example.org", Policy: policy, Resolver: dns, Links: links})
//
// The pages need no JavaScript and no other host. A strict Content-Security-Policy says so
// to the browser. Everything that a client or a visitor sent is escaped.
//
// The form asks DNS about the visitor's own address only, unless Site.Allow says more, and
// a visitor has a number of tests an hour, so that it is no tool to scan others.
package postmaster

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
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
	// Book explains the checks. nil is that of package explain, in English.
	Book explain.Book
	// Recipient is the mailbox that the form pretends to send to.
	Recipient string
	// Allow reports whether a visitor may test an address that is not the visitor's own.
	// nil allows none.
	Allow func(r *http.Request, address string) bool
	// TestsPerHour bounds the tests of a visitor. 0 means 20.
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
	limit limiter
}

// New returns the handler of the pages.
func New(site Site) http.Handler {
	h := &handler{Site: site, pages: map[string]*template.Template{}}
	if h.Book == nil {
		h.Book = explain.English()
	}
	if h.Now == nil {
		h.Now = time.Now
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
	h.mux.ServeHTTP(w, r)
}

// page writes a page.
func (h *handler) page(w http.ResponseWriter, status int, name string, data any) {
	var page bytes.Buffer
	err := h.pages[name].ExecuteTemplate(&page, "layout", map[string]any{"Site": h.Name, "Data": data})
	if err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(page.Bytes())
}

// problem writes a page that says what is wrong.
func (h *handler) problem(w http.ResponseWriter, status int, text string) {
	h.page(w, status, "problem", text)
}

func (h *handler) style(w http.ResponseWriter, _ *http.Request) {
	text, _ := files.ReadFile("pages/style.css")
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	w.Write(text)
}

// refusal shows the page of a link.
func (h *handler) refusal(w http.ResponseWriter, r *http.Request) {
	refused, err := h.Links.read(r.PathValue("token"))
	switch err {
	case nil:
	case errExpired:
		h.problem(w, http.StatusGone, "This link has expired. Send the mail again: the new reply has a new link.")
		return
	default:
		h.problem(w, http.StatusNotFound, "This link is not one of this site, or it is not complete. Copy the whole of it from the reply: it may be broken over several lines.")
		return
	}
	v, e := refused.verdict()
	h.page(w, http.StatusOK, "refusal", map[string]any{
		"Status": refused.status.String(), "Explanation": h.Book.Explain(v, e), "Client": refused.client, "Helo": refused.helo, "Domain": refused.domain,
	})
}
