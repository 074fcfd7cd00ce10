package gosmtp

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

const (
	// quitTimeout and quitCommands bound what a client may send until QUIT after
	// it was refused at the banner.
	quitTimeout  = 10 * time.Second
	quitCommands = 20
	// lastWords bounds the writing of the last reply.
	lastWords = 5 * time.Second
	// lingerTime is how long input is discarded before the connection is closed.
	lingerTime = 2 * time.Second
)

// turnAway refuses a client in place of the banner. After a 554 the server must
// wait for QUIT, and answers 503 to anything else (RFC 5321, section 3.1). After a
// 421 it closes the connection.
func (c *greetingConn) turnAway(reply verdict.Reply) {
	if reply.Status.Code != 421 {
		c.Conn.SetWriteDeadline(time.Now().Add(lastWords))
		if _, err := io.WriteString(c.Conn, reply.String()); err == nil {
			reply = c.awaitQuit()
		}
	}
	hangUp(c, reply)
}

// awaitQuit answers commands until QUIT, and returns the reply to the last.
func (c *greetingConn) awaitQuit() verdict.Reply {
	c.Conn.SetDeadline(time.Now().Add(quitTimeout))
	sayQuit := outOfOrder("the connection was refused, say QUIT").String()
	commands := bufio.NewReaderSize(c, 512) // RFC 5321, section 4.5.3.1.4
	for range quitCommands {
		line, err := commands.ReadSlice('\n')
		if err != nil {
			return ownReply(envelope.Status{Code: 421, Subject: 4, Detail: 2}, "the connection was refused")
		}
		if strings.EqualFold(strings.TrimSpace(string(line)), "QUIT") {
			return ownReply(envelope.Status{Code: 221}, "closing the connection")
		}
		if _, err := io.WriteString(c.Conn, sayQuit); err != nil {
			break
		}
	}
	return tooManyRefusals()
}

// hangUp sends a last reply and closes the connection. If input is unread when a
// connection is closed, TCP resets it, and the client may not get the reply (RFC
// 1122, section 4.2.2.13). So the sending half is closed first, and input is
// discarded for a moment.
func hangUp(conn net.Conn, reply verdict.Reply) {
	defer conn.Close()
	conn.SetWriteDeadline(time.Now().Add(lastWords))
	if _, err := io.WriteString(conn, reply.String()); err != nil {
		return
	}
	if secured, ok := conn.(*tls.Conn); ok {
		secured.CloseWrite()
	}
	inner := accepted(conn)
	half, ok := inner.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	inner.SetReadDeadline(time.Now().Add(lingerTime))
	io.Copy(io.Discard, inner)
}
