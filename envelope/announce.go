package envelope

import (
	"bytes"
	"io"
)

// announceStep is how many octets of a header are read at a time. Some readers
// return only when the buffer is full (that of go-smtp is one), so with a large buffer
// the header would be seen long after its end.
const announceStep = 128

// arrival reads a message, and announces it when its header has come.
type arrival struct {
	from     io.Reader
	err      error          // of from, other than io.EOF
	announce func(*Message) // nil after the announcement, or if there is none
	header   []byte         // so far
	end      headerEnd
	message  *Message // that was announced
}

// Read implements [io.Reader].
func (a *arrival) Read(p []byte) (int, error) {
	if a.announce != nil {
		p = p[:min(len(p), announceStep)]
	}
	n, err := a.from.Read(p)
	if err != nil && err != io.EOF {
		a.err = err
	}
	if a.announce != nil {
		a.look(p[:n])
	}
	return n, err
}

// look announces the message if its header ends with these octets.
func (a *arrival) look(p []byte) {
	a.header = append(a.header, p...)
	length, found := a.end.find(a.header[:min(len(a.header), maxHeader)])
	switch {
	case found:
		announce := a.announce
		a.announce = nil
		a.message = &Message{content: bytes.NewReader(nil), header: a.header[:length:length], arriving: true}
		announce(a.message)
	case len(a.header) > maxHeader:
		a.announce, a.header = nil, nil
	}
}

// headerEnd finds the empty line that ends a header, which arrives in parts.
type headerEnd struct {
	line   int // where the current line begins
	looked int // up to where the end of the line was looked for
}

// find returns the length of the header at the beginning of raw, with its empty line.
// raw has the octets that have arrived: those of the last call, and more.
func (end *headerEnd) find(raw []byte) (length int, found bool) {
	for {
		i := bytes.IndexByte(raw[end.looked:], '\n')
		if i < 0 {
			end.looked = len(raw)
			return 0, false
		}
		line := raw[end.line : end.looked+i+1]
		end.looked += i + 1
		end.line = end.looked
		if len(line) == 1 || len(line) == 2 && line[0] == '\r' {
			return end.line, true
		}
	}
}

// Arriving reports whether e is at Rcpt and has a message of which only the header has
// come, so that Message.Header is all that a check may read. A verdict.Session calls
// the checks that are Pending once with such an envelope, while the body arrives. A
// check that asks DNS by the header can ask already, so that the answers are in the
// memo of the judgement when the whole message has come. Its finding must be Pending as
// without the message, and is not used.
func (e *Envelope) Arriving() bool {
	return e.Stage == Rcpt && e.Message != nil && e.Message.arriving
}
