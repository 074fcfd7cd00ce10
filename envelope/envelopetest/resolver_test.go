package envelopetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

func TestZoneKeepsTheContract(t *testing.T) {
	TestResolver(t, func(_ *testing.T, world *zone.Zone) envelope.Resolver { return world })
}

func TestStandardResolverKeepsTheContract(t *testing.T) {
	TestResolver(t, func(t *testing.T, world *zone.Zone) envelope.Resolver {
		server, err := world.Serve("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		})
		return server.Resolver()
	})
}

func TestWrappedResolverKeepsTheContract(t *testing.T) {
	TestResolver(t, func(_ *testing.T, world *zone.Zone) envelope.Resolver { return wrapper{world} })
}

// wrapper hides the method Exists of the Resolver that it wraps.
type wrapper struct{ envelope.Resolver }

func (w wrapper) Unwrap() envelope.Resolver { return w.Resolver }

// altered is a Resolver with a defect: a function that is not nil answers in place of
// the method.
type altered struct {
	*zone.Zone
	netIP  func(ctx context.Context, network, host string) ([]netip.Addr, error)
	txt    func(ctx context.Context, name string) ([]string, error)
	mx     func(ctx context.Context, name string) ([]*net.MX, error)
	ptr    func(ctx context.Context, addr string) ([]string, error)
	cname  func(ctx context.Context, host string) (string, error)
	exists func(ctx context.Context, name string) (bool, error)
}

func (a *altered) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if a.netIP != nil {
		return a.netIP(ctx, network, host)
	}
	return a.Zone.LookupNetIP(ctx, network, host)
}

func (a *altered) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if a.txt != nil {
		return a.txt(ctx, name)
	}
	return a.Zone.LookupTXT(ctx, name)
}

func (a *altered) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	if a.mx != nil {
		return a.mx(ctx, name)
	}
	return a.Zone.LookupMX(ctx, name)
}

func (a *altered) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	if a.ptr != nil {
		return a.ptr(ctx, addr)
	}
	return a.Zone.LookupAddr(ctx, addr)
}

func (a *altered) LookupCNAME(ctx context.Context, host string) (string, error) {
	if a.cname != nil {
		return a.cname(ctx, host)
	}
	return a.Zone.LookupCNAME(ctx, host)
}

func (a *altered) Exists(ctx context.Context, name string) (bool, error) {
	if a.exists != nil {
		return a.exists(ctx, name)
	}
	return a.Zone.Exists(ctx, name)
}

// Each way to break the contract is found by the case for it.
func TestResolverSuiteFindsEachDefect(t *testing.T) {
	for _, tc := range []struct {
		defect string
		spoil  func(z *zone.Zone, a *altered)
		seenBy string
		says   string
	}{
		{"the IPv4 address is mapped", func(z *zone.Zone, a *altered) {
			a.netIP = func(ctx context.Context, network, host string) ([]netip.Addr, error) {
				addrs, err := z.LookupNetIP(ctx, network, host)
				for i := range addrs {
					addrs[i] = netip.AddrFrom16(addrs[i].As16())
				}
				return addrs, err
			}
		}, "records of every type", "plain IPv4"},
		{"an address is lost", func(z *zone.Zone, a *altered) {
			a.netIP = func(ctx context.Context, network, host string) ([]netip.Addr, error) {
				addrs, err := z.LookupNetIP(ctx, network, host)
				return addrs[:min(1, len(addrs))], err
			}
		}, "records of every type", "A host.example.org."},
		{"both families are asked for", func(z *zone.Zone, a *altered) {
			a.netIP = func(ctx context.Context, _, host string) ([]netip.Addr, error) { return z.LookupNetIP(ctx, "ip", host) }
		}, "only the family of the question", "and nothing else"},
		{"a search list is applied", func(z *zone.Zone, a *altered) {
			a.netIP = func(ctx context.Context, network, host string) ([]netip.Addr, error) {
				if addrs, err := z.LookupNetIP(ctx, network, host); err == nil {
					return addrs, nil
				}
				return z.LookupNetIP(ctx, network, host+"example.com.")
			}
		}, "no search list", `A host.: got ["192.0.2.99"]`},
		{"letter case makes a difference", func(z *zone.Zone, a *altered) {
			a.netIP = func(ctx context.Context, network, host string) ([]netip.Addr, error) {
				if strings.ToLower(host) != host {
					return nil, &net.DNSError{IsNotFound: true}
				}
				return z.LookupNetIP(ctx, network, host)
			}
		}, "letter case makes no difference", "FOUR"},
		{"the name at the end of an alias is the alias", func(z *zone.Zone, a *altered) {
			a.cname = func(ctx context.Context, host string) (string, error) {
				_, err := z.LookupCNAME(ctx, host)
				return host, err
			}
		}, "aliases", "CNAME alias.example.org."},
		{"NODATA is temporary", func(z *zone.Zone, a *altered) {
			a.txt = func(ctx context.Context, name string) ([]string, error) {
				texts, err := z.LookupTXT(ctx, name)
				if err != nil {
					err = &net.DNSError{IsTemporary: true}
				}
				return texts, err
			}
		}, "no record is not found", "want an error with IsNotFound"},
		{"MX in any order", func(z *zone.Zone, a *altered) {
			a.mx = func(ctx context.Context, name string) ([]*net.MX, error) {
				hosts, err := z.LookupMX(ctx, name)
				slices.SortFunc(hosts, func(a, b *net.MX) int { return cmp.Compare(b.Pref, a.Pref) })
				return hosts, err
			}
		}, "MX in order of preference", `"30 c.example.org." "20 b.example.org."`},
		{"a null MX without its dot", func(z *zone.Zone, a *altered) {
			a.mx = func(ctx context.Context, name string) ([]*net.MX, error) {
				hosts, err := z.LookupMX(ctx, name)
				for _, mx := range hosts {
					mx.Host = strings.TrimSuffix(mx.Host, ".")
				}
				return hosts, err
			}
		}, "MX in order of preference", `"0 "`},
		{"the strings of a TXT record are separated", func(z *zone.Zone, a *altered) {
			a.txt = func(ctx context.Context, name string) ([]string, error) {
				texts, err := z.LookupTXT(ctx, name)
				for i := range texts {
					texts[i] = strings.ReplaceAll(texts[i], " ", "  ")
				}
				return texts, err
			}
		}, "TXT as octets", "v=spf1  ip4"},
		{"escapes stay in a TXT record", func(z *zone.Zone, a *altered) {
			a.txt = func(ctx context.Context, name string) ([]string, error) {
				texts, err := z.LookupTXT(ctx, name)
				for i := range texts {
					texts[i] = strings.ReplaceAll(texts[i], "\\", "\\\\")
				}
				return texts, err
			}
		}, "TXT as octets", "octets.example.org."},
		{"an empty TXT record is lost", func(z *zone.Zone, a *altered) {
			a.txt = func(ctx context.Context, name string) ([]string, error) {
				texts, err := z.LookupTXT(ctx, name)
				return slices.DeleteFunc(texts, func(s string) bool { return s == "" }), err
			}
		}, "TXT as octets", "empty-text"},
		{"a long list of names is cut", func(z *zone.Zone, a *altered) {
			a.ptr = func(ctx context.Context, addr string) ([]string, error) {
				names, err := z.LookupAddr(ctx, addr)
				return names[:min(10, len(names))], err
			}
		}, "PTR", "192.0.2.9"},
		{"SERVFAIL is not found", func(z *zone.Zone, a *altered) {
			a.mx = func(ctx context.Context, name string) ([]*net.MX, error) {
				hosts, err := z.LookupMX(ctx, name)
				if err != nil {
					err = &net.DNSError{IsNotFound: true}
				}
				return hosts, err
			}
		}, "failures are not answers", "want an error without IsNotFound"},
		{"a failure is an empty answer", func(z *zone.Zone, a *altered) {
			a.cname = func(ctx context.Context, host string) (string, error) {
				name, _ := z.LookupCNAME(ctx, host)
				return name, nil
			}
		}, "failures are not answers", "CNAME"},
		{"the error is wrapped", func(z *zone.Zone, a *altered) {
			a.ptr = func(ctx context.Context, addr string) ([]string, error) {
				names, err := z.LookupAddr(ctx, addr)
				if err != nil {
					err = fmt.Errorf("reverse lookup: %w", err)
				}
				return names, err
			}
		}, "failures are not answers", "not a bare *net.DNSError"},
		{"a failure at the end of an alias is not found", func(z *zone.Zone, a *altered) {
			a.txt = func(ctx context.Context, name string) ([]string, error) {
				texts, err := z.LookupTXT(ctx, name)
				if err != nil && strings.HasPrefix(name, "alias") {
					err = &net.DNSError{IsNotFound: true}
				}
				return texts, err
			}
		}, "a failure at the end of an alias", "TXT alias2"},
		{"the context is ignored", func(z *zone.Zone, a *altered) {
			a.txt = func(_ context.Context, name string) ([]string, error) {
				return z.LookupTXT(context.Background(), name)
			}
		}, "a context that has ended", "TXT host"},
		{"the error of the context is returned", func(z *zone.Zone, a *altered) {
			a.netIP = func(ctx context.Context, network, host string) ([]netip.Addr, error) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				addrs, err := z.LookupNetIP(ctx, network, host)
				if ctx.Err() != nil {
					err = ctx.Err()
				}
				return addrs, err
			}
		}, "a context that ends", "not a bare *net.DNSError"},
		{"an ended context is not found", func(z *zone.Zone, a *altered) {
			a.ptr = func(ctx context.Context, addr string) ([]string, error) {
				names, err := z.LookupAddr(ctx, addr)
				if ctx.Err() != nil {
					err = &net.DNSError{IsNotFound: true}
				}
				return names, err
			}
		}, "a context that ends", "PTR"},
		{"an invalid name panics", func(z *zone.Zone, a *altered) {
			a.mx = func(ctx context.Context, name string) ([]*net.MX, error) {
				_ = name[0]
				return z.LookupMX(ctx, name)
			}
		}, "invalid names", "panics"},
		{"the cached answer is returned", func(z *zone.Zone, a *altered) {
			memory := map[string][]*net.MX{}
			a.mx = func(ctx context.Context, name string) ([]*net.MX, error) {
				if hosts, ok := memory[name]; ok {
					return hosts, nil
				}
				hosts, err := z.LookupMX(ctx, name)
				memory[name] = hosts
				return hosts, err
			}
		}, "answers belong to the caller", "changed."},
		{"one question at a time", func(z *zone.Zone, a *altered) {
			busy, second := make(chan struct{}, 1), make(chan struct{})
			var met sync.Once
			a.txt = func(ctx context.Context, name string) ([]string, error) {
				select {
				case busy <- struct{}{}:
				default:
					met.Do(func() { close(second) })
					return nil, &net.DNSError{Err: "busy"}
				}
				defer func() { <-busy }()
				<-second // or the suite asks one question at a time too
				return z.LookupTXT(ctx, name)
			}
		}, "concurrent questions", "busy"},
		{"NODATA does not exist", func(z *zone.Zone, a *altered) {
			a.exists = func(ctx context.Context, name string) (bool, error) {
				_, err := z.LookupNetIP(ctx, "ip4", name)
				if envelope.NotFound(err) {
					return false, nil
				}
				return err == nil, err
			}
		}, "Exists", "mx.example.org."},
		{"a failed Exists is an answer", func(z *zone.Zone, a *altered) {
			a.exists = func(ctx context.Context, name string) (bool, error) {
				ok, _ := z.Exists(ctx, name)
				return ok, nil
			}
		}, "Exists", "though the lookup failed"},
		{"Exists returns not found", func(z *zone.Zone, a *altered) {
			a.exists = func(ctx context.Context, name string) (bool, error) {
				ok, err := z.Exists(ctx, name)
				if !ok && err == nil {
					err = &net.DNSError{IsNotFound: true}
				}
				return ok, err
			}
		}, "Exists", "want a failure"},
		{"the error of Exists is wrapped", func(z *zone.Zone, a *altered) {
			a.exists = func(ctx context.Context, name string) (bool, error) {
				ok, err := z.Exists(ctx, name)
				if err != nil {
					err = errors.Join(err)
				}
				return ok, err
			}
		}, "Exists", "not a bare *net.DNSError"},
	} {
		t.Run(tc.defect, func(t *testing.T) {
			said := complaints(t, tc.seenBy, patience, func(z *zone.Zone) envelope.Resolver {
				a := &altered{Zone: z}
				tc.spoil(z, a)
				return a
			})
			if !strings.Contains(said, tc.says) {
				t.Errorf("the case %q says %q, want that it says %q", tc.seenBy, said, tc.says)
			}
		})
	}
}

func TestResolverSuiteFindsWhatHangs(t *testing.T) {
	said := complaints(t, "a context that ends", short, func(z *zone.Zone) envelope.Resolver {
		return &altered{Zone: z, netIP: func(context.Context, string, string) ([]netip.Addr, error) { select {} }}
	})
	if !strings.Contains(said, "does not return") {
		t.Errorf("got %q", said)
	}
}

// complaints runs one case of the suite and returns its errors.
func complaints(t *testing.T, name string, limit time.Duration, start func(*zone.Zone) envelope.Resolver) string {
	for _, tc := range resolverCases {
		if tc.name == name {
			return record(t, func(tb testing.TB) { tc.run(&resolverSuite{TB: tb, limit: limit, start: start}) })
		}
	}
	t.Fatalf("there is no case %q", name)
	return ""
}
