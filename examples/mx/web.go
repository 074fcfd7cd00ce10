package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/examples/policies"
	"mxrules.example/examples/postmaster"
	"mxrules.example/verdict/explain"
)

// web is the configuration of the pages for postmasters.
type web struct {
	listen  string         // "" serves none
	link    string         // the address of the pages in replies
	proxies []netip.Prefix // whose X-Forwarded-For names the visitor
}

func (w *web) check() error {
	switch {
	case w.listen != "" && w.link == "":
		return errors.New("-web needs -web-link, the address that replies link to")
	case w.listen == "" && w.link != "":
		return errors.New("-web-link needs -web")
	case w.listen == "" && len(w.proxies) > 0:
		return errors.New("-web-proxies needs -web")
	case w.link == "":
		return nil
	}
	base, err := url.Parse(w.link)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return fmt.Errorf("-web-link %q is not an address such as https://postmaster.example.org", envelope.Excerpt(w.link))
	}
	return nil
}

// links returns the links of refusals, nil without pages. Their key is a file in the
// folder of the maildirs.
func (w *web) links(maildir string) (*postmaster.Links, error) {
	if w.listen == "" {
		return nil, nil
	}
	key, err := readSecret(filepath.Join(maildir, "links.key"))
	if err != nil {
		return nil, err
	}
	return &postmaster.Links{Base: w.link, Key: key}, nil
}

// books returns the explanations of the checks of the library and of package policies.
func (w *web) books() []explain.Book {
	book := explain.English()
	maps.Copy(book.Entries, policies.Explanations())
	return []explain.Book{book}
}

// serve serves the pages of a server until ctx ends.
func (w *web) serve(ctx context.Context, s site, server *server, links *postmaster.Links) (net.Addr, error) {
	listener, err := net.Listen("tcp", w.listen)
	if err != nil {
		return nil, err
	}
	pages := &http.Server{
		Handler: postmaster.New(postmaster.Site{
			Name: s.hostname, Policy: server.guard.Policy, Resolver: s.resolver, Links: links, Books: w.books(), Recipient: s.mailboxes[0].String(),
			Visitor: postmaster.BehindProxies(w.proxies...),
		}),
		ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	context.AfterFunc(ctx, func() { pages.Close() })
	go func() {
		if err := pages.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("pages", "error", err.Error())
		}
	}()
	return listener.Addr(), nil
}
