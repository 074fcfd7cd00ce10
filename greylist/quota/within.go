package quota

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/window"
)

// Mail over the limit: mail flood detected, in the registry of RFC 5248. A client
// tries again after a 450.
var (
	refused  = envelope.Status{Code: 550, Subject: 7, Detail: 28}
	deferred = envelope.Status{Code: 450, Subject: 7, Detail: 28}
)

// Result is the Detail of findings of this package once the key is known.
type Result struct {
	// Of is the result of Key.Of.
	Of string `json:"of"`
	// Used is how many messages or recipients count within the window, Limit how many
	// may. Used has the recipients that the transaction has already.
	Used  int64 `json:"used"`
	Limit int64 `json:"limit"`
	// Recipients reports whether recipients are counted.
	Recipients bool `json:"recipients,omitempty"`
	// Window is the length of the window.
	Window time.Duration `json:"window_ns"`
}

// Explain returns the count, for verdict.Verdict.Explain.
func (result *Result) Explain() []string {
	limit := Key{Recipients: result.Recipients}.amount(result.Limit)
	return []string{fmt.Sprintf("quota of %s: %d of %s in %s", result.Of, result.Used, limit, short(result.Window))}
}

// Within passes when the key has fewer than n messages or recipients within the
// window, and fails when it has n. Without a key it is None. It is meant for a rule
// that defers.
//
// The check only reads. The Commit of a finding that passes counts, once for all rules
// of a transaction with the same store, key and window, whatever their n. A message
// counts once for all its recipients; see the package documentation.
//
// It answers from Rcpt on. A store or a Key.Of that fails is a TempError, and so is mail
// that finds the limit reached when it is counted. If n is not from 1 to 2147483647, the
// window is shorter than a second or the key has no function, every finding is a
// TempError whose Err says so.
//
// DNS: the lookups of Key.Of; none for those of this package.
//
// Status: 450 4.7.28 in a tempfail, otherwise 550 5.7.28.
func Within(store greylist.Store, key Key, n int, within time.Duration) envelope.Check {
	const check = "quota.within"
	l := &limit{key: key, n: int64(n), counter: window.Counter{
		Store: store, Secret: key.Secret, Kind: kind(key.Recipients), Length: within,
	}}
	if err := l.validate(); err != nil {
		return envelope.Misconfigured(check, envelope.Rcpt, fmt.Errorf("quota: %w", err))
	}
	return envelope.At(check, envelope.Rcpt, l.judge)
}

// kind returns the kind of the records.
func kind(recipients bool) string {
	if recipients {
		return "quota of recipients"
	}
	return "quota of messages"
}

// limit is the limit of one check.
type limit struct {
	key     Key
	n       int64
	counter window.Counter
}

func (l *limit) validate() error {
	switch {
	case l.key.Of == nil:
		return errors.New("Key.Of is nil")
	case l.n < 1 || l.n > math.MaxInt32:
		return fmt.Errorf("n is %d, must be from 1 to %d", l.n, math.MaxInt32)
	}
	return l.counter.Validate()
}

func (l *limit) judge(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	of, err := l.key.Of(ctx, r, e)
	switch {
	case err != nil:
		return envelope.Temporary("", err)
	case of == "":
		return envelope.NotApplicable("")
	}
	result := &Result{Of: of, Limit: l.n, Recipients: l.key.Recipients, Window: l.counter.Length}
	count, err := l.counter.Read(ctx, of, e.Time())
	if err != nil {
		f := envelope.Unavailable("", err)
		f.Text = "the count of mail is temporarily unavailable"
		return f.With(result)
	}
	result.Used = count.Total()
	if l.key.Recipients {
		result.Used += int64(e.Recipients)
	}
	if result.Used >= l.n {
		f := envelope.Failed("", refused, "the limit of %s in %s for %s is reached", l.key.amount(l.n), short(l.counter.Length), of)
		f.Deferral = deferred
		f.Retry = "please try again later"
		return f.With(result)
	}
	f := envelope.Passed("").With(result)
	f.Commit = l.commit(ctx, e, count)
	return f
}

// short returns a duration without the units that are 0: 24h, 1h30m.
func short(d time.Duration) string {
	text := d.String()
	if d%time.Minute == 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if d%time.Hour == 0 {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
