package zone_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
)

func TestRecorderIsAResolver(t *testing.T) {
	envelopetest.TestResolver(t, func(_ *testing.T, world *zone.Zone) envelope.Resolver { return zone.Record(world) })
}

var everyType = []string{"A", "AAAA", "A+AAAA", "MX", "TXT", "CNAME", "exists"}

// The zone of a recording answers each recorded question as the recorded zone did, for
// names with any octets, for aliases, and for failures.
func TestRecordingGivesTheSameAnswers(t *testing.T) {
	random := rand.New(rand.NewPCG(1035, 9))
	for range 60 {
		names := slices.DeleteFunc(unusualNames(random, 30), isWildcard)
		world := zone.MustParse(worldOf(random, names))
		questions := questionsAbout(random, names)
		for range 20 {
			name := written(random, names[random.IntN(len(names))], false)
			world.Failing(name+" "+[]string{"A", "MX", "TXT", "*"}[random.IntN(4)], []string{zone.SERVFAIL, zone.REFUSED, zone.Timeout}[random.IntN(3)])
		}
		seen := zone.Record(world)
		answers := map[[2]string]string{}
		for _, name := range questions {
			kind := everyType[random.IntN(len(everyType))]
			answers[[2]string{kind, name}] = asked(t.Context(), seen, kind, name)
		}
		recording, err := seen.Recording()
		if err != nil {
			t.Fatal(err)
		}
		again, err := recording.Resolver()
		if err != nil {
			t.Fatalf("%v in\n%s", err, recording.Zone)
		}
		for question, want := range answers {
			if got := asked(t.Context(), again, question[0], question[1]); withoutReason(notFound(got)) != withoutReason(notFound(want)) {
				t.Fatalf("%q: %s, recorded %s\n%s%v", question, got, want, recording.Zone, recording.Faults)
			}
		}
	}
}

// isWildcard reports whether a name has the label *, which a recording does not tell from
// a wildcard.
func isWildcard(labels []string) bool { return slices.Contains(labels, "*") }

// notFound drops the difference between NXDOMAIN and NODATA, which only the question of
// Exists tells.
func notFound(answer string) string {
	if answer == "NXDOMAIN" {
		return "NODATA"
	}
	return answer
}

func TestRecordingIsReadable(t *testing.T) {
	seen := zone.Record(zone.MustParse(`
		mail.example.org.      A      192.0.2.1
		                       MX     10 Mail.Example.org.
		1.2.0.192.in-addr.arpa. PTR   mail.example.org.
		www.example.org.       CNAME  mail.example.org.
		example.org.           TXT    "v=spf1 a \"quoted\" -all"
		_x.below.example.org.  TXT    "x"
	`).Failing("broken.example.org. TXT", zone.SERVFAIL))
	for _, q := range [][2]string{
		{"PTR", "192.0.2.1"}, {"A", "mail.example.org."}, {"MX", "mail.example.org."}, {"CNAME", "www.example.org."},
		{"TXT", "example.org."}, {"TXT", "broken.example.org."}, {"exists", "below.example.org."}, {"exists", "no.example.org."},
		{"AAAA", "mail.example.org."},
	} {
		asked(t.Context(), seen, q[0], q[1])
	}
	got, err := seen.Recording()
	if err != nil {
		t.Fatal(err)
	}
	const want = `1.2.0.192.in-addr.arpa.  PTR  mail.example.org.
mail.example.org.  A  192.0.2.1
mail.example.org.  MX  10 Mail.Example.org.
www.example.org.  CNAME  mail.example.org.
example.org.  TXT  "v=spf1 a \"quoted\" -all"
below.example.org.  HINFO  "exists" ""
`
	if got.Zone != want {
		t.Errorf("got\n%swant\n%s", got.Zone, want)
	}
	if len(got.Faults) != 2 || got.Faults["broken.example.org. TXT"] != "servfail" || got.Faults["no.example.org. ANY"] != "nxdomain" {
		t.Errorf("faults: %v", got.Faults)
	}
}

// Nothing is known of a question that was not asked, so that it must not look like one
// for a name that does not exist.
func TestOtherQuestionsFail(t *testing.T) {
	seen := zone.Record(zone.MustParse(`example.org. A 192.0.2.1`))
	asked(t.Context(), seen, "A", "example.org.")
	recording, err := seen.Recording()
	if err != nil {
		t.Fatal(err)
	}
	again, err := recording.Resolver()
	if err != nil {
		t.Fatal(err)
	}
	wantAnswers(t, again, []wanted{
		{"A", "example.org.", "[192.0.2.1]"},
		{"AAAA", "example.org.", "temporary: SERVFAIL"},
		{"A", "other.example.", "temporary: SERVFAIL"},
		{"TXT", ".", "temporary: SERVFAIL"},
	})
}

// A recording without questions knows nothing of any name.
func TestNoQuestionWasAsked(t *testing.T) {
	recording, err := zone.Record(zone.MustParse(`example.org. A 192.0.2.1`)).Recording()
	if err != nil {
		t.Fatal(err)
	}
	again, err := recording.Resolver()
	if err != nil {
		t.Fatal(err)
	}
	wantAnswers(t, again, []wanted{{"A", "example.org.", "temporary: SERVFAIL"}})
}

func TestRecorderAsksOnce(t *testing.T) {
	world := zone.MustParse(`example.org. A 192.0.2.1`).Answering("example.org. MX", zone.SERVFAIL, zone.AsWritten)
	seen := zone.Record(world)
	for range 2 {
		wantAnswers(t, seen, []wanted{
			{"A", "EXAMPLE.org", "[192.0.2.1]"},
			{"MX", "example.org.", "temporary: SERVFAIL"},
		})
	}
	if got := world.Asked().String(); got != "example.org. A, example.org. MX" {
		t.Errorf("asked %s", got)
	}
}

// A lookup that ended early has no answer: nothing is known of it.
func TestRecordingOfNoAnswer(t *testing.T) {
	world := zone.MustParse(`example.org. A 192.0.2.1`).Delaying("example.org. A", time.Hour)
	seen := zone.Record(world)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	asked(ctx, seen, "A", "example.org.")
	if got, err := seen.Recording(); err != nil || got.Zone != "" || got.Faults["example.org. A"] != "timeout" {
		t.Errorf("%+v, %v", got, err)
	}
	world.Healing("example.org. A")
	wantAnswers(t, seen, []wanted{{"A", "example.org.", "[192.0.2.1]"}})
}
