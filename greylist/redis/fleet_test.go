package redis_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/redis"
	"mxrules.example/verdict"
)

// receiverOn is the variable by which the tests start this program again, as one
// that receives mail and shares the server that it names.
const receiverOn = "MXRULES_GREYLIST_REDIS"

func TestMain(m *testing.M) {
	if address := os.Getenv(receiverOn); address != "" {
		receive(address)
		return
	}
	os.Exit(m.Run())
}

// receive judges one envelope a line, until there are no more: the time in
// seconds, the client, the sender and the recipient. It answers with the verdict
// of a policy that defers when the store fails, and with that of one that does
// not mind.
func receive(address string) {
	store := redis.New(goredis.NewClient(options(address)), redis.Options{})
	settings := greylist.Options{Promote: -1, Secret: greylist.Secret("of the fleet")}
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

// receiver is one process of the fleet.
type receiver struct {
	in  io.Writer
	out *bufio.Reader
}

func startReceiver(t *testing.T, address string) *receiver {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), receiverOn+"="+address)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return &receiver{in, bufio.NewReader(out)}
}

// try offers a mail and returns the verdict.
func (r *receiver) try(t *testing.T, now time.Time, sender int) string {
	t.Helper()
	fmt.Fprintf(r.in, "%d 192.0.2.%d sender%c@example.net us@example.org\n", now.Unix(), sender%250, 'a'+sender%26)
	line, err := r.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the receiver says %q, %v", line, err)
	}
	return strings.TrimSpace(line)
}

const (
	letIn  = "accept"
	putOff = "tempfail 451 4.7.1"
	failed = "failed tempfail 451 4.3.0, lenient accept"
)

func fleet(t *testing.T, address string) []*receiver {
	var receivers []*receiver
	for range 4 {
		receivers = append(receivers, startReceiver(t, address))
	}
	return receivers
}

// Each sender tries at one receiver after the other, and each must know what the
// others have seen.
func TestAFleetIsOne(t *testing.T) {
	receivers := fleet(t, startServer(t).address())
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for sender := range 26 {
		now := time.Now()
		last := -1
		another := func() *receiver {
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
			{0, putOff},
			{time.Second, putOff},
			{time.Minute, putOff},
			{5*time.Minute - time.Second, putOff},
			{5 * time.Minute, letIn},
			{5 * time.Minute, letIn},
			{time.Hour, letIn},
			{30 * 24 * time.Hour, letIn},
		} {
			got := another().try(t, now.Add(step.after), sender)
			if !strings.HasPrefix(got, step.want) {
				t.Fatalf("seed %d, sender %d, try %d after %v: %q, want %q", seed, sender, i, step.after, got, step.want)
			}
		}
	}
}

// The server dies while senders wait, and comes back. Nobody gets in meanwhile
// unless the policy says so, and nobody has to wait anew, or waits less.
func TestAFleetOutlivesItsServer(t *testing.T) {
	server := startServer(t)
	receivers := fleet(t, server.address())
	now := time.Now()
	expect := func(when string, sender int, after time.Duration, want string) {
		t.Helper()
		for i, r := range receivers {
			if got := r.try(t, now.Add(after), sender); !strings.HasPrefix(got, want) {
				t.Errorf("%s: receiver %d says %q to sender %d after %v, want %q", when, i, got, sender, after, want)
			}
		}
	}
	expect("before", 0, 0, putOff)             // is known when the server dies
	expect("before", 0, 5*time.Minute, letIn)  //
	expect("before", 1, 4*time.Minute, putOff) // waits when it dies
	server.stop(t)
	expect("without a server", 0, 6*time.Minute, failed)
	expect("without a server", 1, 7*time.Minute, failed)
	expect("without a server", 2, 7*time.Minute, failed) // comes for the first time
	server.start(t)
	until(t, "all receivers have found the server", func() error {
		for i, r := range receivers {
			if got := r.try(t, now.Add(8*time.Minute), 1); got == failed {
				return fmt.Errorf("receiver %d says %q", i, got)
			}
		}
		return nil
	})
	expect("after", 0, 8*time.Minute, letIn)
	expect("after", 1, 9*time.Minute-time.Second, putOff)
	expect("after", 1, 9*time.Minute, letIn)
	expect("after", 2, 8*time.Minute, putOff)
	expect("after", 2, 13*time.Minute-time.Second, putOff)
	expect("after", 2, 13*time.Minute, letIn)
}
