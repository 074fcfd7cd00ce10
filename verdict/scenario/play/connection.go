package play

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// How long a reply may take: in the time of a scenario in memory, and in real time.
const (
	patience     = 10 * time.Minute
	realPatience = 30 * time.Second
)

// maxUnread is how many lines of replies may be unread while the client sends.
const maxUnread = 10_000

// errGone is the error of a reply that does not come.
var errGone = errors.New("the server closed the connection")

// connection is the client's end of a connection.
type connection struct {
	net.Conn
	name  string
	lines chan string

	inMessage bool // the server asked for a message
	left      bool // the client closed it

	owed     []command // commands without a reply yet
	answered command   // that of the last reply
	until    *entry    // the last line that was about a reply
	fresh    bool      // something was sent after the last reply was read
	mu       sync.Mutex
	events   []verdict.Event // of replies that were not read yet
}

// command is what a client sends that gets a reply.
type command struct {
	verb string
	text string // for people
	at   *entry
}

// report takes an event of the server.
func (c *connection) report(_ context.Context, event verdict.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, event)
}

// reported returns the event of the reply that was just read. It is zero for a reply that
// the policy had no part in. A message has a reply for each recipient in LMTP.
func (c *connection) reported() verdict.Event {
	if len(c.owed) > 0 {
		c.answered, c.owed = c.owed[0], c.owed[1:]
	}
	stage := stageOf(c.answered.verb)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.events) == 0 || c.events[0].Stage != stage {
		return verdict.Event{}
	}
	event := c.events[0]
	c.events = c.events[1:]
	return event
}

// stageOf returns the stage of the events about a command, Start if there are none.
func stageOf(verb string) envelope.Stage {
	switch strings.ToUpper(verb) {
	case "CONNECT":
		return envelope.Connect
	case "HELO", "EHLO", "LHLO":
		return envelope.Helo
	case "MAIL":
		return envelope.Mail
	case "RCPT":
		return envelope.Rcpt
	case "DATA":
		return envelope.Data
	}
	return envelope.Start
}

// read passes the lines of the server on, until the connection or ctx ends.
func (c *connection) read(ctx context.Context) {
	defer close(c.lines)
	in := bufio.NewReader(c.Conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		select {
		case c.lines <- strings.TrimRight(line, "\r\n"):
		case <-ctx.Done():
			return
		}
	}
}

// reply returns the lines of the next reply.
func (c *connection) reply(patience time.Duration) ([]string, error) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	var lines []string
	for {
		select {
		case line, ok := <-c.lines:
			if !ok {
				return lines, errGone
			}
			lines = append(lines, line)
			if len(line) < 4 || line[3] != '-' {
				return lines, nil
			}
		case <-timeout.C:
			return lines, fmt.Errorf("no reply within %s", patience)
		}
	}
}

// send writes a command, or the octets of a message. That the server has closed the
// connection is seen where a reply is missing.
func (c *connection) send(sent command, octets string) {
	if c.fresh = true; sent.verb != "" {
		c.owed = append(c.owed, sent)
	}
	c.Write([]byte(octets))
}
