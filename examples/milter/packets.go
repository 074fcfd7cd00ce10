package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// maxPacket bounds a packet, in octets. MTAs send a body in packets of 64 KiB.
const maxPacket = 1 << 20

var errPacket = errors.New("invalid packet")

// packetListener accepts connections that deliver only valid packets: package milter
// panics on some others, and reads packets of 512 MiB.
type packetListener struct{ net.Listener }

// Accept implements [net.Listener].
func (l packetListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &packetConn{Conn: conn}, nil
}

// packetConn is a connection that an invalid packet ends.
type packetConn struct {
	net.Conn
	packet []byte // what of it has not been read
}

// Read implements [io.Reader].
func (c *packetConn) Read(p []byte) (int, error) {
	if len(c.packet) == 0 {
		packet, err := readPacket(c.Conn)
		if err != nil {
			return 0, err
		}
		c.packet = packet
	}
	n := copy(p, c.packet)
	c.packet = c.packet[n:]
	return n, nil
}

// readPacket reads a packet: its length, a command, and data.
func readPacket(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n == 0 || n > maxPacket {
		return nil, errPacket
	}
	packet := make([]byte, len(length)+int(n))
	copy(packet, length[:])
	if _, err := io.ReadFull(r, packet[len(length):]); err != nil {
		return nil, err
	}
	if !isValid(packet[4], packet[5:]) {
		return nil, errPacket
	}
	return packet, nil
}

// isValid reports whether the data of a command has the ends of strings that package
// milter relies on.
func isValid(command byte, data []byte) bool {
	end := bytes.IndexByte(data, 0)
	switch command {
	case 'C': // the host name and the family
		return end >= 0 && end+1 < len(data)
	case 'M', 'R':
		return end >= 0
	}
	return true
}
