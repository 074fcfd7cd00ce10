package envelope_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"

	"mxrules.example/envelope"
)

// teller is a Resolver that can tell NXDOMAIN from NODATA.
type teller struct {
	scripted
	exists bool
	err    error
}

func (t *teller) Exists(_ context.Context, name string) (bool, error) {
	t.asked = append(t.asked, "exists "+name)
	return t.exists, t.err
}

// wrapper is a Resolver around another.
type wrapper struct{ envelope.Resolver }

func (w wrapper) Unwrap() envelope.Resolver { return w.Resolver }

func TestExistsUsesTheMethodOfTheResolver(t *testing.T) {
	for _, tc := range []struct {
		name   string
		teller teller
		want   bool
		fails  bool
	}{
		{"it exists", teller{exists: true}, true, false},
		{"it does not", teller{}, false, false},
		{"not found is an answer", teller{err: &net.DNSError{IsNotFound: true}}, false, false},
		{"SERVFAIL", teller{err: &net.DNSError{IsTemporary: true}}, false, true},
		{"REFUSED", teller{err: &net.DNSError{}}, false, true},
		{"an answer beside an error", teller{exists: true, err: errors.New("broken")}, false, true},
	} {
		for _, depth := range []int{0, 1, 3} {
			told := tc.teller
			var r envelope.Resolver = &told
			for range depth {
				r = wrapper{r}
			}
			got, err := envelope.Exists(t.Context(), r, "Sub.Example.ORG")
			if got != tc.want || (err != nil) != tc.fails {
				t.Errorf("%s, %d deep: %t, %v", tc.name, depth, got, err)
			}
			if err != nil && (!isBare(err) || envelope.NotFound(err)) {
				t.Errorf("%s, %d deep: error %#v", tc.name, depth, err)
			}
			if want := []string{"exists sub.example.org."}; !slices.Equal(told.asked, want) {
				t.Errorf("%s, %d deep: asked %q", tc.name, depth, told.asked)
			}
		}
	}
}

func TestExistsAsksForRecordsWithoutThatMethod(t *testing.T) {
	const a, aaaa, mx = "ip4 example.org.", "ip6 example.org.", "mx example.org."
	v4, v6 := []netip.Addr{netip.MustParseAddr("192.0.2.1")}, []netip.Addr{netip.MustParseAddr("2001:db8::1")}
	failure := &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	for _, tc := range []struct {
		name    string
		answers map[string]any
		want    bool
		fails   bool
		asked   []string
	}{
		{"an A record", map[string]any{a: v4}, true, false, []string{a}},
		{"an AAAA record", map[string]any{aaaa: v6}, true, false, []string{a, aaaa}},
		{"an MX record", map[string]any{mx: []*net.MX{{Host: "."}}}, true, false, []string{a, aaaa, mx}},
		{"nothing", nil, false, false, []string{a, aaaa, mx}},
		{"A fails", map[string]any{a: failure, mx: []*net.MX{{Host: "."}}}, false, true, []string{a}},
		{"AAAA fails", map[string]any{aaaa: failure}, false, true, []string{a, aaaa}},
		{"MX fails", map[string]any{mx: failure}, false, true, []string{a, aaaa, mx}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			plain := &scripted{answers: tc.answers}
			for _, r := range []envelope.Resolver{plain, wrapper{plain}, wrapper{wrapper{plain}}} {
				plain.asked = nil
				got, err := envelope.Exists(t.Context(), r, "example.org")
				if got != tc.want || (err != nil) != tc.fails || envelope.NotFound(err) {
					t.Errorf("%t, %v", got, err)
				}
				if !slices.Equal(plain.asked, tc.asked) {
					t.Errorf("asked %q, want %q", plain.asked, tc.asked)
				}
			}
		})
	}
}

func TestExistsThroughAWrapperOfNil(t *testing.T) {
	// The wrapper itself is asked, so that it can fail.
	r := emptyWrapper{&scripted{answers: map[string]any{"ip4 example.org.": errors.New("nothing within")}}}
	if got, err := envelope.Exists(t.Context(), r, "example.org"); got || !isBare(err) {
		t.Errorf("%t, %v", got, err)
	}
}

type emptyWrapper struct{ *scripted }

func (emptyWrapper) Unwrap() envelope.Resolver { return nil }
