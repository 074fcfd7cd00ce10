package envelope

import (
	"net/netip"
	"strings"
	"testing"
)

// FuzzSentence compares texts to those that package fmt makes of the same arguments.
func FuzzSentence(f *testing.F) {
	long, bad := strings.Repeat("ö", 300), "a\r\n\x00\xffb"
	for _, format := range []string{"the client %s has no PTR record", "%s %v", "%d of %s", "%%", "%", "%s%", "100%% of %s", "%5s %s",
		"%-5d %s", "%q %v", "%[2]s %[1]s", "%s", "%s %s %s", "", "%d %d", "%x %+d", "%*d", "%ö", "%\xff", "%!", "  %s\t%s\n"} {
		for kinds := range 36 {
			f.Add(format, "example.org", long, 7, []byte{192, 0, 2, 1}, "", uint8(kinds))
			f.Add(format, bad, "%s", -1<<63, []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1}, long, uint8(kinds))
			f.Add(format, "", "", 0, []byte{}, "", uint8(kinds))
		}
	}
	f.Fuzz(func(t *testing.T, format, text, other string, number int, address []byte, zone string, kinds uint8) {
		addr, _ := netip.AddrFromSlice(address)
		values := []any{text, Host(other), number, addr.WithZone(zone), &SyntaxError{Kind: "name", Value: text, Reason: other}, nil}
		for count := range 3 {
			args := []any{values[kinds%6], values[kinds/6%6]}[:count]
			if got, want := sentence(format, args...), CleanText(formatted(format, args), true); got != want {
				t.Errorf("%q with %#v: got %q, want %q", format, args, got, want)
			}
		}
	})
}

// Most findings of a judgement are not used, so their texts must be cheap.
func TestSentenceTakesOneAllocation(t *testing.T) {
	args := []any{"info@example.org", Host("example.org"), netip.MustParseAddr("2001:db8::1"), 10}
	if n := testing.AllocsPerRun(10, func() { sentence("%s at %s of %s and %d more", args...) }); n != 1 {
		t.Errorf("a sentence takes %v allocations", n)
	}
}
