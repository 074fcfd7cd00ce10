package envelope_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"mxrules.example/envelope"
)

func TestASetIsAskedByItsCheck(t *testing.T) {
	even := envelope.SetOf(func(n int) bool { return n%2 == 0 })
	for n, want := range map[int]bool{1: false, 2: true} {
		if in, err := even(t.Context(), n); in != want || err != nil {
			t.Errorf("%d: %t, %v", n, in, err)
		}
	}
	asked := 0
	check := even.At("site.own", envelope.Rcpt, constant(envelope.Passed(""), &asked))
	if name, from := check.Describe(); name != "site.own" || from != envelope.Rcpt || asked > 0 {
		t.Errorf("%s from %s, asked %d times", name, from, asked)
	}
	if f := check(t.Context(), nil, &envelope.Envelope{}); f.Outcome != envelope.Pass || f.Check != "site.own" {
		t.Errorf("%s of %s", f.Outcome, f.Check)
	}
}

func TestACheckWithoutASetIsMisconfigured(t *testing.T) {
	var none envelope.Set[int]
	for name, set := range map[string]envelope.Set[int]{"no set": none, "no function": envelope.SetOf[int](nil)} {
		check := set.At("site.own", envelope.Rcpt, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			t.Errorf("%s: the check was run", name)
			return envelope.Passed("")
		})
		if err := check.Validate(); err == nil || err.Error() != "the set is nil" {
			t.Errorf("%s: %v", name, err)
		}
		if f := check(t.Context(), nil, &envelope.Envelope{}); f.Outcome != envelope.TempError || f.Check != "site.own" {
			t.Errorf("%s: %s of %s", name, f.Outcome, f.Check)
		}
	}
}

func TestPlainPrefixesUnmapsEach(t *testing.T) {
	var given, want []netip.Prefix
	for mapped, plain := range map[string]string{
		"192.0.2.0/24":         "192.0.2.0/24",
		"::ffff:192.0.2.0/120": "192.0.2.0/24",
		"::ffff:192.0.2.1/128": "192.0.2.1/32",
		"::ffff:0.0.0.0/96":    "0.0.0.0/0",
		"::ffff:0.0.0.0/95":    "::ffff:0.0.0.0/95", // more than the mapped addresses
		"2001:db8::/32":        "2001:db8::/32",
		"2001:db8::1/128":      "2001:db8::1/128",
	} {
		given, want = append(given, netip.MustParsePrefix(mapped)), append(want, netip.MustParsePrefix(plain))
	}
	if got, err := envelope.PlainPrefixes(given); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v are %v, %v, want %v", given, got, err, want)
	}
}

func TestPlainPrefixesNamesAnInvalidOne(t *testing.T) {
	good := []netip.Prefix{netip.MustParsePrefix("::ffff:192.0.2.0/120"), netip.MustParsePrefix("2001:db8::/32")}
	for _, bad := range []netip.Prefix{
		{},
		netip.PrefixFrom(netip.MustParseAddr("192.0.2.0"), 33),
		netip.PrefixFrom(netip.MustParseAddr("::ffff:192.0.2.1"), 129),
	} {
		plain, err := envelope.PlainPrefixes(append(good, bad))
		if plain != nil {
			t.Errorf("%v: %v beside the error", bad, plain)
		}
		wantSyntaxError(t, err, "network", bad.String(), "has no valid address and length")
	}
}
