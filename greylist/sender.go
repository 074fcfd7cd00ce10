package greylist

import (
	"strings"

	"mxrules.example/envelope"
)

// foldSender returns a sender in the form in which it is compared: what changes
// from message to message of one sender is taken out. It is never written to,
// so that it may lose what it likes; if two senders of one identity fold into
// one, the second is let in sooner. A sender that is no mailbox is folded to
// lower case and no further.
func foldSender(sender string) string {
	mailbox, err := envelope.ParseMailbox(sender, true)
	if err != nil {
		return strings.ToLower(sender)
	}
	local := strings.ToLower(mailbox.Local)
	local = withoutSignature(local)
	local = withoutDetail(local)
	mailbox.Local = withoutNumbers(local)
	return mailbox.String()
}

// withoutSignature takes out the part of a signed sender that changes from day
// to day: the tag of BATV (prvs=TAG=user, draft-levine-smtp-batv), that of
// Barracuda's form of it (btv1==TAG==user), and the hash and the time of SRS
// (SRS0=HASH=TIME=domain=user, and SRS1 with the last forwarder before that).
// The separator behind SRS0 and SRS1 may be =, + or -.
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

// withoutDetail takes out the detail of a sub-address (RFC 5233): user+detail
// is user.
func withoutDetail(local string) string {
	if user, _, ok := strings.Cut(local, "+"); ok && user != "" {
		return user
	}
	return local
}

// withoutNumbers writes # for what looks like the number of a message or of a
// subscriber, as senders with variable return paths (VERP) have it: every run
// of digits, and a whole word if digits and letters alternate in it or if it is
// hexadecimal. Several of them in a row are one.
func withoutNumbers(local string) string {
	var b strings.Builder
	b.Grow(len(local))
	numbered := false // what stands last in b is a # and maybe a separator
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

// wordLength returns how many letters and digits stand at the beginning of s.
// What is not ASCII counts as letters.
func wordLength(s string) int {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && !('a' <= c && c <= 'z') && c < 0x80 {
			return i
		}
	}
	return len(s)
}

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
	const shortest = 4 // of a word that is a number in hexadecimal: "3d" is one in no one's eyes
	switch {
	case digits == 0:
		return word
	case changes > 1, hexadecimal && len(word) >= shortest:
		return "#"
	}
	// The digits are all at one end, as in "john2" and "2026news".
	if isDigit(word[0]) {
		return "#" + word[digits:]
	}
	return word[:len(word)-digits] + "#"
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
