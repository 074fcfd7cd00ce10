package author

import (
	"strings"

	"mxrules.example/envelope"
)

// finder finds what has the form of an address in a text, whatever else stands
// there.
type finder struct {
	scanner
	found Authors

	local string // what stands right before: words that dots connect
	open  bool   // local ends with a dot that connects it to the next word
	route bool   // an @ begins a source route, or a host in it
}

// maxConnected bounds words that dots connect, in octets. No domain is longer.
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

// address reads a domain behind an @. With blanks beside a dot it may go on for one
// program and end for another, so that both are found.
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

// connect adds a word, which may be a quoted string, to what stands before it if a
// dot connects them.
func (f *finder) connect(word string, quoted bool) {
	connected := f.open || !quoted && strings.HasPrefix(word, ".")
	f.open = !quoted && strings.HasSuffix(word, ".")
	if connected && len(f.local) <= maxConnected {
		word = f.local + word
	}
	f.local = word
}

// add takes what was read for an address, if it is one. Programs that look for the
// first @ see another in a local part that has one.
func (f *finder) add(local, domain string) {
	if strings.Contains(local, "@") {
		f.found = append(f.found, find(withoutQuotes(local))...)
	}
	host, err := envelope.ParseHost(strings.Trim(domain, "."))
	if err == nil && host.Labels() > 1 && (local != "" || f.route) {
		f.found = append(f.found, envelope.Mailbox{Local: local, Domain: host})
	}
}

// word takes atoms and dots off.
func (f *finder) word() string {
	end := 0
	for end < len(f.rest) && isWordByte(f.rest[end]) {
		end++
	}
	return f.take(end)
}

func (f *finder) skipBlanks() { f.rest = strings.TrimLeft(f.rest, " \t") }

func isWordByte(c byte) bool { return c == '.' || isAtext(c) }
