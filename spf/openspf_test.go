package spf_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// TestOpenSPF runs the public test suite of the openspf project for RFC 7208, with all
// cases and explanations. The library has it among its tests but omits some cases. The
// explanation DEFAULT of the suite is that of the receiver, so here it is none.
func TestOpenSPF(t *testing.T) {
	checker, err := spf.New(spf.Options{Receiver: "mx.example.net"})
	if err != nil {
		t.Fatal(err)
	}
	cases, explained := 0, 0
	for _, s := range readScenarios(t) {
		for name, test := range s.tests {
			cases++
			t.Run(name, func(t *testing.T) {
				got := checker.Evaluate(t.Context(), s.dns, &envelope.Envelope{
					ClientIP: netip.MustParseAddr(test["host"]), Helo: test["helo"], MailFrom: test["mailfrom"],
				})
				if !slices.Contains(list(test["result"]), got.Word) {
					t.Errorf("got %s (%v), want %s", got.Word, got.Problem, test["result"])
				}
				want, ok := test["explanation"]
				if !ok {
					return
				}
				explained++
				if want == "DEFAULT" {
					want = ""
				}
				if got.Explanation != want {
					t.Errorf("the explanation is\n%q, want\n%q", got.Explanation, want)
				}
			})
		}
	}
	t.Logf("%d cases of openspf, %d with an explanation", cases, explained)
	if cases != 203 || explained != 22 {
		t.Error("the suite is not read whole")
	}
}

// scenario is a part of the suite: tests, each with its fields, in one zone.
type scenario struct {
	tests map[string]map[string]string
	dns   suiteDNS
}

// readScenarios reads the suite. It is YAML. Only these lines are used:
//
//	---
//	tests:
//	  the-name-of-a-test:
//	    helo: mail.example.net
//	zonedata:
//	  a.name.example.net:
//	    - TXT: v=spf1 -all
func readScenarios(t *testing.T) (scenarios []scenario) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "blitiri.com.ar/go/spf").Output()
	if err != nil {
		missing(t, err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "testdata", "rfc7208-tests.yml"))
	if err != nil {
		missing(t, err)
	}
	inTests, name := false, ""
	for line := range strings.Lines(string(text)) {
		entry := strings.TrimLeft(line, " ")
		indent := len(line) - len(entry)
		key, value, isPair := strings.Cut(strings.TrimRight(entry, "\n"), ":")
		if value = unquote(strings.TrimSpace(value)); key == "---" {
			scenarios = append(scenarios, scenario{map[string]map[string]string{}, suiteDNS{}})
		}
		if !isPair || len(scenarios) == 0 || strings.HasPrefix(entry, "#") {
			continue
		}
		s := scenarios[len(scenarios)-1]
		switch {
		case indent == 0:
			inTests = key == "tests"
		case indent == 2 && inTests:
			name, s.tests[key] = key, map[string]string{}
		case indent == 2: // the one key that may hold a colon
			name = strings.ToLower(unquote(strings.TrimSuffix(strings.TrimSpace(line), ":"))) + "."
		case indent == 4 && inTests:
			s.tests[name][key] = value
		case indent == 4:
			s.dns[name] = append(s.dns[name], [2]string{strings.TrimPrefix(key, "- "), value})
		}
	}
	return scenarios
}

// missing skips the test, or fails it if MXRULES_E2E is set.
func missing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("MXRULES_E2E") != "" {
		t.Fatal(err)
	}
	t.Skip("needs the source of the module blitiri.com.ar/go/spf with its testdata; with MXRULES_E2E set this is a failure: ", err)
}

// unquote parses a scalar, with or without quotes.
func unquote(s string) string {
	if text, err := strconv.Unquote(strings.ReplaceAll(s, `\0`, `\x00`)); err == nil {
		return text
	}
	return strings.Trim(s, "'")
}

// list parses a scalar, or scalars in brackets.
func list(s string) (items []string) {
	for item := range strings.SplitSeq(strings.Trim(s, "[] "), ",") {
		items = append(items, unquote(strings.TrimSpace(item)))
	}
	return items
}

// suiteDNS has the records of each name: type and value, in the order of the
// suite.
type suiteDNS map[string][][2]string

// find returns the values of a type. A record of type SPF, which RFC 7208 discontinued,
// replaces one of type TXT if there is none. TIMEOUT is for questions without an answer
// before it.
func (d suiteDNS) find(name, kind string) (values []string, err error) {
	hasTXT := slices.ContainsFunc(d[name], func(r [2]string) bool { return r[0] == "TXT" })
	for _, r := range d[name] {
		switch {
		case r[0] == "CNAME":
			return d.find(strings.ToLower(strings.TrimSuffix(r[1], "."))+".", kind)
		case (r[0] == "TIMEOUT" || r[0] == "CNAMELOOP") && len(values) == 0:
			return nil, &net.DNSError{Err: r[0], Name: name, IsTimeout: true}
		case (r[0] == kind || r[0] == "SPF" && kind == "TXT" && !hasTXT) && r[1] != "NONE":
			values = append(values, r[1])
		}
	}
	if len(values) == 0 {
		return nil, nothing
	}
	return values, nil
}

func (d suiteDNS) LookupTXT(_ context.Context, name string) (texts []string, err error) {
	values, err := d.find(name, "TXT")
	for _, value := range values {
		if strings.HasPrefix(value, "[") { // the strings of one record
			value = strings.Join(list(value), "")
		}
		texts = append(texts, value)
	}
	return texts, err
}

func (d suiteDNS) LookupNetIP(_ context.Context, network, name string) (addrs []netip.Addr, err error) {
	values, err := d.find(name, map[string]string{"ip4": "A", "ip6": "AAAA"}[network])
	for _, value := range values {
		addrs = append(addrs, netip.MustParseAddr(value))
	}
	return addrs, err
}

func (d suiteDNS) LookupMX(_ context.Context, name string) (hosts []*net.MX, err error) {
	values, err := d.find(name, "MX")
	for _, value := range values {
		hosts = append(hosts, &net.MX{Host: list(value)[1] + "."})
	}
	return hosts, err
}

func (d suiteDNS) LookupAddr(_ context.Context, text string) (names []string, err error) {
	values, err := d.find(reverseOf(netip.MustParseAddr(text)), "PTR")
	for _, value := range values {
		names = append(names, strings.TrimSuffix(value, ".")+".")
	}
	return names, err
}

func (d suiteDNS) LookupCNAME(context.Context, string) (string, error) { panic("asked for CNAME") }

var _ envelope.Resolver = suiteDNS{}

// reverseOf returns the name that has the PTR records of an address.
func reverseOf(addr netip.Addr) string {
	if addr.Is4() {
		octets := addr.As4()
		return fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa.", octets[3], octets[2], octets[1], octets[0])
	}
	name := "ip6.arpa."
	for _, octet := range addr.As16() {
		name = fmt.Sprintf("%x.%x.", octet&15, octet>>4) + name
	}
	return name
}
