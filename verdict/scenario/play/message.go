package play

import (
	"strconv"
	"strings"

	"mxrules.example/envelope"
)

// data sends a message with its end: the indented lines, or a message of the head.
func (p *player) data(e *entry) error {
	message, err := p.message(e)
	if err != nil {
		return err
	}
	stuffed := strings.ReplaceAll("\r\n"+message, "\r\n.", "\r\n..")[len("\r\n"):]
	if !strings.HasSuffix(stuffed, "\r\n") && stuffed != "" {
		stuffed += "\r\n"
	}
	p.current.send(command{"DATA", "the message", e}, stuffed+".\r\n")
	return nil
}

// alteration is the line that ends a message that was altered after it was signed.
const alteration = "This line was added on the way.\r\n"

// message returns the message of a line:
//
//	data [NAME] [signed DOMAIN SELECTOR [FIELD...]]... [altered]
func (w *world) message(e *entry) (string, error) {
	if rest, altered := strings.CutSuffix(" "+e.rest, " altered"); altered {
		before := *e
		before.rest = strings.TrimSpace(rest)
		message, err := w.message(&before)
		return message + alteration, err
	}
	name, signed, isSigned := strings.Cut(" "+e.rest, " signed ")
	name = strings.TrimSpace(name)
	message := crlf(e.block)
	switch {
	case name != "" && len(e.block) > 0:
		return "", e.fault("data has a name and lines")
	case name != "":
		var ok bool
		if message, ok = w.messages[name]; !ok {
			return "", e.fault("there is no message %q", envelope.Excerpt(name))
		}
	}
	if !isSigned {
		return message, nil
	}
	var err error
	for by := range strings.SplitSeq(signed, " signed ") {
		if message, err = w.sign(e, message, strings.TrimSpace(by)); err != nil {
			return "", err
		}
	}
	return message, nil
}

// sign returns the message with a DKIM signature by the key of a domain and a selector.
func (w *world) sign(e *entry, message, with string) (string, error) {
	fields := strings.Fields(with)
	key, ok := w.keys[strings.Join(fields[:min(2, len(fields))], " ")]
	if !ok {
		return "", e.fault("there is no key %q", envelope.Excerpt(with))
	}
	by := signing{
		domain: fields[0], selector: fields[1], fields: append([]string(nil), fields[2:]...), key: key,
		at: w.clock.AddDate(-1, 0, 0), // before an earlier try of the mail too
	}
	signed, err := by.sign(message)
	if err != nil {
		return "", e.fault("the message can't be signed: %v", err)
	}
	return signed, nil
}

// octets sends what is quoted as in Go, as it is.
func (p *player) octets(e *entry) error {
	text, err := strconv.Unquote(e.rest)
	if err != nil {
		return e.fault("%q is not quoted as in Go", envelope.Excerpt(e.rest))
	}
	verb := "DATA"
	if !p.current.inMessage {
		verb, _, _ = strings.Cut(strings.TrimRight(text, "\r\n"), " ")
	}
	p.current.send(command{verb, "octets " + envelope.Excerpt(e.rest), e}, text)
	return nil
}
