package replay

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"

	"mxrules.example/envelope/zone"
)

// hash replaces mailboxes and logins. It drops the answers of DNS: no check needs them,
// because all findings are recorded, and SPF makes questions of local parts (RFC 7208,
// section 7).
func (r *Record) hash(secret []byte) {
	h := hasher{secret: secret, words: map[string]string{}}
	r.MailFrom, r.Login = h.mailbox(r.MailFrom), h.login(r.Login)
	r.RcptTo = slices.Clone(r.RcptTo)
	for i := range r.RcptTo {
		r.RcptTo[i] = h.mailbox(r.RcptTo[i])
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.To = h.mailbox(f.To)
		for _, text := range [...]*string{&f.Text, &f.Advice, &f.Retry, &f.Cause} {
			*text = h.text(*text)
		}
	}
	r.Recording = zone.Recording{}
}

// hasher replaces the words that name a person.
type hasher struct {
	secret []byte
	words  map[string]string // to their hashes, in lower case
}

// word returns the hash of a word. Letter case does not matter.
func (h *hasher) word(word string) string {
	word = strings.ToLower(word)
	if h.words[word] == "" {
		mac := hmac.New(sha256.New, h.secret)
		mac.Write([]byte(word))
		h.words[word] = "h" + hex.EncodeToString(mac.Sum(nil)[:8])
	}
	return h.words[word]
}

// mailbox returns a path with the hash of its local part, and of its route if it has one.
// The null sender remains.
func (h *hasher) mailbox(path string) string {
	at := strings.LastIndexByte(path, '@')
	switch {
	case path == "":
		return ""
	case at < 0:
		return h.word(path)
	}
	return h.word(path[:at]) + path[at:]
}

func (h *hasher) login(login string) string {
	if login == "" {
		return ""
	}
	return h.word(login)
}

// text returns a text with the words replaced.
func (h *hasher) text(text string) string {
	for _, word := range h.longestFirst() {
		if contains(text, word) {
			text = whole(word).ReplaceAllString(text, "${1}"+h.words[word]+"${2}")
		}
	}
	return text
}

// longestFirst returns the words, each before those that it may contain.
func (h *hasher) longestFirst() []string {
	return slices.SortedFunc(maps.Keys(h.words), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
}

func contains(text, word string) bool { return strings.Contains(strings.ToLower(text), word) }

// whole matches a word that is not a part of another one.
func whole(word string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(word) + `($|[^\pL\pN])`)
}
