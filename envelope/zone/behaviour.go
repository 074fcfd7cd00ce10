package zone

import (
	"strings"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope"
)

// Answers of [Zone.Answering]. The first three are faults, which are also for
// [Zone.Failing].
const (
	// SERVFAIL is the code SERVFAIL. The error has the flag IsTemporary.
	SERVFAIL = "SERVFAIL"
	// REFUSED is the code REFUSED. The error has no flag, as with *net.Resolver.
	REFUSED = "REFUSED"
	// Timeout is a server that does not reply. The error has the flags IsTimeout
	// and IsTemporary and is returned without waiting; a Server sends no reply.
	Timeout = "timeout"
	// NXDOMAIN is the code NXDOMAIN: the name does not exist.
	NXDOMAIN = "NXDOMAIN"
	// AsWritten is the answer of the text of the zone.
	AsWritten = "as written"
)

// oneOf returns the word of words that is text in any letter case, "" if there is
// none.
func oneOf(text string, words ...string) string {
	for _, word := range words {
		if strings.EqualFold(text, word) {
			return word
		}
	}
	return ""
}

// scene is an answer for the questions of one pattern.
type scene struct {
	fault     string // SERVFAIL, REFUSED or Timeout
	asWritten bool
	missing   bool     // NXDOMAIN
	records   []dns.RR // NODATA if empty
}

// parseFault parses a fault.
func parseFault(text string) (scene, error) {
	fault := oneOf(text, SERVFAIL, REFUSED, Timeout)
	if fault == "" {
		return scene{}, &envelope.SyntaxError{Kind: "fault", Value: text, Reason: "is not one of servfail, refused, timeout"}
	}
	return scene{fault: fault}, nil
}

// parseAnswer parses an answer of Answering to a question of a type.
func parseAnswer(text string, kind uint16) (scene, error) {
	switch word := oneOf(text, SERVFAIL, REFUSED, Timeout, NXDOMAIN, AsWritten); word {
	case "":
		return parseRecords(text, kind)
	case NXDOMAIN:
		return scene{missing: true}, nil
	case AsWritten:
		return scene{asWritten: true}, nil
	default:
		return scene{fault: word}, nil
	}
}

// parseRecords parses the data of records, one in each line.
func parseRecords(text string, kind uint16) (s scene, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		bad := func(reason string) (scene, error) {
			return scene{}, &envelope.SyntaxError{Kind: "record data", Value: line, Reason: reason}
		}
		if kind == 0 {
			return bad("needs a question with a type")
		}
		name, found := dns.TypeToString[kind], len(s.records)+1
		err := read(". "+name+" "+line, func(rr dns.RR) string {
			s.records = append(s.records, rr)
			return ""
		})
		if err != nil || len(s.records) != found {
			return bad("is not the data of a record of type " + name)
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

// SetFault makes questions fail with [SERVFAIL], [REFUSED] or [Timeout], in any
// letter case. The question is a pattern, a name and a type:
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
func (z *Zone) SetFault(question, fault string) error {
	s, err := parseFault(fault)
	if err != nil {
		return err
	}
	return z.play(question, s)
}

// Failing is like [Zone.SetFault], but panics instead of returning an error. It
// returns z, so that it can follow MustParse.
func (z *Zone) Failing(question, fault string) *Zone {
	if err := z.SetFault(question, fault); err != nil {
		panic(err)
	}
	return z
}

// Answering sets the answers to the questions of a pattern (see [Zone.SetFault]):
// the first question gets the first answer and so on; the last answer is
// repeated. This name fails once:
//
//	dns.Answering("example.org. TXT", zone.SERVFAIL, zone.AsWritten)
//
// An answer is one of the constants of this package, in any letter case, or records:
// the data of one record in each line, as in a master file, such as "192.0.2.1" for
// an A record and "10 mail.example.org." for an MX record. Records need a question
// with a type. "" is NODATA. The data of a TXT record that is the word of a constant
// needs quotes.
//
// All questions of a pattern share one sequence. Records for a name that is not in
// the text do not make it exist for questions of other types. Answering panics if
// the question or an answer is invalid, or if there is no answer.
func (z *Zone) Answering(question string, answers ...string) *Zone {
	p := mustPattern(question)
	if len(answers) == 0 {
		panic(&envelope.SyntaxError{Kind: "question", Value: question, Reason: "needs at least one answer"})
	}
	var s script
	for _, answer := range answers {
		scene, err := parseAnswer(answer, p.kind)
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
