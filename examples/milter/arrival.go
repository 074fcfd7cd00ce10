package main

import (
	"errors"
	"io"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

// What the server refuses by itself, beside the policy.
var (
	errTooLarge = verdict.Refuse(envelope.Status{Code: 552, Subject: 3, Detail: 4}, "the message is too large")
	errStopping = verdict.Refuse(envelope.Status{Code: 421, Subject: 3, Detail: 2}, "the server is shutting down")
	errGone     = errors.New("the message was not received")
)

// arrival is a message that the MTA sends in parts.
type arrival struct {
	stamp  *headers.Stamp
	left   int64 // octets that may come
	spool  *io.PipeWriter
	count  map[string]int // of the fields so far, by name in lower case
	forged []place

	done    chan struct{} // closed after message and err are set
	message *envelope.Message
	err     error
}

// place is that of a field: the MTA counts the fields with one name, from 1.
type place struct {
	name  string
	index int
}

// expect returns an arrival that announces its header.
func (s *server) expect(announce func(*envelope.Message)) *arrival {
	from, spool := io.Pipe()
	a := &arrival{stamp: s.stamp, left: s.size, spool: spool, count: make(map[string]int), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.message, a.err = envelope.Spool{Header: announce}.ReadMessage(from)
	}()
	return a
}

// field receives a field of the header. Its value has LF between its lines.
func (a *arrival) field(name, value string) {
	field := []byte(name + ":" + strings.ReplaceAll(value, "\n", "\r\n") + "\r\n")
	key := strings.ToLower(name)
	a.count[key]++
	if a.stamp.Forged(field) {
		a.forged = append(a.forged, place{name, a.count[key]})
	}
	a.write(field)
}

// write receives a part of the message as it is. After the first error, such as that of
// a message that is too large, nothing is received.
func (a *arrival) write(part []byte) {
	if a.left -= int64(len(part)); a.left < 0 {
		a.spool.CloseWithError(errTooLarge)
	}
	a.spool.Write(part) // an error is that of the reader, which end returns
}

// end returns the message, which has arrived.
func (a *arrival) end() (*envelope.Message, error) {
	a.spool.Close()
	<-a.done
	return a.message, a.err
}

// close releases the message, whether or not it has arrived.
func (a *arrival) close() {
	a.spool.CloseWithError(errGone)
	if <-a.done; a.message != nil {
		a.message.Close()
	}
}
