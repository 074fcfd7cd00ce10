package envelope

import "strings"

// CutPath cuts the argument of MAIL or RCPT without its keyword, such as
// "<ann@example.net> SIZE=9", into the path, without its angle brackets, and the
// parameters (RFC 5321, section 4.1.2). ok is false if there is no path. The path is not
// checked: the checks on the sender and the recipient do that. Blanks before it are
// accepted, because many clients send one after the colon.
func CutPath(argument string) (path, parameters string, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimLeft(argument, " "), "<")
	end := pathEnd(rest)
	if !ok || end < 0 {
		return "", "", false
	}
	path, parameters = rest[:end], rest[end+1:]
	if parameters != "" && parameters[0] != ' ' {
		return "", "", false
	}
	return path, strings.Trim(parameters, " "), true
}

// pathEnd returns the index of the bracket that ends a path, -1 if there is none. A
// quoted local part and a general literal may have others.
func pathEnd(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '[' && !quoted:
			i += literalLength(s[i:])
		case s[i] == '>' && !quoted:
			return i
		}
	}
	return -1
}

// literalLength returns the length of the content of the brackets at the beginning of s,
// 0 if it is not that of a literal.
func literalLength(s string) int {
	if end := strings.IndexByte(s, ']'); end > 0 && isDcontent(s[1:end]) {
		return end
	}
	return 0
}
