package quota_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/verdict"
)

// midnight is the beginning of a period of a day, and of each shorter one here.
var midnight = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// mail returns an envelope of the login ann that arrives some time after midnight.
func mail(after time.Duration) *envelope.Envelope {
	return &envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), Login: "ann",
		MailFrom: "ann@example.org", RcptTo: "bob@example.net", Now: midnight.Add(after),
	}
}

var messages, recipients = quota.Key{Of: quota.Login}, quota.Key{Of: quota.Login, Recipients: true}

// deferring returns the policy of one limit.
func deferring(check envelope.Check) verdict.Policy {
	return verdict.Policy{Rules: verdict.Rules{verdict.TempFailUnless(check)}}
}

// used returns how many messages or recipients of the login ann count at a time.
func used(t testing.TB, store greylist.Store, key quota.Key, window, after time.Duration) int64 {
	t.Helper()
	f := quota.Within(store, key, 1<<31-1, window)(t.Context(), nil, mail(after))
	result, ok := f.Detail.(*quota.Result)
	if !ok {
		t.Fatalf("the finding is %v, %v", f.Outcome, f.Err)
	}
	return result.Used
}

// send judges n messages and returns how many are accepted.
func send(t testing.TB, policy verdict.Policy, n int, after time.Duration) (accepted int) {
	t.Helper()
	for range n {
		if policy.Judge(t.Context(), nil, mail(after)).Action == verdict.Accept {
			accepted++
		}
	}
	return accepted
}

// broken is a store that fails.
type broken struct{ greylist.Store }

func (b broken) Get(context.Context, greylist.Key) (greylist.Record, error) {
	return greylist.Record{}, context.DeadlineExceeded
}
