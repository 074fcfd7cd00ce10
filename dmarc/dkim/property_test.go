package dkim_test

import (
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mxrules.example/dmarc/dkim"
)

// alterations are changes to a message in transit, accidental or malicious.
var alterations = []func(r *rand.Rand, raw string) string{
	func(r *rand.Rand, raw string) string { // another octet
		i := r.IntN(len(raw))
		return raw[:i] + piece(r) + raw[i+1:]
	},
	func(r *rand.Rand, raw string) string { // one more
		i := r.IntN(len(raw) + 1)
		return raw[:i] + piece(r) + raw[i:]
	},
	func(r *rand.Rand, raw string) string { // one less
		i := r.IntN(len(raw))
		return raw[:i] + raw[i+1:]
	},
	func(r *rand.Rand, raw string) string { // two octets change places
		i := r.IntN(len(raw) - 1)
		return raw[:i] + raw[i+1:i+2] + raw[i:i+1] + raw[i+2:]
	},
	func(r *rand.Rand, raw string) string { // a line twice
		lines := strings.SplitAfter(raw, "\r\n")
		i := r.IntN(len(lines))
		return strings.Join(lines[:i+1], "") + strings.Join(lines[i:], "")
	},
	func(r *rand.Rand, raw string) string { // a line less
		lines := strings.SplitAfter(raw, "\r\n")
		i := r.IntN(len(lines))
		return strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "")
	},
	func(r *rand.Rand, raw string) string { // two lines change places
		lines := strings.SplitAfter(raw, "\r\n")
		i, j := r.IntN(len(lines)), r.IntN(len(lines))
		lines[i], lines[j] = lines[j], lines[i]
		return strings.Join(lines, "")
	},
	func(r *rand.Rand, raw string) string { // the message ends early
		return raw[:r.IntN(len(raw))]
	},
}

// piece returns text to insert into a message, mostly text that canonicalization
// changes.
func piece(r *rand.Rand) string {
	if pieces := []string{" ", "\t", "\r\n", "\r\n ", "  ", ":", ";", "="}; r.IntN(2) == 0 {
		return pieces[r.IntN(len(pieces))]
	}
	return string(rune('!' + r.IntN('~'-'!')))
}

// covered returns everything that the signatures of a message cover, by a plain
// implementation. Only the rest may change.
func covered(raw string) []string {
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	fields := splitFields(strings.TrimSuffix(head, "\r\n"))
	var contents []string
	for i, field := range fields {
		if !strings.EqualFold(nameOf(field), "DKIM-Signature") {
			continue
		}
		name, tags, _ := strings.Cut(field, ":")
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(tagOf(tags, "b")), ""))
		if err != nil {
			continue
		}
		form := strings.ToLower(tagOf(tags, "c"))
		relaxedHeader, relaxedBody := strings.HasPrefix(form, "relaxed"), strings.HasSuffix(form, "/relaxed")
		content := picked(slices.Delete(slices.Clone(fields), i, i+1), tagOf(tags, "h"), relaxedHeader)
		content += plainField(name+":"+withoutData(tags), relaxedHeader) + "\n" + plainBody(body, relaxedBody) + "\n"
		contents = append(contents, content+string(data))
	}
	return contents
}

// TestAlterations changes signed messages at random. A signature is valid if and only if
// what it covers is unchanged according to covered.
func TestAlterations(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	dns := world()
	held, broken := 0, 0
	for _, form := range []string{"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"} {
		for _, key := range []string{"rsa", "ed"} {
			tags := with("c", form, "s", key, "a", algorithmOf(key), "h", "From:From:To:Subject:Date")
			signed := sign(tags, mail, keyOf(key))
			content := covered(signed)[0]
			for range 500 {
				altered := signed
				for n := 1 + r.IntN(2); n > 0 && len(altered) > 1; n-- {
					altered = alterations[r.IntN(len(alterations))](r, altered)
				}
				if strings.ContainsAny(strings.ReplaceAll(altered, "\r\n", ""), "\r\n") {
					continue // not what the plain reader knows
				}
				same := slices.Contains(covered(altered), content)
				result := verify(t, dns, altered)
				switch {
				case result.Passed() && !same:
					t.Fatalf("%s, %s: it still passes\n%q\n%q", form, key, signed, altered)
				case result.Passed():
					held++
				case same && !refused(result):
					t.Fatalf("%s, %s: %s, and nothing has changed\n%q\n%q", form, key, said(result), signed, altered)
				default:
					broken++
				}
			}
		}
	}
	if held < 100 || broken < 1000 {
		t.Errorf("%d held and %d broken: the alterations show nothing", held, broken)
	}
}

// refused reports whether the header itself was refused, whatever the signature.
func refused(r *dkim.Result) bool {
	for _, s := range r.Signatures {
		if s.Word != "policy" {
			return false
		}
	}
	return true
}
