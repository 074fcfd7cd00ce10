package zone

import (
	"strings"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope"
)

// Fault is a failure of a question. The zero value is invalid.
type Fault uint8

const (
	_ Fault = iota
	// SERVFAIL is the code SERVFAIL. The error has the flag IsTemporary.
	SERVFAIL
	// REFUSED is the code REFUSED. The error has no flag, as with *net.Resolver.
	REFUSED
	// Timeout is a server that does not reply. The error has the flags IsTimeout
	// and IsTemporary and is returned without waiting; a Server sends no reply.
	Timeout
)

var faultWords = [...]string{SERVFAIL: "servfail", REFUSED: "refused", Timeout: "timeout"}

// String returns the word that ParseFault accepts.
func (f Fault) String() string {
	if int(f) < len(faultWords) {
		return faultWords[f]
	}
	return ""
}

// ParseFault parses one of the words servfail, refused and timeout, in any case.
func ParseFault(word string) (Fault, error) {
	for f := SERVFAIL; f <= Timeout; f++ {
		if strings.EqualFold(word, f.String()) {
			return f, nil
		}
	}
	return 0, &envelope.SyntaxError{Kind: "fault", Value: word, Reason: "is not one of servfail, refused, timeout"}
}

// Answer is an answer for Answering: a [Fault], or the result of [Records],
// [NoSuchName] or [AsWritten].
type Answer interface {
	scene(p pattern) (scene, error)
}

// scene is an Answer for the questions of one pattern.
type scene struct {
	fault     Fault
	asWritten bool
	missing   bool     // NXDOMAIN
	records   []dns.RR // NODATA if empty
}

func (f Fault) scene(pattern) (scene, error) {
	if f.String() == "" {
		return scene{}, &envelope.SyntaxError{Kind: "fault", Reason: "is not one of SERVFAIL, REFUSED, Timeout"}
	}
	return scene{fault: f}, nil
}

func (s scene) scene(pattern) (scene, error) { return s, nil }

// AsWritten returns the Answer of the text of the zone.
func AsWritten() Answer { return scene{asWritten: true} }

// NoSuchName returns the Answer NXDOMAIN: the name does not exist.
func NoSuchName() Answer { return scene{missing: true} }

// Records returns an Answer with one record for each text, NODATA without a text. A
// text is the data of a record as in a master file: "192.0.2.1" for an A record,
// "10 mail.example.org." for an MX record. The question must have a type.
func Records(data ...string) Answer { return recordTexts(data) }

type recordTexts []string

func (texts recordTexts) scene(p pattern) (scene, error) {
	var s scene
	for _, text := range texts {
		bad := func(reason string) (scene, error) {
			return scene{}, &envelope.SyntaxError{Kind: "record data", Value: text, Reason: reason}
		}
		if p.kind == 0 {
			return bad("needs a question with a type")
		}
		kind, found := dns.TypeToString[p.kind], len(s.records)+1
		err := read(". "+kind+" "+text, func(rr dns.RR) string {
			s.records = append(s.records, rr)
			return ""
		})
		if err != nil || len(s.records) != found {
			return bad("is not the data of a record of type " + kind)
		}
	}
	return s, nil
}

// script is the sequence of scenes for one pattern. The last scene is repeated.
type script struct {
	scenes []scene
	next   int // the index of the next scene
}

func (s *script) play() scene {
	now := s.scenes[s.next]
	if s.next < len(s.scenes)-1 {
		s.next++
	}
	return now
}

// SetFault makes questions fail. The argument is a pattern of questions, a name and
// a type:
//
//   - "example.org. MX" is one question.
//   - "example.org." and "example.org. *" are the questions of all types, including
//     the one of Exists.
//   - "*.example.org. TXT" is the question of type TXT for every name below
//     example.org, but not for example.org itself.
//   - "*." is every question.
//
// Letter case and the final dot are ignored. U-labels and A-labels are equal. A
// space within a name is written with a backslash.
//
// If several patterns match a question, the most specific one is used: one with
// the name itself before one with "*", a longer name after "*" before a shorter
// one, and then one with a type before one without. A question whose chain of
// aliases leads to a failing question fails too.
//
// It returns an *[envelope.SyntaxError] if the question or the fault is invalid.
func (z *Zone) SetFault(question string, f Fault) error {
	p, err := parsePattern(question)
	if err != nil {
		return err
	}
	s, err := f.scene(p)
	if err != nil {
		return err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.scripts[p] = &script{scenes: []scene{s}}
	return nil
}

// Failing is like [Zone.SetFault], but panics instead of returning an error. It
// returns z, so that it can follow MustParse.
func (z *Zone) Failing(question string, f Fault) *Zone {
	return z.Answering(question, f)
}

// Answering sets the answers to the questions of a pattern (see [Zone.SetFault]):
// the first question gets the first answer and so on; the last answer is
// repeated. This name fails once:
//
//	dns.Answering("example.org. TXT", zone.SERVFAIL, zone.AsWritten())
//
// All questions of a pattern share one sequence. Records for a name that is not in
// the text do not make it exist for questions of other types. Answering panics if
// the question or an answer is invalid, or if there is no answer.
func (z *Zone) Answering(question string, answers ...Answer) *Zone {
	p := mustPattern(question)
	if len(answers) == 0 {
		panic(&envelope.SyntaxError{Kind: "question", Value: question, Reason: "needs at least one answer"})
	}
	var s script
	for _, answer := range answers {
		scene, err := answer.scene(p)
		if err != nil {
			panic(err)
		}
		s.scenes = append(s.scenes, scene)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.scripts[p] = &s
	return z
}

// Delaying delays the answers to the questions of a pattern (see [Zone.SetFault]),
// faults included, unless the context ends first. The delays of a chain of aliases
// add up. It panics if the question is invalid.
func (z *Zone) Delaying(question string, d time.Duration) *Zone {
	p := mustPattern(question)
	z.mu.Lock()
	defer z.mu.Unlock()
	z.delays[p] = d
	return z
}

// Healing undoes Failing, SetFault, Answering and Delaying for exactly this pattern.
// It panics if the question is invalid.
func (z *Zone) Healing(question string) *Zone {
	p := mustPattern(question)
	z.mu.Lock()
	defer z.mu.Unlock()
	delete(z.scripts, p)
	delete(z.delays, p)
	return z
}
