package zone

import (
	"strings"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope"
)

// Fault is a way in which a question goes without an answer.
type Fault uint8

const (
	_ Fault = iota
	// SERVFAIL is a server that could not find out. The error is temporary.
	SERVFAIL
	// REFUSED is a server that does not want to answer. The error has no flag,
	// as that of *net.Resolver has none.
	REFUSED
	// Timeout is a server that is silent. The error says so at once, without
	// waiting; a Zone that is served keeps silent.
	Timeout
)

var faultWords = [...]string{SERVFAIL: "servfail", REFUSED: "refused", Timeout: "timeout"}

// String returns the word that ParseFault reads.
func (f Fault) String() string {
	if int(f) < len(faultWords) {
		return faultWords[f]
	}
	return ""
}

// ParseFault reads one of the words servfail, refused, timeout, in any case.
func ParseFault(word string) (Fault, error) {
	for f := SERVFAIL; f <= Timeout; f++ {
		if strings.EqualFold(word, f.String()) {
			return f, nil
		}
	}
	return 0, &envelope.SyntaxError{Kind: "fault", Value: word, Reason: "is none of servfail, refused, timeout"}
}

// Answer is what a question gets from Answering: a Fault, Records, NoRecords,
// NoSuchName or AsWritten.
type Answer interface {
	scene(p pattern) (scene, error)
}

// scene is an Answer made ready for the questions of one pattern.
type scene struct {
	fault     Fault
	asWritten bool
	missing   bool     // the name does not exist
	records   []dns.RR // none: NODATA
}

func (f Fault) scene(pattern) (scene, error) {
	if f.String() == "" {
		return scene{}, &envelope.SyntaxError{Kind: "fault", Reason: "is none of SERVFAIL, REFUSED, Timeout"}
	}
	return scene{fault: f}, nil
}

func (s scene) scene(pattern) (scene, error) { return s, nil }

// AsWritten is the Answer that the text of the zone gives.
func AsWritten() Answer { return scene{asWritten: true} }

// NoSuchName is the Answer that the name does not exist: NXDOMAIN.
func NoSuchName() Answer { return scene{missing: true} }

// NoRecords is the Answer that the name exists and has no record of the type
// asked for: NODATA.
func NoRecords() Answer { return scene{} }

// Records is the Answer that consists of one record for each text, which is
// written as in a master file behind the type: "192.0.2.1" for an A record,
// "10 mail.example.org." for MX. The question that it answers must name the
// type.
func Records(data ...string) Answer { return recordTexts(data) }

type recordTexts []string

func (texts recordTexts) scene(p pattern) (scene, error) {
	var s scene
	for _, text := range texts {
		bad := func(reason string) (scene, error) {
			return scene{}, &envelope.SyntaxError{Kind: "record data", Value: text, Reason: reason}
		}
		if p.kind == 0 {
			return bad("answers a question that does not name a type")
		}
		kind, found := dns.TypeToString[p.kind], len(s.records)+1
		err := read(". "+kind+" "+text, func(rr dns.RR) string {
			s.records = append(s.records, rr)
			return ""
		})
		if err != nil || len(s.records) != found {
			return bad("is no data of a record of type " + kind)
		}
	}
	return s, nil
}

// script is the list of scenes for one pattern, and how far it has been
// played. The last scene stays.
type script struct {
	scenes []scene
	next   int
}

func (s *script) play() scene {
	now := s.scenes[s.next]
	if s.next < len(s.scenes)-1 {
		s.next++
	}
	return now
}

// SetFault makes questions fail. A question is a name and a type:
// "example.org. MX"; "example.org." and "example.org. *" are its questions of
// every type, that of Exists too. A name that begins with "*." is every name
// below, so that "*.example.org. TXT" fails TXT for them and not for
// example.org itself, and "*." is the whole world. Letter case, the final dot,
// and whether a name is written in U-labels or A-labels make no difference. A
// blank within a name needs a backslash before it.
//
// Of several things said of one question the nearest counts: of the name
// itself, then of the nearest names above it, each time first of the type and
// then of all types. An alias that leads to a failing question fails too.
//
// The error is an *[envelope.SyntaxError] that names the question.
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

// Failing is SetFault for questions that stand in a test: it panics if the
// question is malformed, and returns z, so that it can follow MustParse.
func (z *Zone) Failing(question string, f Fault) *Zone {
	return z.Answering(question, f)
}

// Answering gives the questions (see SetFault) these answers, one after the
// other; the last one stays. So a name can fail once and answer then:
//
//	dns.Answering("example.org. TXT", zone.SERVFAIL, zone.AsWritten())
//
// A pattern for many questions has one sequence for all of them. Records for a
// name that is not in the text don't make it exist for questions of other
// types. Answering panics if the question or an answer is malformed.
func (z *Zone) Answering(question string, answers ...Answer) *Zone {
	p := mustPattern(question)
	if len(answers) == 0 {
		panic(&envelope.SyntaxError{Kind: "question", Value: question, Reason: "is given no answer"})
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

// Delaying makes the answer to the questions (see SetFault), or their fault,
// come after d, unless the context ends before. Along a chain of aliases
// delays add up. It panics if the question is malformed.
func (z *Zone) Delaying(question string, d time.Duration) *Zone {
	p := mustPattern(question)
	z.mu.Lock()
	defer z.mu.Unlock()
	z.delays[p] = d
	return z
}

// Healing takes away what Failing, SetFault, Answering and Delaying have said
// of exactly this question. It panics if the question is malformed.
func (z *Zone) Healing(question string) *Zone {
	p := mustPattern(question)
	z.mu.Lock()
	defer z.mu.Unlock()
	delete(z.scripts, p)
	delete(z.delays, p)
	return z
}
