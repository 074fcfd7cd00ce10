package judge

import (
	"strings"
	"testing"

	"mxrules.example/envelope"
)

func TestZoneLogDoesNotGrowWithInput(t *testing.T) {
	w, err := newWorld(options{zoneFile: "../../examples/judge/testdata/world.zone"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		dns, err := w.forLine(line{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := envelope.LookupMX(t.Context(), dns, "example.net"); err != nil {
			t.Error(err)
		}
	}
	if n := len(w.zone.Asked()); n != 1 {
		t.Errorf("the log has %d questions, want those of the last line", n)
	}
}

func TestNewResolver(t *testing.T) {
	for _, server := range []string{"system", "192.0.2.53", "192.0.2.53:5353", "192.0.2.53,192.0.2.54", "2001:db8::53", "[2001:db8::53]:5353"} {
		r, err := newResolver(server)
		if err != nil {
			t.Errorf("%s: %v", server, err)
			continue
		}
		r.Close()
	}
}

// Without DNS the output says how to give it.
func TestFailuresWithoutDNS(t *testing.T) {
	stdout, _, status := runWith(t, nil, "-ip", "192.0.2.9", "-policy", "names")
	if status != allJudged || !strings.Contains(stdout, "asked PTR 192.0.2.9: there is no DNS: give -zone or -dns") {
		t.Errorf("got status %d and %s", status, stdout)
	}
	ctx, r := t.Context(), noDNS{}
	_, a := r.LookupNetIP(ctx, "ip4", "a.example.")
	_, ptr := r.LookupAddr(ctx, "192.0.2.9")
	_, mx := r.LookupMX(ctx, "a.example.")
	_, txt := r.LookupTXT(ctx, "a.example.")
	_, cname := r.LookupCNAME(ctx, "a.example.")
	for _, err := range []error{a, ptr, mx, txt, cname} {
		if envelope.NotFound(err) {
			t.Errorf("%v counts as an answer", err)
		}
	}
}
