package differences

import "strings"

// Exchange is a command of a client and the reply that a scenario expects.
type Exchange struct {
	// Scenario is the file and the name of the scenario, as in "law/a rule on trial".
	Scenario string
	// Client is the client that sends the command.
	Client *Client
	// Command is what the client sends, "connect" for a connection and "." for a message.
	Command string
	// Reply is the reply of the server, or a form of it (see package scenario).
	Reply string
	// About are the lines about the reply, such as "rule helo.fqdn".
	About []string
	// Greeting is the last HELO or EHLO of the client, nil if there was none.
	Greeting *Exchange
	// Previous is the exchange of the client before, nil for the first.
	Previous *Exchange
	// InTransaction says that MAIL has succeeded before.
	InTransaction bool

	before, after []string // other lines of the scenario, with the command itself
}

// Client is a client of a scenario with its connection.
type Client struct {
	// Line is the line that connects it.
	Line string
	// Refused is free for use by differences: that the server has refused the client.
	Refused bool

	owed          []*Exchange // commands without a reply yet
	inMessage     bool        // the server asked for a message
	greeting      *Exchange
	last          *Exchange
	inTransaction bool
}

// replied learns what a reply changes.
func (c *Client) replied(x *Exchange) {
	x.Previous, c.last = c.last, x
	x.Greeting, x.InTransaction = c.greeting, c.inTransaction
	c.inMessage = strings.HasPrefix(x.Reply, "354")
	switch x.Verb() {
	case "MAIL":
		c.inTransaction = !x.IsRefusal()
	case "HELO", "EHLO":
		c.greeting, c.inTransaction = x, false
	case "RSET", ".":
		c.inTransaction = false
	}
}

// Verb returns the verb of the command in upper case.
func (x *Exchange) Verb() string {
	verb, _, _ := strings.Cut(x.Command, " ")
	return strings.ToUpper(verb)
}

// Path returns the path of MAIL or RCPT without its angle brackets.
func (x *Exchange) Path() string {
	_, path, _ := strings.Cut(x.Command, "<")
	return path[:max(strings.LastIndex(path, ">"), 0)]
}

// IsRefusal reports whether the reply has a code from 400.
func (x *Exchange) IsRefusal() bool {
	return strings.HasPrefix(x.Reply, "4") || strings.HasPrefix(x.Reply, "5")
}

// Precede adds lines before the command.
func (x *Exchange) Precede(lines ...string) { x.before = append(lines, x.before...) }

// Follow adds lines after the reply and the lines about it.
func (x *Exchange) Follow(lines ...string) { x.after = append(x.after, lines...) }

// Drop removes the command and its reply: the client does not come so far.
func (x *Exchange) Drop() { x.before, x.Reply, x.About, x.after = nil, "", nil, nil }

// lines returns the exchange as lines of a scenario.
func (x *Exchange) lines() []string {
	lines := append([]string{}, x.before...)
	if x.Reply != "" {
		lines = append(lines, "S: "+x.Reply)
	}
	return append(append(lines, x.About...), x.after...)
}
