package reputation_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/greylist"
	"mxrules.example/greylist/reputation"
)

// midnight is the beginning of a period of a day.
var midnight = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

var (
	bad     = envelope.Status{Code: 550, Subject: 7, Detail: 1}
	ok      = envelope.Status{Code: 250, Subject: 2}
	unknown = envelope.Status{Code: 550, Subject: 1, Detail: 1}
)

// at returns an envelope that arrives some time after midnight, as it is known at a
// stage.
func at(stage envelope.Stage, after time.Duration) *envelope.Envelope {
	return &envelope.Envelope{
		Stage: stage, ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.net",
		RcptTo: "bob@example.org", Now: midnight.Add(after),
	}
}

// write records a reply.
func write(t testing.TB, store greylist.Store, o reputation.Options, reply reputation.Reply) {
	t.Helper()
	if err := reputation.Recorder(store, o)(t.Context(), nil, reply); err != nil {
		t.Fatal(err)
	}
}

// history returns a store in which some recipients are accepted and some refused.
func history(t testing.TB, o reputation.Options, accepted, refused int, after time.Duration) *greylist.Memory {
	t.Helper()
	store := new(greylist.Memory)
	for recipients, status := range map[int]envelope.Status{accepted: ok, -refused: unknown} {
		reply := reputation.Reply{Envelope: at(envelope.Data, after), Status: status, Recipients: max(recipients, -recipients)}
		write(t, store, o, reply)
	}
	return store
}

// counts returns what is known at a time.
func counts(t testing.TB, store greylist.Store, o reputation.Options, after time.Duration) (accepted, refused int64) {
	t.Helper()
	f := reputation.Good(store, o)(t.Context(), nil, at(envelope.Mail, after))
	result, ok := f.Detail.(*reputation.Result)
	if !ok {
		t.Fatalf("the finding is %v, %v", f.Outcome, f.Err)
	}
	return result.Accepted, result.Refused
}

func TestGood(t *testing.T) {
	strict := reputation.Options{Enough: 3, MaxRefused: 1}
	short := reputation.Options{Memory: day}
	for _, tc := range []struct {
		name              string
		options           reputation.Options
		accepted, refused int
		after             time.Duration // of the check
		want              envelope.Outcome
		says              string
	}{
		{"a new system", reputation.Options{}, 0, 0, 0, envelope.None, ""},
		{"not enough", reputation.Options{}, 1, 8, 0, envelope.None, ""},
		{"enough", reputation.Options{}, 1, 9, 0, envelope.Fail, "9 of 10 recent recipients of mail from 192.0.2.0/24 were refused"},
		{"half", reputation.Options{}, 50, 50, 0, envelope.Pass, ""},
		{"more than half", reputation.Options{}, 50, 51, 0, envelope.Fail, "51 of 101"},
		{"all accepted", reputation.Options{}, 10, 0, 0, envelope.Pass, ""},
		{"strict, and not enough", strict, 0, 2, 0, envelope.None, ""},
		{"strict", strict, 0, 3, 0, envelope.Fail, "3 of 3"},
		{"strict, one percent", strict, 99, 1, 0, envelope.Pass, ""},
		{"strict, more than one percent", strict, 98, 1, 0, envelope.Fail, "1 of 99"},
		{"after days", reputation.Options{}, 0, 10, 13 * day, envelope.Fail, "10 of 10"},
		{"after Memory", reputation.Options{}, 0, 10, 14*day + 2*time.Second, envelope.None, ""},
		{"a short memory", short, 0, 10, day, envelope.None, ""},
		{"before a short memory ends", short, 0, 10, day - time.Minute, envelope.Fail, "10 of 10"},
	} {
		store := history(t, tc.options, tc.accepted, tc.refused, 0)
		e := at(envelope.Whole, tc.after)
		envelopetest.Case{Name: tc.name, Envelope: e, Outcome: tc.want, Status: bad, Says: tc.says}.Run(t, reputation.Good(store, tc.options), nil)
	}
}

// Of an earlier period, as much is remembered as would be if its replies were spread
// evenly.
func TestCountsFade(t *testing.T) {
	o := reputation.Options{Memory: day}
	store := new(greylist.Memory)
	for hour := range 11 {
		write(t, store, o, reputation.Reply{Envelope: at(envelope.Rcpt, time.Duration(hour)*time.Hour), Status: unknown})
	}
	for _, tc := range []struct {
		after time.Duration
		want  int64
	}{{10 * time.Hour, 11}, {day, 11}, {29 * time.Hour, 6}, {33 * time.Hour, 2}, {34 * time.Hour, 0}} {
		if _, got := counts(t, store, o, tc.after); got != tc.want {
			t.Errorf("after %v %d are remembered, want %d", tc.after, got, tc.want)
		}
	}
}

func TestWhatCounts(t *testing.T) {
	status := func(code, detail uint16) envelope.Status {
		return envelope.Status{Code: code, Subject: 7, Detail: detail}
	}
	for _, tc := range []struct {
		name              string
		stage             envelope.Stage
		status            envelope.Status
		recipients        int
		check             string
		accepted, refused int64
	}{
		{"a message is accepted", envelope.Data, ok, 3, "", 3, 0},
		{"a message is refused", envelope.Data, bad, 3, "dmarc.notreject", 0, 3},
		{"a message is deferred", envelope.Data, status(451, 0), 3, "", 0, 0},
		{"a message without recipients", envelope.Data, status(503, 0), 0, "", 0, 0},
		{"a whole envelope", envelope.Whole, ok, 1, "", 1, 0},
		{"a recipient is let through", envelope.Rcpt, ok, 0, "", 0, 0},
		{"a recipient is refused", envelope.Rcpt, unknown, 0, "recipient.listed", 0, 1},
		{"a recipient is refused by the server", envelope.Rcpt, status(559, 0), 0, "", 0, 1},
		{"a recipient is deferred", envelope.Rcpt, status(450, 1), 0, "greylist.known", 0, 0},
		{"the null MX of a recipient", envelope.Rcpt, status(556, 10), 0, "", 0, 1},
		{"a sender is refused", envelope.Mail, bad, 0, "sender.resolves", 0, 1},
		{"a sender without a login", envelope.Mail, status(530, 0), 0, "", 0, 0},
		{"MAIL out of order", envelope.Mail, status(503, 0), 0, "", 0, 0},
		{"a client is refused", envelope.Connect, status(554, 1), 0, "dnsbl.notlisted", 0, 0},
		{"a HELO name is refused", envelope.Helo, bad, 0, "helo.syntax", 0, 0},
		{"refused for its reputation", envelope.Mail, bad, 0, "reputation.good", 0, 0},
		{"refused for its reputation among others", envelope.Data, bad, 2, "all(reputation.good, spf.pass)", 0, 0},
	} {
		store := new(greylist.Memory)
		reply := reputation.Reply{Envelope: at(tc.stage, 0), Status: tc.status, Recipients: tc.recipients, Check: tc.check}
		write(t, store, reputation.Options{}, reply)
		if accepted, refused := counts(t, store, reputation.Options{}, 0); accepted != tc.accepted || refused != tc.refused {
			t.Errorf("%s: %d accepted and %d refused", tc.name, accepted, refused)
		}
		if store.Len() > 1 {
			t.Errorf("%s: %d records", tc.name, store.Len())
		}
	}
}

func TestHistoriesCountApart(t *testing.T) {
	store := history(t, reputation.Options{}, 1, 9, 0)
	for name, tc := range map[string]struct {
		options reputation.Options
		ip      string
		refused int64
	}{
		"the same":       {reputation.Options{}, "192.0.2.1", 9},
		"its network":    {reputation.Options{}, "192.0.2.200", 9},
		"another system": {reputation.Options{}, "192.0.3.1", 0},
		"another name":   {reputation.Options{Name: "harvesting"}, "192.0.2.1", 0},
		"another secret": {reputation.Options{Secret: greylist.Secret("sesame")}, "192.0.2.1", 0},
		"another memory": {reputation.Options{Memory: day}, "192.0.2.1", 0},
	} {
		e := at(envelope.Mail, 0)
		e.ClientIP = netip.MustParseAddr(tc.ip)
		f := reputation.Good(store, tc.options)(t.Context(), nil, e)
		if got := f.Detail.(*reputation.Result).Refused; got != tc.refused {
			t.Errorf("%s: %d are refused, want %d", name, got, tc.refused)
		}
	}
}

// broken is a store that fails.
type broken struct{}

func (broken) Get(context.Context, greylist.Key) (greylist.Record, error) {
	return greylist.Record{}, errors.New("the disk is full")
}

func (broken) Touch(context.Context, greylist.Key, greylist.Sighting) (greylist.Record, error) {
	return greylist.Record{}, errors.New("the disk is full")
}

func TestFailures(t *testing.T) {
	reply := reputation.Reply{Envelope: at(envelope.Rcpt, 0), Status: unknown}
	lost := reputation.Options{Identity: func(context.Context, envelope.Resolver, *envelope.Envelope) (string, error) {
		return "", errors.New("no DNS")
	}}
	nobody := reputation.Options{Identity: func(context.Context, envelope.Resolver, *envelope.Envelope) (string, error) { return "", nil }}
	for _, tc := range []struct {
		name    string
		store   greylist.Store
		options reputation.Options
		want    envelope.Outcome
		err     string
	}{
		{"the store fails", broken{}, reputation.Options{}, envelope.TempError, "reputation: the disk is full"},
		{"the identity fails", new(greylist.Memory), lost, envelope.TempError, "reputation: identity of the sender: no DNS"},
		{"an unidentified system", new(greylist.Memory), nobody, envelope.None, ""},
		{"no store", nil, reputation.Options{}, envelope.TempError, "reputation: the store is nil"},
		{"no memory", new(greylist.Memory), reputation.Options{Memory: -day}, envelope.TempError, "reputation: Options.Memory is -24h0m0s, must be at least 1s"},
		{"never enough", new(greylist.Memory), reputation.Options{Enough: -1}, envelope.TempError, "reputation: Options.Enough is -1, must be at least 1"},
		{"all may be refused", new(greylist.Memory), reputation.Options{MaxRefused: 100}, envelope.TempError, "reputation: Options.MaxRefused is 100, must be from 1 to 99"},
	} {
		if f := reputation.Good(tc.store, tc.options)(t.Context(), nil, at(envelope.Mail, 0)); f.Outcome != tc.want {
			t.Errorf("%s: the finding is %v", tc.name, f.Outcome)
		}
		err := reputation.Recorder(tc.store, tc.options)(t.Context(), nil, reply)
		if err == nil != (tc.err == "") || err != nil && err.Error() != tc.err {
			t.Errorf("%s: the error is %v, want %s", tc.name, err, tc.err)
		}
	}
	if err := reputation.Recorder(new(greylist.Memory), reputation.Options{})(t.Context(), nil, reputation.Reply{Status: unknown}); err != nil {
		t.Errorf("without an envelope: %v", err)
	}
}

func TestContract(t *testing.T) {
	none, other := at(0, 0), at(0, 0)
	none.ClientIP, other.ClientIP = netip.Addr{}, netip.MustParseAddr("192.0.3.1")
	for name, store := range map[string]greylist.Store{
		"bad":    history(t, reputation.Options{}, 0, 10, 0),
		"good":   history(t, reputation.Options{}, 10, 0, 0),
		"broken": broken{},
	} {
		t.Run(name, func(t *testing.T) {
			envelopetest.TestCheck(t, reputation.Good(store, reputation.Options{}), nil, at(0, 0), none, other)
		})
	}
	envelopetest.Answers(t, reputation.Good(new(greylist.Memory), reputation.Options{}), "reputation.good", envelope.Mail, *at(0, 0))
}

func TestExplain(t *testing.T) {
	f := reputation.Good(history(t, reputation.Options{}, 2, 9, 0), reputation.Options{})(t.Context(), nil, at(0, 0))
	if got := f.Detail.(*reputation.Result).Explain(); len(got) != 1 || got[0] != "reputation of 192.0.2.0/24: 9 of 11 recipients refused" {
		t.Errorf("got %q", got)
	}
}

func BenchmarkGood(b *testing.B) {
	check, e := reputation.Good(history(b, reputation.Options{}, 50, 50, 0), reputation.Options{}), at(0, 0)
	b.ReportAllocs()
	for b.Loop() {
		if f := check(b.Context(), nil, e); f.Outcome != envelope.Pass {
			b.Fatal(f)
		}
	}
}

func BenchmarkRecorder(b *testing.B) {
	record := reputation.Recorder(new(greylist.Memory), reputation.Options{})
	reply := reputation.Reply{Envelope: at(envelope.Rcpt, 0), Status: unknown}
	b.ReportAllocs()
	for b.Loop() {
		if err := record(b.Context(), nil, reply); err != nil {
			b.Fatal(err)
		}
	}
}
