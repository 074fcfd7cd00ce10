package main

import (
	"bufio"
	"errors"
	"strconv"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// The errors of commands. Each text is the reply.
var (
	errTooLong   = errors.New("500 5.5.2 the line is too long")
	errOctets    = errors.New("500 5.5.2 the line has a control character or does not end with CRLF")
	errPath      = errors.New("501 5.5.4 the path is missing or invalid")
	errValue     = errors.New("501 5.5.4 a parameter is repeated or has an invalid value")
	errParameter = errors.New("555 5.5.4 unsupported parameter")
)

// What the server refuses by itself, beside the policy.
var (
	errTooMany     = verdict.Refuse(envelope.Status{Code: 452, Subject: 5, Detail: 3}, "too many recipients") // RFC 5321, section 4.5.3.1.10
	errTooLarge    = verdict.Refuse(envelope.Status{Code: 552, Subject: 3, Detail: 4}, "the message is too large")
	errNotReceived = verdict.Refuse(envelope.Status{Code: 421, Subject: 3}, "the message was not received, closing the connection")
)

// maxLine is the greatest length of a command line with its CRLF: 512 octets (RFC 5321,
// section 4.5.3.1.4), and what SIZE (RFC 1870), BODY (RFC 6152) and SMTPUTF8 (RFC 6531)
// add to MAIL.
const maxLine = 512 + 26 + 17 + 10

// readLine reads a command line, without its CRLF. After errTooLong and errOctets it has
// read the whole line, so that the next one can be read.
func readLine(in *bufio.Reader) (string, error) {
	text, err := in.ReadSlice('\n')
	tooLong := len(text) > maxLine
	for errors.Is(err, bufio.ErrBufferFull) {
		text, err = in.ReadSlice('\n')
		tooLong = true
	}
	switch {
	case err != nil:
		return "", err
	case tooLong:
		return "", errTooLong
	}
	line, found := strings.CutSuffix(string(text), "\r\n")
	if !found || strings.ContainsFunc(line, isControl) {
		return "", errOctets
	}
	return line, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// parameter is one of MAIL or RCPT, with its name in upper case.
type parameter struct{ name, value string }

// parsePath parses the argument of MAIL or RCPT, such as "FROM:<ann@example.net> SIZE=9"
// for the keyword FROM (RFC 5321, sections 4.1.1.2 and 4.1.1.3).
func parsePath(keyword, argument string) (path string, parameters []parameter, err error) {
	name, rest, _ := strings.Cut(argument, ":")
	path, rest, ok := envelope.CutPath(rest)
	if !strings.EqualFold(name, keyword) || !ok {
		return "", nil, errPath
	}
	for text := range strings.FieldsSeq(rest) {
		name, value, _ := strings.Cut(text, "=")
		if name == "" {
			return "", nil, errParameter
		}
		parameters = append(parameters, parameter{strings.ToUpper(name), value})
	}
	return path, parameters, nil
}

// mailParameters checks the parameters of MAIL, for messages of at most limit octets, and
// reports whether SMTPUTF8 is one of them.
func mailParameters(parameters []parameter, limit int64) (smtputf8 bool, err error) {
	seen := make(map[string]bool)
	for _, p := range parameters {
		repeated, valid := seen[p.name], false
		seen[p.name] = true
		switch p.name {
		case "SIZE":
			size, err := strconv.ParseUint(p.value, 10, 63)
			if err == nil && int64(size) > limit {
				return false, errTooLarge
			}
			valid = err == nil
		case "BODY":
			valid = strings.EqualFold(p.value, "7BIT") || strings.EqualFold(p.value, "8BITMIME")
		case "SMTPUTF8":
			valid = p.value == ""
		default:
			return false, errParameter
		}
		if repeated || !valid {
			return false, errValue
		}
	}
	return seen["SMTPUTF8"], nil
}
