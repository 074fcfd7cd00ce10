package judge

import (
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
