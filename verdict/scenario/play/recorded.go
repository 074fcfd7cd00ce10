package play

import (
	"fmt"
	"strconv"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// everyQuestion is the pattern of all questions.
const everyQuestion = "*."

// addRecorded adds the answers of a block "recorded", each a line NAME TYPE DATA. The data
// is that of one record, or a word for an answer without records.
func (b *builder) addRecorded(e *entry) error {
	b.recorded = true
	for i, line := range e.block {
		if line == "" {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		kind, data, ok := strings.Cut(strings.TrimSpace(rest), " ")
		if data = strings.TrimSpace(data); !ok || data == "" {
			return e.at(i).fault("%q is not of the form NAME TYPE DATA", envelope.Excerpt(line))
		}
		question := name + " " + strings.ToUpper(kind)
		a := b.answers[question]
		if a == nil {
			a = &recordedAnswer{at: e.at(i), question: question}
			b.answers[question], b.order = a, append(b.order, a)
		}
		if err := a.add(b, name, data); err != nil {
			return err
		}
	}
	return nil
}

// at returns the entry of a line of the block.
func (e *entry) at(i int) *entry { return &entry{file: e.file, number: e.lines[i], word: e.word} }

// recordedAnswer is the answer to one question.
type recordedAnswer struct {
	at       *entry
	question string
	lines    []string // of records
	word     string   // for zone.Answering, if there are none
	isSet    bool
}

func (a *recordedAnswer) add(b *builder, name, data string) error {
	word, isWord := map[string]string{
		"none": "", "nxdomain": zone.NXDOMAIN, "servfail": zone.SERVFAIL, "refused": zone.REFUSED, "timeout": zone.Timeout,
	}[strings.ToLower(data)]
	if a.isSet && (isWord || len(a.lines) == 0) {
		return a.at.fault("%s has records and a word, or two words", a.question)
	}
	a.isSet = true
	if isWord {
		a.word = word
		return nil
	}
	if strings.HasSuffix(a.question, " CNAME") { // the end of a chain: a name with an address
		fmt.Fprintf(&b.records, "$ORIGIN .\n%s A 192.0.2.1\n", data)
		b.ends = append(b.ends, data)
		if strings.EqualFold(data, name) { // it is no alias
			return nil
		}
	}
	a.lines = append(a.lines, data)
	return nil
}

// answerRecorded makes the zone answer what was recorded, and fail all other questions.
func (b *builder) answerRecorded() error {
	if !b.recorded {
		return nil
	}
	b.zone.Failing(everyQuestion, zone.SERVFAIL)
	for _, end := range b.ends {
		if err := answering(b.zone, end+" CNAME", ""); err != nil {
			return err
		}
	}
	for _, question := range b.published {
		if err := answering(b.zone, question, zone.AsWritten); err != nil {
			return err
		}
	}
	for _, a := range b.order {
		answer := a.word
		if len(a.lines) > 0 {
			answer = strings.Join(a.lines, "\n")
		}
		if err := answering(b.zone, a.question, answer); err != nil {
			return a.at.wrap(err)
		}
	}
	return nil
}

// answering is Zone.Answering with an error.
func answering(z *zone.Zone, question, answer string) (err error) {
	defer func() {
		switch problem := recover().(type) {
		case nil:
		case *envelope.SyntaxError:
			err = problem
		default:
			panic(problem)
		}
	}()
	z.Answering(question, answer)
	return nil
}

// unquoted returns the octets of a block of lines that are quoted as in Go.
func unquoted(e *entry) (string, error) {
	var b strings.Builder
	for i, line := range e.block {
		text, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			return "", e.at(i).fault("%q is not quoted as in Go", envelope.Excerpt(line))
		}
		b.WriteString(text)
	}
	return b.String(), nil
}
