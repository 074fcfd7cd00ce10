//go:build linux

package load

import (
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"sync"
	"time"
)

// deliver tries to deliver a mail from the address of its client, and returns the first
// digit of the reply that decided.
func (m *mail) deliver(address string) (want, error) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: m.client.AsSlice()}, Timeout: time.Minute}
	conn, err := dialer.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	text := textproto.NewConn(conn)
	if _, _, err := text.ReadResponse(220); err != nil {
		return answered(err)
	}
	commands := []string{"EHLO " + m.helo, "MAIL FROM:<" + m.from + ">"}
	for _, to := range m.to {
		commands = append(commands, "RCPT TO:<"+to+">")
	}
	for _, command := range append(commands, "DATA") {
		if got, err := say(text, command); got > '3' || err != nil {
			say(text, "QUIT")
			return got, err
		}
	}
	body := text.DotWriter()
	if _, err := body.Write(m.message); err != nil {
		return 0, err
	}
	if err := body.Close(); err != nil {
		return 0, err
	}
	_, _, err = text.ReadResponse(2)
	got, err := answered(err)
	say(text, "QUIT")
	return got, err
}

func say(text *textproto.Conn, command string) (want, error) {
	if err := text.PrintfLine("%s", command); err != nil {
		return 0, err
	}
	expect := 2
	if command == "DATA" {
		expect = 3
	}
	_, _, err := text.ReadResponse(expect)
	return answered(err)
}

// answered returns the first digit of a reply, by the error of ReadResponse.
func answered(err error) (want, error) {
	var reply *textproto.Error
	switch {
	case err == nil:
		return '2', nil
	case errors.As(err, &reply):
		return want('0' + reply.Code/100), nil
	}
	return 0, err
}

// played is what clients saw of a load.
type played struct {
	answers  map[want]int
	surprise []error // answers that the mail should not get
	waits    []time.Duration
	took     time.Duration
}

// play plays mails, so many at a time.
func play(address string, together int, mails []mail) *played {
	p := &played{answers: map[want]int{}, waits: make([]time.Duration, len(mails))}
	var mu sync.Mutex
	var group sync.WaitGroup
	next := 0
	began := time.Now()
	for range together {
		group.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				if n >= len(mails) {
					return
				}
				start := time.Now()
				got, err := mails[n].deliver(address)
				mu.Lock()
				p.waits[n] = time.Since(start)
				p.answers[got]++
				if err != nil || got != mails[n].want {
					p.surprise = append(p.surprise, fmt.Errorf("mail %d from %s to %v: got %c, %v, want %c", n, mails[n].from, mails[n].to, got, err, mails[n].want))
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	p.took = time.Since(began)
	slices.Sort(p.waits)
	return p
}

// percentile returns the time within which so many percent of the clients were done.
func (p *played) percentile(n int) time.Duration { return p.waits[(len(p.waits)-1)*n/100] }
