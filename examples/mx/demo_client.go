package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"
)

// speak plays the client of a conversation, and prints both sides. The conversation
// ends with the first refusal or with the message. speak returns the last command and
// the codes of its reply.
func (c conversation) speak(ctx context.Context, server string, out io.Writer) (ended string, err error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", server)
	if err != nil {
		return "", err
	}
	return c.over(conn, out)
}

// over plays a conversation over a connection, and closes it.
func (c conversation) over(conn net.Conn, out io.Writer) (ended string, err error) {
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return "", err
	}
	d := dialogue{conn: textproto.NewConn(conn), out: out}
	if c.early {
		d.say(c.lines[0])
	}
	ended = "greeting " + d.hear()
	for i, line := range c.lines {
		if d.refused {
			break
		}
		if i > 0 || !c.early {
			d.say(line)
		}
		command, _, _ := strings.Cut(line, " ")
		ended = command + " " + d.hear()
	}
	if !d.refused {
		d.say("DATA")
		ended = "DATA " + d.hear()
	}
	if !d.refused {
		message, err := c.message()
		if err != nil {
			return "", err
		}
		d.say(stuffed(message)...)
		ended = "message " + d.hear()
	}
	if !d.closed {
		d.say("QUIT")
		d.hear()
	}
	return ended, d.err
}

// message returns the message of the conversation as it arrives.
func (c conversation) message() (string, error) {
	message := c.fields + "From: " + cmp.Or(c.author, "Bob <bob@good.example>") + "\r\n" +
		"To: Alice <alice@example.org>\r\n" +
		"Date: Thu, 1 Jan 2026 12:00:00 +0000\r\n" +
		"Subject: " + c.title + "\r\n" +
		"\r\n" +
		"Hello Alice,\r\n" +
		".this line begins with a dot, which is sent twice.\r\n"
	for _, step := range c.route {
		var err error
		if message, err = step(message); err != nil {
			return "", err
		}
	}
	return message, nil
}

// stuffed returns the lines of a message as they are sent (RFC 5321, section 4.5.2).
func stuffed(message string) (lines []string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(message, "\r\n"), "\r\n") {
		if strings.HasPrefix(line, ".") {
			line = "." + line
		}
		lines = append(lines, line)
	}
	return append(lines, ".")
}

// dialogue is the client side of a connection. It prints both sides, and does nothing
// after an error.
type dialogue struct {
	conn    *textproto.Conn
	out     io.Writer
	refused bool // the last reply was a refusal
	closed  bool // by the server
	err     error
}

func (d *dialogue) say(lines ...string) {
	for _, line := range lines {
		if d.err != nil {
			return
		}
		fmt.Fprintf(d.out, "   C: %s\n", line)
		d.err = d.conn.PrintfLine("%s", line)
	}
}

// hear reads a reply (RFC 5321, section 4.2.1), and returns its code, with the enhanced
// code if it has one.
func (d *dialogue) hear() (codes string) {
	for d.err == nil {
		var line string
		if line, d.err = d.conn.ReadLine(); d.err != nil {
			break
		}
		fmt.Fprintf(d.out, "   S: %s\n", line)
		if len(line) < 4 {
			d.err = fmt.Errorf("invalid reply %q", line)
			break
		}
		if line[3] == ' ' {
			d.refused = line[0] == '4' || line[0] == '5'
			code, text, _ := strings.Cut(line, " ")
			if enhanced, _, _ := strings.Cut(text, " "); strings.HasPrefix(enhanced, line[:1]+".") {
				code += " " + enhanced
			}
			return code
		}
	}
	d.refused, d.closed = true, true
	return ""
}
