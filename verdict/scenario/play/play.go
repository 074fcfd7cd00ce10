package play

import (
	"context"
	"crypto/tls"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// player plays one scenario: it is the client of all its connections.
type player struct {
	*world
	scene *scene
	ctx   context.Context
	dial  Dial
	make  func(Site) (verdict.Policy, error)
	began time.Time
	real  bool // time passes as outside, and wait skips it
	// untilIdle waits until the servers wait for the client or for time. nil does not.
	untilIdle func()
	skipped   atomic.Int64 // by wait, in nanoseconds
	servers   map[string]*server
	open      []*connection
	current   *connection
	last      verdict.Event // of the last reply, zero if the policy had no part in it
	replies   int           // how many were read
	asked     int           // questions before the last line asked
	found     *[]mismatch
	watch     watcher
}

// now is the time of the scenario.
func (p *player) now() time.Time {
	return p.clock.Add(time.Since(p.began) + time.Duration(p.skipped.Load()))
}

// play plays the lines of a scenario. The error is one of the file; what differs from
// the expectations is in p.found.
func (p *player) play(entries []entry) error {
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	p.ctx = ctx
	defer func() {
		for _, c := range p.open {
			c.Close()
		}
	}()
	for i := 0; i < len(entries); {
		n, err := p.step(entries[i:])
		if err == errStop {
			return nil
		}
		if err != nil {
			return err
		}
		i += n
	}
	for _, c := range p.open {
		if !c.left {
			p.readAll(c)
		}
	}
	return nil
}

// errStop ends a scenario whose other lines would fail for the same reason.
var errStop = errors.New("the conversation is over")

// step plays the first of the lines, and returns how many belong to it.
func (p *player) step(entries []entry) (n int, err error) {
	e := &entries[0]
	if about[e.word] && p.current != nil && p.current.fresh && !p.current.left {
		p.readOwed(p.current)
	}
	if about[e.word] && p.current != nil {
		p.current.until = e
	}
	if _, isHead := headWords[e.word]; isHead && e.word != "fault" {
		return 1, nil // in the world
	}
	switch e.word {
	case "connect":
		return 1, p.connect(e)
	case "client":
		return 1, p.switchTo(e)
	case "wait":
		return 1, p.wait(e)
	case "fault", "heal":
		if p.settle(); e.word == "heal" {
			return 1, p.heal(e)
		}
		return 1, p.begin(e)
	case "store":
		p.compare(e, strconv.Itoa(p.store.Len()))
		return 1, nil
	}
	if p.current == nil {
		return 0, e.fault("%s needs a connection", e.word)
	}
	switch e.word {
	case "C:":
		verb, _, _ := strings.Cut(e.rest, " ")
		p.current.send(command{verb, e.rest, e}, e.rest+"\r\n")
		return 1, nil
	case "data":
		return 1, p.data(e)
	case "octets":
		return 1, p.octets(e)
	case "close":
		p.settle()
		p.current.left = true
		return 1, p.current.Close()
	case "S:":
		return p.expectReply(entries)
	}
	return 1, p.expectVerdict(e)
}

// settle waits until the servers have done what they can without more time, so that what
// follows meets the same state in each run.
func (p *player) settle() {
	if p.untilIdle != nil {
		p.untilIdle()
	}
}

// wait lets time pass.
func (p *player) wait(e *entry) error {
	d, err := time.ParseDuration(e.rest)
	if err != nil || d < 0 {
		return e.fault("%q is not a duration, such as 5m", envelope.Excerpt(e.rest))
	}
	if p.real { // nothing waits for a network
		p.skipped.Add(int64(d))
	} else {
		time.Sleep(d)
	}
	return nil
}

func encrypted() *tls.ConnectionState { return &tls.ConnectionState{HandshakeComplete: true} }
