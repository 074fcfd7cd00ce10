package verdict

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// Bounds of a judgement. What a sender publishes chooses how many questions are asked
// and how long their answers are.
const (
	// defaultQuestions is enough for the 111 questions of an SPF record for MAIL FROM,
	// as many for HELO, and more than as many for all other checks.
	defaultQuestions = 500
	// maxAnswers is how many octets the answers may have that a judgement keeps: about
	// 2 KB for each question, of which few answers have more than 100 octets.
	maxAnswers = 1 << 20
)

func (p Policy) maxQuestions() int {
	if p.MaxQuestions > 0 {
		return p.MaxQuestions
	}
	return defaultQuestions
}

var errNoResolver = errors.New("the resolver is nil")

// mayAsk counts a question. The error says why it must not be asked.
func (a *asking) mayAsk(name string) error {
	if a.count.Add(1) > int64(a.most) {
		a.count.Add(-1)
		a.refuse()
		return refused(name, fmt.Errorf("more than %d questions (Policy.MaxQuestions)", a.most))
	}
	if a.inner == nil {
		return refused(name, errNoResolver)
	}
	return nil
}

// mayKeep counts the octets of an answer. The error says why it must not be kept.
func (a *asking) mayKeep(name string, records any) error {
	if a.size.Add(int64(octets(records))) > maxAnswers {
		a.refuse()
		return refused(name, fmt.Errorf("the answers have more than %d octets", maxAnswers))
	}
	return nil
}

// refused is the error of a question that was not asked, or whose answer was dropped.
func refused(name string, why error) error {
	return &net.DNSError{UnwrapErr: why, Err: why.Error(), Name: name, IsTemporary: true}
}

// refuse ends a judgement that asks ahead, so that nothing is kept of what it could
// not ask: the message itself may need fewer questions.
func (a *asking) refuse() {
	if a.giveUp != nil {
		a.giveUp()
	}
}

// octets returns about how much memory an answer takes.
func octets(records any) int {
	const overhead = 16 // of a string
	n := 0
	switch records := records.(type) {
	case string:
		n = len(records)
	case []string:
		for _, s := range records {
			n += overhead + len(s)
		}
	case []*net.MX:
		for _, mx := range records {
			n += 2*overhead + len(mx.Host)
		}
	case []netip.Addr:
		n = len(records) * 24
	}
	return n
}
