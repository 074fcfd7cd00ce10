package zone_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
)

// A Zone, its Server asked by package resolver, and its Server asked by the standard
// library give the same answers for names with any octets. So a check that is tested
// in memory behaves the same in production.
func TestZoneAndServerAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(1035, 4592))
	for range 8 {
		names := unusualNames(random, 40)
		z := zone.MustParse(worldOf(random, names))
		compareWithServer(t, z, questionsAbout(random, names))
	}
}

func compareWithServer(t *testing.T, z *zone.Zone, names []string) {
	t.Helper()
	server := serve(t, z)
	overUDP, err := resolver.New(resolver.Config{Servers: []string{server.Addr()}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer overUDP.Close()
	standard := server.Resolver()
	for _, name := range names {
		for _, kind := range []string{"A", "AAAA", "MX", "TXT", "CNAME", "exists"} {
			memory := withoutReason(asked(t.Context(), z, kind, name))
			if got := withoutReason(asked(t.Context(), overUDP, kind, name)); got != memory {
				t.Errorf("%s %q: %s in memory, %s over UDP", kind, name, memory, got)
			}
			if kind == "CNAME" || kind == "exists" {
				continue // the standard library asks other questions for these
			}
			got, refused := askedStandard(t.Context(), standard, kind, name)
			if want := standardForm(memory); got != want && !refused {
				t.Errorf("%s %q: %s in memory, %s by the standard library", kind, name, want, got)
			}
		}
	}
}

// askedStandard is asked for the standard library. It returns "not found" for
// NXDOMAIN and NODATA, and sets refused if the standard library does not ask
// because the name is not a host name.
func askedStandard(ctx context.Context, r *net.Resolver, kind, name string) (answer string, refused bool) {
	answer = standardForm(withoutReason(asked(ctx, r, kind, name)))
	return answer, answer == "not found" && !isHostlike(name)
}

// withoutReason removes the reason of a failure, which differs between resolvers.
func withoutReason(answer string) string {
	if strings.HasPrefix(answer, "temporary: ") {
		return "temporary"
	}
	return answer
}

func standardForm(answer string) string {
	if answer == "NXDOMAIN" || answer == "NODATA" {
		return "not found"
	}
	if inner, ok := strings.CutPrefix(answer, "["); ok { // the standard library sorts addresses (RFC 6724)
		fields := strings.Fields(strings.TrimSuffix(inner, "]"))
		slices.Sort(fields)
		return strings.Join(fields, " ")
	}
	return answer
}

func isHostlike(name string) bool {
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			return false
		}
	}
	return len(strings.TrimSuffix(name, ".")) <= 253 && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", r)
	})
}

// unusualNames returns names of one to three labels before "example" as lists of
// labels. Most octets have a special meaning in master files.
func unusualNames(random *rand.Rand, count int) [][]string {
	const special = "'@();\"\\. \t\n\x00\x7f\x80\xc3\xfc\xff$*ABCabc019-_/+=,&!#%^|~`{}[]<>?:"
	names := make([][]string, count)
	for i := range names {
		for range 1 + random.IntN(3) {
			label := make([]byte, 1+random.IntN(4))
			switch random.IntN(10) {
			case 0:
				label = []byte("*")
			case 1:
				label = []byte(strings.Repeat("\\", 63))
			default:
				for j := range label {
					label[j] = special[random.IntN(len(special))]
				}
			}
			names[i] = append(names[i], string(label))
		}
		names[i] = append(names[i], "example")
	}
	return names
}

// worldOf returns a text with records of these names. Some refer to each other.
func worldOf(random *rand.Rand, names [][]string) string {
	var text strings.Builder
	seen := map[string]bool{}
	for i, name := range names {
		owner := written(random, name, false)
		key := strings.ToLower(strings.Join(name, "\xfe"))
		if seen[key] {
			continue
		}
		seen[key] = true
		target := written(random, names[random.IntN(len(names))], false)
		switch random.IntN(4) {
		case 0:
			fmt.Fprintf(&text, "%s CNAME %s\n", owner, target)
		case 1:
			fmt.Fprintf(&text, "%s MX 10 %s\n%s MX 5 mail.example.\n", owner, target, owner)
		case 2:
			fmt.Fprintf(&text, "%s TXT \"%d\"\n%s AAAA 2001:db8::%x\n", owner, i, owner, i+1)
		default:
			fmt.Fprintf(&text, "%s A 192.0.2.%d\n", owner, i+1)
		}
	}
	return text.String()
}

// questionsAbout returns names to ask for: the given ones, their parents, names
// below them and others, in random spellings.
func questionsAbout(random *rand.Rand, names [][]string) []string {
	var questions []string
	for _, name := range names {
		for _, labels := range [][]string{
			name, name[1:],
			append([]string{"o'brien"}, name...),
			append([]string{strings.Repeat("x", 63+random.IntN(2))}, name...),
			append(slices.Repeat([]string{"0123456789abcde"}, 15), name...), // 240 octets more
			{"missing", name[0], "test"},
		} {
			questions = append(questions, written(random, labels, true))
		}
	}
	return append(questions, "", ".", "..", `\`, `\.`, `a\`, `\25.example.`, `\256.example.`, `\999.example.`, "bücher.example.")
}

// written returns a name in the presentation format with random letter case and
// escapes. If raw is set, some octets that must be escaped in master files are not.
func written(random *rand.Rand, labels []string, raw bool) string {
	var b strings.Builder
	for _, label := range labels {
		for i := range len(label) {
			c := label[i]
			if random.IntN(4) == 0 && ('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
				c ^= 0x20
			}
			switch {
			case raw && c != '.' && c != '\\' && random.IntN(2) == 0:
				b.WriteByte(c)
			case c >= '!' && c <= '~' && (c < '0' || c > '9') && random.IntN(2) == 0:
				b.WriteString(`\` + string(rune(c)))
			default:
				fmt.Fprintf(&b, `\%03d`, c)
			}
		}
		b.WriteByte('.')
	}
	return b.String()
}

// SPF can ask for names with the local part of a sender (RFC 7208, section 7.3).
func TestNamesMadeOfLocalParts(t *testing.T) {
	z := zone.MustParse(`
		o\'brien._spf.example.       A 127.0.0.2
		john\032doe._spf.example.    A 127.0.0.2
		\064\(\)\;\"._spf.example.   A 127.0.0.2
	`)
	wantAnswers(t, z, []wanted{
		{"A", "o'brien._spf.example.", "[127.0.0.2]"},
		{"A", "john doe._spf.example.", "[127.0.0.2]"},
		{"A", `@();"._spf.example.`, "[127.0.0.2]"},
	})
	if addrs, err := envelope.LookupIP(t.Context(), z, "ip4", "o'brien._spf.example."); len(addrs) > 0 {
		t.Errorf("envelope.LookupIP of a name that is not a host name: got %v, %v", addrs, err)
	}
}
