package envelope_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
)

// ordered has the stages of a transaction in order.
var ordered = []envelope.Stage{
	envelope.Start, envelope.Connect, envelope.Helo, envelope.Mail, envelope.Rcpt, envelope.Data,
}

func TestAStageHasReachedAllEarlierOnes(t *testing.T) {
	for i, at := range ordered {
		e := envelope.Envelope{Stage: at}
		for j, stage := range ordered {
			if got, want := e.Reached(stage), j <= i; got != want {
				t.Errorf("at %s: Reached(%s) = %t, want %t", at, stage, got, want)
			}
		}
		if e.Reached(envelope.Whole) {
			t.Errorf("at %s: Reached(whole) is true: more may become known", at)
		}
	}
}

func TestAWholeEnvelopeHasReachedEveryStage(t *testing.T) {
	var e envelope.Envelope
	for _, stage := range append(ordered, envelope.Whole) {
		if !e.Reached(stage) {
			t.Errorf("the zero envelope has not reached %s", stage)
		}
	}
}

// The client of relayed mail is known with the message, its sender and recipient before.
func TestRelayedMailReachesTheMessageOnly(t *testing.T) {
	for _, at := range append(ordered, envelope.Whole) {
		for _, stage := range append(ordered, envelope.Whole) {
			e := envelope.Envelope{Stage: at, Relayed: true, ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.org"}
			direct := e
			direct.Relayed = false
			late := at == envelope.Data || at == envelope.Whole
			if got, want := e.Reached(stage), late && direct.Reached(stage); got != want {
				t.Errorf("at %s: Reached(%s) = %t, want %t", at, stage, got, want)
			}
			if got, want := e.Told(stage), direct.Reached(stage); got != want {
				t.Errorf("at %s: Told(%s) = %t, want %t", at, stage, got, want)
			}
			known, want := e.UpTo(at), direct.UpTo(at)
			want.Relayed = true
			if known != want {
				t.Errorf("at %s: %v is known, want %v", at, known, want)
			}
		}
	}
}

func TestStageIsWrittenAndReadAsAWord(t *testing.T) {
	for _, stage := range append(ordered, envelope.Whole) {
		word, _ := stage.MarshalText()
		got := envelope.Stage(9)
		if err := got.UnmarshalText(word); err != nil || got != stage || string(word) != stage.String() {
			t.Errorf("%s is written %q and read as %s, %v", stage, word, got, err)
		}
	}
	got := envelope.Rcpt
	if err := got.UnmarshalText(nil); err != nil || got != envelope.Whole {
		t.Errorf("no word is read as %s, %v, want whole", got, err)
	}
	for _, word := range []string{"RCPT", "rcpt ", "quit", "7", "stage(9)"} {
		got := envelope.Rcpt
		wantSyntaxError(t, got.UnmarshalText([]byte(word)), "stage", word, "is not one of whole, start, connect, helo, mail, rcpt, data")
		if got != envelope.Rcpt {
			t.Errorf("%q sets %s beside the error", word, got)
		}
	}
	if got := envelope.Stage(9).String(); got != "stage(9)" {
		t.Errorf("Stage(9) is written %q", got)
	}
}

func TestClientUnmapsTheAddress(t *testing.T) {
	for _, tc := range []struct{ given, want string }{
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"2001:db8::1", "2001:db8::1"},
		{"fe80::1%eth0", "fe80::1"},
		{"::192.0.2.1", "::c000:201"}, // IPv4-compatible, not mapped
	} {
		e := envelope.Envelope{ClientIP: netip.MustParseAddr(tc.given)}
		if got := e.Client(); got != netip.MustParseAddr(tc.want) {
			t.Errorf("client %s is %s, want %s", tc.given, got, tc.want)
		}
	}
	if got := new(envelope.Envelope).Client(); got.IsValid() {
		t.Errorf("an unknown client has the address %s", got)
	}
	mapped := netip.MustParseAddr("::ffff:192.0.2.1").WithZone("eth0")
	if got := (&envelope.Envelope{ClientIP: mapped}).Client(); got != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("a mapped client with a zone is %s", got)
	}
}

func TestTimeIsNowOrTheTimeOfTheClock(t *testing.T) {
	fixed := time.Date(2031, 5, 17, 8, 0, 0, 0, time.UTC)
	if got := (&envelope.Envelope{Now: fixed}).Time(); !got.Equal(fixed) {
		t.Errorf("Time() = %s, want %s", got, fixed)
	}
	before := time.Now()
	if got := new(envelope.Envelope).Time(); got.Before(before) || got.After(time.Now()) {
		t.Errorf("Time() of an envelope without one is %s, not the clock", got)
	}
}

func TestSyntaxErrorCutsAndCleansTheValue(t *testing.T) {
	for _, tc := range []struct{ value, want string }{
		{"a..b", `host name "a..b" has an empty label`},
		{"a\"b", `host name "a\"b" has an empty label`},
		{"a\r\n250 OK", `host name "a 250 OK" has an empty label`},
		{"ü", `host name "\u00fc" has an empty label`},
		{strings.Repeat("x", 300), `host name "` + strings.Repeat("x", 253) + `..." has an empty label`},
	} {
		err := &envelope.SyntaxError{Kind: "host name", Value: tc.value, Reason: "has an empty label"}
		if got := err.Error(); got != tc.want {
			t.Errorf("error of %.20q: %s, want %s", tc.value, got, tc.want)
		}
	}
}
