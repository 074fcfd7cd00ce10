package redis_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/child"
	"mxrules.example/greylist/redis"
	"mxrules.example/verdict"
)

// receiverOn is the environment variable that makes the test program a mail
// receiver with the store on the server it names.
const receiverOn = "MXRULES_GREYLIST_REDIS"

func TestMain(m *testing.M) {
	if address := os.Getenv(receiverOn); address != "" {
		receive(address)
		return
	}
	os.Exit(m.Run())
}

// receive judges envelopes from standard input. A line has the time in seconds,
// the client, the sender and the recipient. It prints the verdict of a policy
// that defers when the store fails, and then also that of one that accepts.
func receive(address string) {
	store := redis.New(goredis.NewClient(options(address)), redis.Options{})
	settings := greylist.Options{Promote: -1, Secret: greylist.Secret("of the receivers")}
	known := greylist.Known(store, settings)
	strict := verdict.Policy{Rules: verdict.Rules{verdict.TempFailUnless(known)}}
	lenient := verdict.Policy{Rules: verdict.Rules{verdict.TempFailUnless(known).Ignoring(envelope.TempError)}}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var now int64
		var client string
		var e envelope.Envelope
		if _, err := fmt.Sscan(in.Text(), &now, &client, &e.MailFrom, &e.RcptTo); err != nil {
			fmt.Println(err)
			continue
		}
		e.Now, e.ClientIP = time.Unix(now, 0), netip.MustParseAddr(client)
		v := strict.Judge(context.Background(), nil, &e)
		if v.Finding.Outcome == envelope.TempError {
			lenient := lenient.Judge(context.Background(), nil, &e)
			fmt.Printf("failed %v %v, lenient %v\n", v.Action, v.Status, lenient.Action)
			continue
		}
		fmt.Printf("%v %v\n", v.Action, v.Status)
	}
}

// receiver is a receiver process.
type receiver struct{ *child.Process }

// try returns the verdict on a mail.
func (r receiver) try(t *testing.T, now time.Time, sender int) string {
	t.Helper()
	fmt.Fprintf(r.In, "%d 192.0.2.%d sender%c@example.net us@example.org\n", now.Unix(), sender%250, 'a'+sender%26)
	return r.Line(t)
}

const (
	accepted = "accept"
	deferred = "tempfail 451 4.7.1"
	failed   = "failed tempfail 451 4.3.0, lenient accept"
)

func startReceivers(t *testing.T, address string) (receivers []receiver) {
	for range 4 {
		receivers = append(receivers, receiver{child.Start(t, receiverOn, address)})
	}
	return receivers
}

// A sender tries a different receiver each time.
func TestReceiversShareTheStore(t *testing.T) {
	receivers := startReceivers(t, startServer(t).address())
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for sender := range 26 {
		now := time.Now()
		last := -1
		another := func() receiver {
			next := random.IntN(len(receivers) - 1)
			if next >= last {
				next++
			}
			last = min(next, len(receivers)-1)
			return receivers[last]
		}
		for i, step := range []struct {
			after time.Duration
			want  string
		}{
			{0, deferred},
			{time.Second, deferred},
			{time.Minute, deferred},
			{5*time.Minute - time.Second, deferred},
			{5 * time.Minute, accepted},
			{5 * time.Minute, accepted},
			{time.Hour, accepted},
			{30 * 24 * time.Hour, accepted},
		} {
			got := another().try(t, now.Add(step.after), sender)
			if !strings.HasPrefix(got, step.want) {
				t.Fatalf("seed %d, sender %d, try %d after %v: %q, want %q", seed, sender, i, step.after, got, step.want)
			}
		}
	}
}

// While the server is down, mail is deferred unless the policy accepts it. After
// the restart, delays are the same as without it.
func TestReceiversSurviveARestartOfTheServer(t *testing.T) {
	server := startServer(t)
	receivers := startReceivers(t, server.address())
	now := time.Now()
	expect := func(when string, sender int, after time.Duration, want string) {
		t.Helper()
		for i, r := range receivers {
			if got := r.try(t, now.Add(after), sender); !strings.HasPrefix(got, want) {
				t.Errorf("%s: receiver %d: %q for sender %d after %v, want %q", when, i, got, sender, after, want)
			}
		}
	}
	// Sender 0 is known before the server stops, sender 1 is waiting, and sender
	// 2 is new.
	expect("before", 0, 0, deferred)
	expect("before", 0, 5*time.Minute, accepted)
	expect("before", 1, 4*time.Minute, deferred)
	server.stop(t)
	expect("without a server", 0, 6*time.Minute, failed)
	expect("without a server", 1, 7*time.Minute, failed)
	expect("without a server", 2, 7*time.Minute, failed)
	server.start(t)
	until(t, "all receivers are connected", func() error {
		for i, r := range receivers {
			if got := r.try(t, now.Add(8*time.Minute), 1); got == failed {
				return fmt.Errorf("receiver %d: %q", i, got)
			}
		}
		return nil
	})
	expect("after", 0, 8*time.Minute, accepted)
	expect("after", 1, 9*time.Minute-time.Second, deferred)
	expect("after", 1, 9*time.Minute, accepted)
	expect("after", 2, 8*time.Minute, deferred)
	expect("after", 2, 13*time.Minute-time.Second, deferred)
	expect("after", 2, 13*time.Minute, accepted)
}
