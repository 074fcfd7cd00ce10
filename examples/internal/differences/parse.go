package differences

import (
	"fmt"
	"strconv"
	"strings"
)

// conversation is a scenario as exchanges.
type conversation struct {
	name      string // with that of the file
	exchanges []*Exchange
	rest      []string // lines after the last reply
}

// about are the words of lines about a reply (see package scenario).
var about = map[string]bool{"rule": true, "marks": true, "undecided": true, "finding": true, "asked": true, "store": true}

// split returns the lines before the first scenario of a file, and the scenarios, each
// with its first line. Cases, which have no conversation, are left out.
func split(text string) (head string, scenarios []string) {
	inCase := false
	for _, line := range units(text) {
		word, _, _ := strings.Cut(line, " ")
		switch {
		case word == "case":
			inCase = true
		case word == "scenario":
			inCase = false
			scenarios = append(scenarios, line)
		case inCase:
		case scenarios == nil:
			head += line
		default:
			scenarios[len(scenarios)-1] += line
		}
	}
	return head, scenarios
}

// units returns the lines of a text, each with the indented and blank lines below it.
func units(text string) (units []string) {
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "#"):
		case len(units) > 0 && (line[0] == ' ' || line[0] == '\t' || line[0] == '\n'):
			units[len(units)-1] += line
		default:
			units = append(units, line)
		}
	}
	return units
}

// parse parses a scenario of a file.
func parse(file, text string) (*conversation, error) {
	c := &conversation{}
	var client *Client
	clients := map[string]*Client{}
	var before []string
	var last *Exchange // if its reply was the last line
	for i, line := range units(text) {
		line = strings.TrimRight(line, "\n")
		word, rest, _ := strings.Cut(line, " ")
		sent := ""
		switch word {
		case "scenario":
			c.name = file + "/" + rest
		case "connect":
			client, sent = &Client{Line: line}, "connect"
			clients[nameOf(line)] = client
		case "client":
			client = clients[rest]
		case "C:":
			sent = rest
		case "data":
			sent = "."
		case "octets":
			octets, err := strconv.Unquote(rest)
			if err != nil {
				return nil, fmt.Errorf("%s: octets: %w", c.name, err)
			}
			if sent = strings.TrimRight(octets, "\r\n"); client != nil && client.inMessage {
				sent = "."
			}
		}
		if sent != "" && client != nil {
			client.owed = append(client.owed, &Exchange{Scenario: c.name, Client: client, Command: sent})
		}
		switch {
		case word == "S:" && (client == nil || len(client.owed) == 0):
			return nil, fmt.Errorf("%s: line %d: a reply without a command", c.name, i+1)
		case word == "S:":
			last, client.owed = client.owed[0], client.owed[1:]
			last.Reply, last.before, before = rest, before, nil
			client.replied(last)
			c.exchanges = append(c.exchanges, last)
			continue
		case about[word] && last != nil:
			last.About = append(last.About, line)
			continue
		}
		before, last = append(before, line), nil
	}
	c.rest = before
	return c, nil
}

// nameOf returns the name that a line "connect" gives to the connection.
func nameOf(line string) string {
	_, name, _ := strings.Cut(line, " as ")
	name, _, _ = strings.Cut(name, " ")
	return name
}

// text returns the scenario as text.
func (c *conversation) text() string {
	var lines []string
	for _, x := range c.exchanges {
		lines = append(lines, x.lines()...)
	}
	return strings.Join(append(lines, c.rest...), "\n") + "\n\n"
}
