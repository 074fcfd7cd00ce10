package specimen

import (
	"slices"
	"strings"

	"mxrules.example/envelope"
)

const date = "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n"

// sound are forms of messages without a fault: a usual one, and those of bulk mail.
var sound = []string{
	date,
	date + "List-Id: <list.example.net>\r\nPrecedence: list\r\n",
	date + "List-Unsubscribe: <https://example.net/leave>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
}

// faulty are forms of messages with one fault each.
var faulty = []string{
	"",
	date + "Subject: one\r\nSubject: two\r\n",
	date + "Subject: \xe4\r\n",
	date + "Subject: " + strings.Repeat("x", 1000) + "\r\n",
	date + "Subject: bare\n",
	date + strings.Repeat("Received: by mail.example.net\r\n", 51),
}

// oddAuthors are From fields that name no one author.
var oddAuthors = []string{"", "From: ann@example.net\r\nFrom: bob@example.net\r\n", "From: ann@example.net, bob@fail.example\r\n"}

// letter is a message that is made when it is first tried: signatures take time.
type letter struct {
	text   string
	sign   func(text, domain string) string // nil for none
	domain string
	made   *envelope.Message
	unfit  bool // the witness never is about it
}

// message returns the message, nil for mail without one.
func (l *letter) message() *envelope.Message {
	if l.made == nil && l.text != "" {
		text := l.text
		if l.sign != nil {
			text = l.sign(text, l.domain)
		}
		l.made = envelope.NewMessage([]byte(text))
	}
	return l.made
}

// letters returns the messages for a site.
func (s Site) letters(signer signer) (list []*letter) {
	var authors []string
	for _, address := range authorsOf(slices.Concat(senders, s.Senders)) {
		authors = append(authors, "From: "+address+"\r\n")
	}
	authors = append(authors, oddAuthors...)
	texts := slices.Clone(s.Messages)
	for i, form := range slices.Concat(sound, faulty) {
		for _, author := range authors {
			text := author + form + "\r\nHello.\r\n"
			list = append(list, &letter{text: text})
			if i < len(sound) {
				texts = append(texts, text)
			}
		}
	}
	for _, text := range s.Messages {
		list = append(list, &letter{text: text})
	}
	for _, sign := range []func(text, domain string) string{signer.usual, signer.brief, signer.unknown, signer.altered} {
		for _, text := range texts {
			for _, domain := range s.signers() {
				list = append(list, &letter{text: text, sign: sign, domain: domain})
			}
		}
	}
	return append(list, &letter{})
}

// authorsOf returns the addresses of a list that a From field can have.
func authorsOf(list []string) (authors []string) {
	for _, address := range list {
		if m, err := envelope.ParseMailbox(address, false); err == nil && m.Domain != "" {
			authors = append(authors, address)
		}
	}
	return authors
}

// signers returns the domains that sign: that of a usual sender, one whose SPF record
// allows nothing, and those of the site.
func (s Site) signers() []string {
	return append([]string{"example.net", "fail.example"}, s.Signers...)
}
