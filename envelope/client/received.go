package client

import (
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// trace is what a Received field says about the host that handed the message over
// (RFC 5321, section 4.4).
type trace struct {
	ip   netip.Addr
	helo string // the HELO name as the server wrote it, "" if it did not
	by   string // the name of the server that wrote the field
	tls  bool   // the protocol says that the connection was encrypted (RFC 3848)
}

// parseReceived reads the value of a Received field. fault says what is wrong with it.
//
// Servers write the address of the client in different places:
//
//	from HELO (PTR [IP]) by ...         most servers
//	from PTR ([IP] helo=HELO) by ...    Exim
//	from [IP] (helo=HELO) by ...        Exim, without a PTR record
//	from PTR (HELO HELO) (IP) by ...    qmail
//	from HELO (IP) by ...               Exchange
//
// The client chooses HELO, and often PTR. So an address after "helo" does not count,
// nor does one that is not in a comment, but for the form of Exim. If two addresses
// count and differ, the field is ambiguous.
//
// A server that writes HELO without looking at it lets the client write clauses and
// comments. So a second by clause, a second semicolon, and a comment that does not end
// are faults.
func parseReceived(value string) (t trace, fault string) {
	words, fault := receivedWords(value)
	switch {
	case fault != "":
		return trace{}, fault
	case len(words) == 0 || !strings.EqualFold(words[0], "from"):
		return trace{}, "has no from clause"
	}
	from, by := clause(words[1:], "by")
	if len(by) == 0 || isComment(by[0]) {
		return trace{}, "has no by clause"
	}
	if _, again := clause(by, "by"); len(again) > 0 {
		return trace{}, "has two by clauses"
	}
	t.by = by[0]
	_, with := clause(by, "with")
	t.tls = len(with) > 0 && isTLS(with[0])

	for i, word := range from {
		switch {
		case isComment(word):
			fault = t.readComment(word[1 : len(word)-1])
		case i == 0:
			t.helo = word
		}
		if fault != "" {
			return trace{}, fault
		}
	}
	if !t.ip.IsValid() && len(from) > 1 && isExim(from[1]) {
		t.see(from[0])
	}
	if !t.ip.IsValid() {
		return trace{}, "has no address of the client"
	}
	return t, ""
}

// readComment reads a comment of the from clause, and the comments inside it.
func (t *trace) readComment(comment string) (fault string) {
	words := strings.FieldsFunc(comment, func(r rune) bool { return strings.ContainsRune(" \t()", r) })
	if len(words) > 1 && (strings.EqualFold(words[0], "HELO") || strings.EqualFold(words[0], "EHLO")) {
		t.helo, words = words[1], words[2:]
	}
	for _, word := range words {
		switch key, name, isPair := strings.Cut(word, "="); {
		case !isPair:
			if !t.see(word) {
				return "has two addresses of the client"
			}
		case strings.EqualFold(key, "helo"):
			t.helo = name
		}
	}
	return ""
}

// see takes the address of the client from a word, if it is one. It returns false if
// another address was seen before.
func (t *trace) see(word string) bool {
	ip, ok := addressIn(word)
	if !ok {
		return true
	}
	if t.ip.IsValid() && t.ip != ip {
		return false
	}
	t.ip = ip
	return true
}

// addressIn reads an address, in brackets or not, with a port or not.
func addressIn(word string) (netip.Addr, bool) {
	if open, rest, ok := strings.Cut(word, "["); ok && open == "" {
		literal, port, closed := strings.Cut(rest, "]")
		if !closed || port != "" && port[0] != ':' && port[0] != ',' && port[0] != ';' {
			return netip.Addr{}, false
		}
		const tag = "IPv6:"
		if len(literal) > len(tag) && strings.EqualFold(literal[:len(tag)], tag) {
			literal = literal[len(tag):]
		}
		word = literal
	}
	ip, err := netip.ParseAddr(word)
	return ip.Unmap().WithZone(""), err == nil
}

// isExim reports whether a comment is one that Exim writes after an address literal.
func isExim(comment string) bool {
	text := strings.ToLower(comment)
	return strings.HasPrefix(text, "(helo=") || strings.HasPrefix(text, "(port=")
}

// isTLS reports whether a protocol is one of those of RFC 3848 and RFC 6531 for an
// encrypted connection: ESMTPS, LMTPSA, UTF8SMTPS and so on.
func isTLS(protocol string) bool {
	p := strings.TrimSuffix(strings.ToUpper(protocol), "A")
	return strings.HasSuffix(p, "MTPS")
}

// clause splits words before and after a keyword. Without it, rest is empty.
func clause(words []string, keyword string) (before, rest []string) {
	for i, word := range words {
		if strings.EqualFold(word, keyword) {
			return words[:i], words[i+1:]
		}
	}
	return words, nil
}

func isComment(word string) bool { return strings.HasPrefix(word, "(") }

// receivedWords splits a field value at white space, up to the date. A comment is one
// word, in its parentheses and with those inside it.
func receivedWords(value string) (words []string, fault string) {
	for {
		value = strings.TrimLeft(value, " \t\r\n")
		switch {
		case value == "":
			return words, ""
		case value[0] == ';':
			if strings.Contains(value[1:], ";") {
				return nil, "has two semicolons"
			}
			return words, ""
		case value[0] == '(':
			end := commentEnd(value)
			if end < 0 {
				return nil, "has a comment that does not end"
			}
			words, value = append(words, value[:end]), value[end:]
		default:
			end := strings.IndexAny(value, " \t\r\n(;")
			if end < 0 {
				end = len(value)
			}
			if strings.Contains(value[:end], ")") {
				return nil, "has a comment that does not begin"
			}
			words, value = append(words, value[:end]), value[end:]
		}
	}
}

// commentEnd returns the index after the comment at the start of s, -1 if it does not
// end.
func commentEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// host returns the name that wrote a field, "" if it is not a host name.
func (t trace) host() envelope.Host {
	host, err := envelope.ParseHost(t.by)
	if err != nil {
		return ""
	}
	return host
}
