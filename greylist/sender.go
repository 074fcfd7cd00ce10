package greylist

import (
	"strings"

	"mxrules.example/envelope"
)

// foldSender normalizes a sender address: it removes the parts that change from
// message to message. The result is only compared, so it need not be a valid
// address. If two senders of one identity have the same result, the second one
// is not delayed. An invalid address only becomes lower case.
func foldSender(sender string) string {
	mailbox, err := envelope.ParseMailbox(sender, true)
	if err != nil {
		return strings.ToLower(sender)
	}
	mailbox.Local = withoutNumbers(withoutDetail(withoutSignature(strings.ToLower(mailbox.Local))))
	return written(mailbox, sender)
}

// withoutSignature removes the changing part of signed senders:
//
//   - BATV (draft-levine-smtp-batv): the tag of prvs=TAG=user
//   - Barracuda's variant of BATV: the tag of btv1==TAG==user
//   - SRS: hash and time of SRS0=HASH=TIME=domain=user, and of SRS1, which puts
//     the first forwarder before them. The separator after SRS0 and SRS1 is =, +
//     or -.
func withoutSignature(local string) string {
	if rest, ok := strings.CutPrefix(local, "prvs="); ok {
		if tag, user, ok := strings.Cut(rest, "="); ok && tag != "" && user != "" {
			return withoutSignature(user)
		}
	}
	if rest, ok := strings.CutPrefix(local, "btv1=="); ok {
		if tag, user, ok := strings.Cut(rest, "=="); ok && tag != "" && user != "" {
			return withoutSignature(user)
		}
	}
	if len(local) > len("srs0=") && strings.IndexByte("=+-", local[4]) >= 0 {
		switch rest := local[5:]; local[:4] {
		case "srs0":
			if parts := strings.SplitN(rest, "=", 3); len(parts) == 3 {
				return "srs0=" + parts[2]
			}
		case "srs1": // HASH=forwarder=[=+-]HASH=TIME=domain=user
			parts := strings.SplitN(rest, "=", 3)
			if len(parts) < 3 || parts[2] == "" {
				break
			}
			if inner := strings.SplitN(parts[2][1:], "=", 3); len(inner) == 3 {
				return "srs1=" + parts[1] + "=" + inner[2]
			}
		}
	}
	return local
}

// withoutDetail removes the detail of a subaddress (RFC 5233): user+detail
// becomes user.
func withoutDetail(local string) string {
	if user, _, ok := strings.Cut(local, "+"); ok && user != "" {
		return user
	}
	return local
}

// withoutNumbers replaces what looks like the number of a message or subscriber,
// as in variable envelope return paths (VERP), by "#": every run of digits, and
// every word in which digits and letters alternate or that is hexadecimal.
// Consecutive numbers become one "#".
func withoutNumbers(local string) string {
	if !strings.ContainsAny(local, "0123456789") {
		return local
	}
	var b strings.Builder
	b.Grow(len(local))
	numbered := false // b ends with #, perhaps followed by a separator
	for len(local) > 0 {
		length := wordLength(local)
		if length == 0 {
			separator := local[:1]
			local = local[1:]
			if numbered && wordLength(local) > 0 && foldWord(local[:wordLength(local)]) == "#" {
				local = local[wordLength(local):]
				continue
			}
			numbered = false
			b.WriteString(separator)
			continue
		}
		word := foldWord(local[:length])
		numbered = word == "#"
		b.WriteString(word)
		local = local[length:]
	}
	return b.String()
}

// wordLength returns the number of letters and digits at the start of s.
// Non-ASCII bytes count as letters.
func wordLength(s string) int {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && !('a' <= c && c <= 'z') && c < 0x80 {
			return i
		}
	}
	return len(s)
}

// foldWord replaces the number in a word by "#", the whole word if it is one.
func foldWord(word string) string {
	digits, changes, hexadecimal := 0, 0, true
	for i := range len(word) {
		digit := isDigit(word[i])
		if digit {
			digits++
		} else if word[i] < 'a' || word[i] > 'f' {
			hexadecimal = false
		}
		if i > 0 && digit != isDigit(word[i-1]) {
			changes++
		}
	}
	const shortest = 4 // hexadecimal number: "3d" is not one
	switch {
	case digits == 0:
		return word
	case changes > 1, hexadecimal && len(word) >= shortest:
		return "#"
	}
	// All digits are at one end, as in "john2" and "2026news".
	if isDigit(word[0]) {
		return "#" + word[digits:]
	}
	return word[:len(word)-digits] + "#"
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
