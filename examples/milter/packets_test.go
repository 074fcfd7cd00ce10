package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"
)

// packet returns a packet with a command and its data.
func packet(command byte, data string) []byte {
	p := binary.BigEndian.AppendUint32(nil, uint32(1+len(data)))
	return append(append(p, command), data...)
}

// negotiation is the first packet of an MTA, which offers everything of version 6.
var negotiation = packet('O', "\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff")

// Package milter panics on some of these, or reads them whole.
func TestInvalidPacketsEndAConnection(t *testing.T) {
	address := startServer(t, newTestServer(t))
	for name, text := range map[string][]byte{
		"an empty packet":              {0, 0, 0, 0},
		"a packet of 256 MiB":          {0x10, 0, 0, 0, 'L'},
		"a host name without an end":   packet('C', "mail.example.net"),
		"no family":                    packet('C', "mail.example.net\x00"),
		"no port":                      packet('C', "mail.example.net\x004"),
		"a sender without an end":      packet('M', "<ann@example.net>"),
		"a recipient without an end":   packet('R', "<bob@example.org>"),
		"an unknown command":           packet('?', ""),
		"a header field without value": packet('L', "Subject\x00"),
		"a second negotiation":         negotiation,
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(time.Minute))
		conn.Write(negotiation)
		conn.Write(text)
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection stays open", name)
		}
		conn.Close()
	}
}

// FuzzPackets sends hostile packets: none stops the server.
func FuzzPackets(f *testing.F) {
	p, _ := newTestServer(f).start(f)
	mail := bytes.Join([][]byte{
		negotiation, packet('D', "C{client_addr}\x00192.0.2.9\x00"), packet('C', "mail.example.net\x004\x00\x19192.0.2.9\x00"),
		packet('H', "mail.example.net\x00"), packet('M', "<ann@example.net>\x00SIZE=1\x00"), packet('R', "<bob@example.org>\x00"),
		packet('L', "From\x00 ann@example.net\x00"), packet('N', ""), packet('B', "hello\r\n"), packet('E', ""), packet('A', ""), packet('K', ""), packet('Q', ""),
	}, nil)
	f.Add(mail)
	f.Add(slices.Concat(negotiation, []byte{0, 0, 0, 0}))
	f.Fuzz(func(t *testing.T, text []byte) {
		conn := must(p.Dial("", ""))
		go io.Copy(io.Discard, conn)
		conn.Write(text) // an error is that the server has closed it
		conn.Close()
	})
}
