package author

import (
	"strings"

	"mxrules.example/envelope"
)

// finder finds the parts of any text that have the form of an address.
type finder struct {
	scanner
	found Authors

	local string // the words right before the position, connected by dots
	open  bool   // local ends with a dot, which connects it to the next word
	route bool   // an @ begins a source route, or a host in it
}

// maxConnected is the maximum length of words that dots connect, in octets. No domain
// is longer.
const maxConnected = 1000

// find returns the addresses in a text without comments.
func find(text string) Authors {
	f := finder{scanner: scanner{rest: text}}
	f.run()
	return f.found
}

func (f *finder) run() {
	for f.rest != "" {
		switch c := f.rest[0]; {
		case c == ' ' || c == '\t':
			f.take(1)
		case c == '@':
			f.take(1)
			f.address()
		case c == '"':
			s := f.scanner
			if word := s.quotedString(); s.fault == "" {
				f.scanner = s
				f.connect(word.text, true)
				continue
			}
			f.take(1)
		case isWordByte(c):
			f.connect(f.word(), false)
		default:
			f.take(1)
			f.local, f.open, f.route = "", false, c == '<' || c == ',' && f.route
		}
	}
}

// address parses a domain after an @. At blanks beside a dot the domain ends for some
// programs and continues for others, so it finds both domains.
func (f *finder) address() {
	local := f.local
	f.skipBlanks()
	domain := f.word()
	f.add(local, domain)
	f.local, f.open = "", false
	f.connect(domain, false)
	for f.skipBlanks(); f.rest != "" && isWordByte(f.rest[0]) && (f.open || f.rest[0] == '.') && len(f.local) <= maxConnected; f.skipBlanks() {
		f.connect(f.word(), false)
	}
	if f.local != domain {
		f.add(local, f.local)
	}
}

// connect adds a word, which may be a quoted string, to local if a dot connects them.
// Otherwise the word becomes local.
func (f *finder) connect(word string, quoted bool) {
	connected := f.open || !quoted && strings.HasPrefix(word, ".")
	f.open = !quoted && strings.HasSuffix(word, ".")
	if connected && len(f.local) <= maxConnected {
		word = f.local + word
	}
	f.local = word
}

// add adds an address, if it is one. Programs that look for the first @ read another
// address in a local part that has an @.
func (f *finder) add(local, domain string) {
	if strings.Contains(local, "@") {
		f.found = append(f.found, find(withoutQuotes(local))...)
	}
	host, err := envelope.ParseHost(strings.Trim(domain, "."))
	if err == nil && host.Labels() > 1 && (local != "" || f.route) {
		f.found = append(f.found, envelope.Mailbox{Local: local, Domain: host})
	}
}

// word removes atoms and dots from the text and returns them.
func (f *finder) word() string {
	end := 0
	for end < len(f.rest) && isWordByte(f.rest[end]) {
		end++
	}
	return f.take(end)
}

func (f *finder) skipBlanks() { f.rest = strings.TrimLeft(f.rest, " \t") }

func isWordByte(c byte) bool { return c == '.' || isAtext(c) }
