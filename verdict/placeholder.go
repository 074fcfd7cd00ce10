package verdict

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"mxrules.example/envelope"
)

// placeholders are the words that are allowed in braces in the lines of a reply.
var placeholders = [...]string{"ip", "helo", "from", "to", "rule", "code", "status"}

// checkPlaceholders returns an error if line has a brace that is not part of a
// placeholder.
func checkPlaceholders(line string) error {
	for rest := line; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return nil
		}
		word, after, closed := strings.Cut(after, "}")
		if !closed || !isPlaceholder(word) {
			return fmt.Errorf("%q has an unknown placeholder; the placeholders are {%s}", line, strings.Join(placeholders[:], "}, {"))
		}
		rest = after
	}
}

func isPlaceholder(word string) bool {
	for _, p := range placeholders {
		if p == word {
			return true
		}
	}
	return false
}

// fill replaces the placeholders of a checked line. In a word that is a link each
// value is escaped, so that a value of a peer cannot change the rest of the link.
func fill(line string, e *envelope.Envelope, rule string, status envelope.Status) string {
	if !strings.Contains(line, "{") {
		return line
	}
	words := strings.Split(line, " ")
	for i, word := range words {
		if strings.Contains(word, "{") {
			words[i] = fillWord(word, e, rule, status)
		}
	}
	return strings.Join(words, " ")
}

func fillWord(word string, e *envelope.Envelope, rule string, status envelope.Status) string {
	isLink := strings.Contains(word, "://")
	var pairs []string
	for _, p := range placeholders {
		value := placeholderValue(p, e, rule, status)
		if isLink {
			// QueryEscape writes a blank as "+", which is a blank only in a query.
			value = strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
		}
		pairs = append(pairs, "{"+p+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(word)
}

func placeholderValue(word string, e *envelope.Envelope, rule string, status envelope.Status) string {
	switch word {
	case "ip":
		if client := e.Client(); client.IsValid() {
			return client.String()
		}
		return "unknown"
	case "helo":
		return envelope.Excerpt(e.Helo)
	case "from":
		return envelope.Excerpt(e.MailFrom)
	case "to":
		return envelope.Excerpt(e.RcptTo)
	case "rule":
		return rule
	case "code":
		return strconv.Itoa(int(status.Code))
	}
	return status.Enhanced()
}
