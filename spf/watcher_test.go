package spf_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

// watcher forwards questions, and fails the test for names that must not be asked.
type watcher struct {
	envelope.Resolver
	t     testing.TB
	asked []string // "A mail.example.com."
	// texts and ptr, if not nil, answer questions for TXT and for the client's names.
	texts func(name string) []string
	ptr   func() []string
	// fault returns the error for a question, by its number from 1 on.
	fault func(number int) error
	// shuffle changes the order of an answer.
	shuffle func(n int, swap func(i, j int))
}

func (w *watcher) note(kind, name string) error {
	w.asked = append(w.asked, kind+" "+name)
	plain, absolute := strings.CutSuffix(name, ".")
	if kind == "PTR" {
		if _, err := netip.ParseAddr(name); err != nil {
			w.t.Errorf("asked for the names of %q", name)
		}
	} else if !absolute || len(plain) > 253 || strings.ToLower(plain) != plain {
		w.t.Errorf("asked for %s of %q, which is not absolute, in lower case and of at most 253 octets", kind, name)
	} else {
		if _, err := netip.ParseAddr(plain); err == nil {
			w.t.Errorf("asked for %s of the address %q", kind, name)
		}
		for label := range strings.SplitSeq(plain, ".") {
			odd := strings.ContainsFunc(label, func(r rune) bool { return r < ' ' || r > '~' || r == '\\' })
			if label == "" || len(label) > 63 || odd {
				w.t.Errorf("asked for %s of %.300q", kind, name)
				break
			}
		}
	}
	if w.fault != nil {
		return w.fault(len(w.asked))
	}
	return nil
}

var nothing = &net.DNSError{Err: "no such record", IsNotFound: true}

func shuffled[T any](w *watcher, values []T, err error) ([]T, error) {
	if w.shuffle != nil {
		w.shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	}
	return values, err
}

func (w *watcher) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	kind := map[string]string{"ip4": "A", "ip6": "AAAA"}[network]
	if kind == "" {
		w.t.Errorf("asked for network %q", network)
	}
	if err := w.note(kind, host); err != nil {
		return nil, err
	}
	if w.Resolver == nil {
		return nil, nothing
	}
	addrs, err := w.Resolver.LookupNetIP(ctx, network, host)
	return shuffled(w, addrs, err)
}

func (w *watcher) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	if err := w.note("PTR", addr); err != nil {
		return nil, err
	}
	if w.ptr != nil {
		return w.ptr(), nil
	}
	if w.Resolver == nil {
		return nil, nothing
	}
	names, err := w.Resolver.LookupAddr(ctx, addr)
	return shuffled(w, names, err)
}

func (w *watcher) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	if err := w.note("MX", name); err != nil {
		return nil, err
	}
	if w.Resolver == nil {
		return nil, nothing
	}
	hosts, err := w.Resolver.LookupMX(ctx, name)
	return shuffled(w, hosts, err)
}

func (w *watcher) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if err := w.note("TXT", name); err != nil {
		return nil, err
	}
	if w.texts != nil {
		if texts := w.texts(name); texts != nil {
			return texts, nil
		}
	}
	if w.Resolver == nil {
		return nil, nothing
	}
	texts, err := w.Resolver.LookupTXT(ctx, name)
	return shuffled(w, texts, err)
}

func (w *watcher) LookupCNAME(context.Context, string) (string, error) {
	w.t.Error("asked for CNAME")
	return "", nothing
}
