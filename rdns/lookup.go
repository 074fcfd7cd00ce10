package rdns

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"mxrules.example/envelope"
	"mxrules.example/envelope/genericname"
)

// maxNames is how many names of an answer are used. An attacker controls the answer,
// and each name may cost a lookup.
const maxNames = 10

// Result is what DNS returned for the client's name. A *Result is the Detail of every
// finding of this package for which DNS was asked; it belongs to that finding alone.
type Result struct {
	// Names are the names in the PTR records, each once, in the order of the
	// answer. They are never nil. The client controls them.
	Names []envelope.Host `json:"names"`
	// Confirmed is the first name that resolves to the address of the client. It is
	// "" if there is none, and if the check did not need one.
	Confirmed envelope.Host `json:"confirmed"`
	// Unusable are the texts of PTR records that are not host names, unchanged.
	Unusable []string `json:"-"`
	// Cut reports whether the answer had more than ten different names or texts. Those
	// after the tenth are ignored.
	Cut bool `json:"-"`
	// Err is the error of a lookup that failed and could have changed the result,
	// nil if there is none.
	Err error `json:"-"`

	client netip.Addr
	iprev  string // the result of that method, "" if the check is not about it
}

// AuthenticationResults returns for package verdict/headers the entry of the method
// iprev (RFC 8601, section 2.7.3) in a finding of Confirmed, none in other findings.
// Without PTR records the result is permerror, as that section requires.
func (result *Result) AuthenticationResults() []envelope.AuthenticationResult {
	if result.iprev == "" {
		return nil
	}
	return []envelope.AuthenticationResult{{
		Method: "iprev", Result: result.iprev,
		Properties: []envelope.AuthenticationProperty{{Type: "policy", Name: "iprev", Value: result.client.String()}},
	}}
}

// settle sets the result of iprev.
func (result *Result) settle() {
	switch {
	case !result.client.IsValid():
	case result.Err != nil:
		result.iprev = "temperror"
	case result.Confirmed != "":
		result.iprev = "pass"
	case len(result.Names)+len(result.Unusable) == 0:
		result.iprev = "permerror"
	default:
		result.iprev = "fail"
	}
}

// Keys of envelope.Once. The resolver is not part of them, because a judgement has
// only one.
type (
	reverseKey struct{ client netip.Addr }
	forwardKey struct {
		name   envelope.Host
		client netip.Addr
	}
)

// Evaluate returns the names in the PTR records of the client. An unknown
// address has no names, and neither has the client before Connect. If the lookup
// fails, Err is its error.
//
// Callers in one judgement share the lookup. The result belongs to the caller.
//
// DNS: PTR.
func Evaluate(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *Result {
	return reverseOf(ctx, r, e).own()
}

// reverse is what callers in one judgement share.
type reverse struct {
	result Result // without anything confirmed

	judged   sync.Once
	sign     string // why the first name is generic
	specific bool   // a name is not generic
}

// reverseOf looks the client up once in a judgement.
func reverseOf(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *reverse {
	if !e.Reached(envelope.Connect) {
		return &reverse{result: readNames(nil)}
	}
	client := e.Client()
	shared, _ := envelope.Once(ctx, reverseKey{client}, func() (*reverse, error) {
		texts, err := envelope.LookupPTR(ctx, r, client)
		shared := &reverse{result: readNames(texts)}
		shared.result.client = client
		if !envelope.NotFound(err) {
			shared.result.Err = err
		}
		return shared, nil
	})
	return shared
}

// own returns a copy of the result for one caller. Most clients have one name, for which
// the copy has room.
func (shared *reverse) own() *Result {
	own := &struct {
		Result
		room [1]envelope.Host
	}{Result: shared.result}
	own.Names = append(own.room[:0], own.Names...)
	own.Unusable = slices.Clone(own.Unusable)
	return &own.Result
}

// isSpecific reports whether a name is not generic, and returns why the first is.
func (shared *reverse) isSpecific() (specific bool, sign string) {
	shared.judged.Do(func() {
		for i, name := range shared.result.Names {
			sign, generic := genericname.Judge(name, shared.result.client)
			if !generic {
				shared.specific = true
				return
			}
			if i == 0 {
				shared.sign = sign
			}
		}
	})
	return shared.specific, shared.sign
}

// Confirm finds the first of names that resolves to the address of the client
// (RFC 8601, section 3) and sets Confirmed to it. If there is none, Confirmed is
// "", and Err is the error of the first lookup that failed, nil if none did.
//
// DNS: A or AAAA for each name, up to the first that is confirmed.
func (result *Result) Confirm(ctx context.Context, r envelope.Resolver, names []envelope.Host) {
	result.Confirmed, result.Err = confirm(ctx, r, result.client, names)
}

// readNames sorts the texts of PTR records.
func readNames(texts []string) Result {
	result := Result{Names: make([]envelope.Host, 0, min(len(texts), maxNames))}
	for _, text := range texts {
		name, fault := usable(text)
		if fault == "" && slices.Contains(result.Names, name) || fault != "" && slices.Contains(result.Unusable, text) {
			continue
		}
		if len(result.Names)+len(result.Unusable) == maxNames {
			result.Cut = true
			break
		}
		if fault == "" {
			result.Names = append(result.Names, name)
		} else {
			result.Unusable = append(result.Unusable, text)
		}
	}
	return result
}

// usable parses the text of a PTR record. The fault says why it is not a host name of
// the Internet.
func usable(text string) (name envelope.Host, fault string) {
	if isAddress(strings.TrimSuffix(text, ".")) {
		return "", "is an address, not a host name"
	}
	// DNS has A-labels; U-labels are only for display (RFC 5890, section 2.3.2.1).
	if !envelope.IsASCII(text) {
		return "", "is not a host name: it is not ASCII"
	}
	name, err := envelope.ParseHost(text)
	switch {
	case err != nil:
		return "", "is not a host name: it " + err.(*envelope.SyntaxError).Reason
	case name.Labels() == 1:
		return "", "is not fully qualified"
	case name.Within("in-addr.arpa"), name.Within("ip6.arpa"):
		return "", "is a name below in-addr.arpa or ip6.arpa"
	}
	return name, ""
}

// isAddress reports whether text is an address. The errors of netip take much time, and
// hardly any name ends with a digit or has a colon, as every address does.
func isAddress(text string) bool {
	if text == "" || strings.IndexByte(text, ':') < 0 && (text[len(text)-1] < '0' || text[len(text)-1] > '9') {
		return false
	}
	_, err := netip.ParseAddr(text)
	return err == nil
}

// confirm returns the first of the names that resolves to client, "" if none does.
// All names are looked up together. The error is that of the first lookup that
// failed, nil if none did or a name is confirmed.
func confirm(ctx context.Context, r envelope.Resolver, client netip.Addr, names []envelope.Host) (envelope.Host, error) {
	type answer struct {
		leadsBack bool
		err       error
	}
	var failed error
	for name, a := range envelope.Concurrently(ctx, names, func(ctx context.Context, name envelope.Host) (a answer) {
		a.leadsBack, a.err = leadsBack(ctx, r, client, name)
		return a
	}) {
		if a.leadsBack {
			return name, nil
		}
		if failed == nil && a.err != nil && !envelope.NotFound(a.err) {
			failed = a.err
		}
	}
	return "", failed
}

// leadsBack reports whether one of the addresses of name is that of client.
func leadsBack(ctx context.Context, r envelope.Resolver, client netip.Addr, name envelope.Host) (bool, error) {
	return envelope.Once(ctx, forwardKey{name, client}, func() (bool, error) {
		addrs, err := envelope.LookupIP(ctx, r, network(client), string(name))
		return slices.Contains(addrs, client), err
	})
}

// network returns the network of the lookups that can find the address of client.
func network(client netip.Addr) string {
	if client.Is4() {
		return "ip4"
	}
	return "ip6"
}
