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
	// quitTimeout and quitCommands bound how long a client that was refused at
	// the greeting may take to say QUIT.
	quitTimeout  = 10 * time.Second
	quitCommands = 20
	// lastWords bounds the writing of a reply behind which the connection is
	// closed.
	lastWords = 5 * time.Second
	// lingerTime is how long what the client still sends is read away before
	// the connection is closed.
	lingerTime = 2 * time.Second
)

// turnAway refuses a client in place of the greeting. After a 554 the server
// must wait for QUIT, and answers 503 to anything else (RFC 5321, section
// 3.1); a 421 says itself that the connection is closed.
func (c *greetingConn) turnAway(reply verdict.Reply) {
	if reply.Status.Code != 421 {
		c.Conn.SetWriteDeadline(time.Now().Add(lastWords))
		if _, err := io.WriteString(c.Conn, reply.String()); err == nil {
			reply = c.awaitQuit()
		}
	}
	hangUp(c, reply)
}

// awaitQuit answers what the client says until it says QUIT, and returns the
// reply to its last command.
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

// hangUp sends a last reply, as far as the client takes it, and closes the
// connection. If there is something unread when a connection is closed, TCP
// resets it, and the other end may never see the reply (RFC 1122, section
// 4.2.2.13). So only the sending half is closed at first, and for a moment all
// that comes is read away.
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
