package zone

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"mxrules.example/envelope"
)

const maxAliases = 10 // of one question

// Zone is an [envelope.Resolver] that answers from memory. Create it with [Parse] or
// [MustParse]. It is safe for concurrent use.
type Zone struct {
	names tree // immutable after Parse

	mu      sync.Mutex
	scripts map[pattern]*script
	delays  map[pattern]time.Duration
	asked   Questions
}

var _ envelope.Resolver = (*Zone)(nil)

// Asked returns the log: every question so far, in order, including repeated and
// failed ones. Following an alias is not a question, and a call whose context has
// ended asks none.
func (z *Zone) Asked() Questions {
	z.mu.Lock()
	defer z.mu.Unlock()
	return slices.Clone(z.asked)
}

// Count returns the number of questions in the log that match a pattern (see
// [Zone.SetFault]). It panics if the question is invalid.
func (z *Zone) Count(question string) int {
	p, n := mustPattern(question), 0
	for _, q := range z.Asked() {
		name, kind := splitQuestion(q)
		if name, ok := normal(name); ok && p.matches(name, typeCode(kind)) {
			n++
		}
	}
	return n
}

// Forget empties the log of questions.
func (z *Zone) Forget() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked = nil
}

// answer is the answer to a question.
type answer struct {
	fault   string // SERVFAIL, REFUSED or Timeout
	loop    bool   // the fault is a chain of aliases that is too long
	missing bool   // the name at the end of the chain does not exist
	records []dns.RR
	name    string  // the name at the end of the chain
	end     string  // the same name as spelled in the text; only of solveAlias
	aliases []alias // the chain
	delay   time.Duration
}

type alias struct {
	owner string
	rr    dns.RR
}

// ask logs a question, solves it and waits for its delay. The error is that of the
// context.
func (z *Zone) ask(ctx context.Context, name string, kind uint16, solve func(name string, kind uint16) *answer) (*answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	z.mu.Lock()
	z.asked = append(z.asked, name+". "+dns.Type(kind).String())
	a := solve(name, kind)
	z.mu.Unlock()
	return a, wait(ctx, a.delay)
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	_, err := envelope.Wait(ctx, func() (struct{}, error) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return struct{}{}, nil
		case <-ctx.Done():
			return struct{}{}, ctx.Err()
		}
	})
	return err
}

// solve answers a question and follows aliases. The caller holds mu.
func (z *Zone) solve(name string, kind uint16) *answer {
	a := new(answer)
	for range maxAliases + 1 {
		d, _ := nearest(z.delays, name, kind)
		a.name, a.delay = name, a.delay+d
		s := scene{asWritten: true}
		if script, ok := nearest(z.scripts, name, kind); ok {
			s = script.play()
		}
		if !s.asWritten {
			a.fault, a.missing, a.records = s.fault, s.missing, s.records
			return a
		}
		here, exists := z.names.find(name)
		a.missing, a.records = !exists, here[kind]
		if kind == dns.TypeANY {
			for _, rrs := range here {
				a.records = append(a.records, rrs...)
			}
			return a
		}
		if len(a.records) > 0 || len(here[dns.TypeCNAME]) == 0 {
			return a
		}
		rr := here[dns.TypeCNAME][0]
		a.aliases = append(a.aliases, alias{name, rr})
		name, _ = normal(rr.(*dns.CNAME).Target)
	}
	a.fault, a.loop = SERVFAIL, true
	return a
}

// solveAlias answers the question for the end of a chain of aliases. Its records
// are the addresses of that name. The caller holds mu.
func (z *Zone) solveAlias(name string, kind uint16) *answer {
	var delays time.Duration
	end := absolute(name)
	for range maxAliases + 1 {
		a := z.solve(name, kind)
		delays += a.delay
		a.delay = delays
		if a.fault != "" || a.missing {
			return a
		}
		if len(a.records) > 0 {
			end = a.records[0].(*dns.CNAME).Target
			name, _ = normal(end)
			continue
		}
		here, _ := z.names.find(name)
		a.end = end
		a.records = slices.Concat(here[dns.TypeA], here[dns.TypeAAAA])
		return a
	}
	return &answer{fault: SERVFAIL, loop: true, name: name, delay: delays}
}
