package author

import (
	"strings"
	"unicode/utf8"

	"mxrules.example/envelope"
)

// Bounds of what is parsed. Genuine From fields are far below them.
const (
	maxAuthors = 100
	maxWords   = 1000 // tokens of one member of the list
)

// parser parses a mailbox-list, or an address-list of RFC 6854, into authors.
type parser struct {
	scanner
	authors Authors
	inGroup bool
}

// list parses all members. Empty ones are obsolete syntax (RFC 5322, section 4.4) and
// are ignored.
func (p *parser) list() {
	for p.member() {
	}
	if p.inGroup {
		p.fail("has a group that does not end")
	}
}

// member parses one member of the list and the separator after it. It reports whether
// another member may follow.
func (p *parser) member() bool {
	var words []token
	for {
		switch t := p.next(); t.kind {
		case 0:
			p.bare(words)
			return false
		case ',':
			p.bare(words)
			return true
		case ';':
			p.bare(words)
			return p.endGroup()
		case ':':
			p.beginGroup(words)
			return true
		case '<': // the words before it are a display name, which is ignored
			p.angle()
			return p.separator()
		case '>':
			p.fail("has a closing bracket without an opening one")
			return false
		default:
			if words = append(words, t); len(words) > maxWords {
				p.fail("has an address that is too long")
				return false
			}
		}
	}
}

// separator parses what follows an address in angle brackets.
func (p *parser) separator() bool {
	switch p.next().kind {
	case 0:
		return false
	case ',':
		return true
	case ';':
		return p.endGroup()
	}
	p.fail("has text after the closing bracket of an address")
	return false
}

// beginGroup handles the colon after the name of a group. The name must not have an @:
// text that looks like an address must be one.
func (p *parser) beginGroup(name []token) {
	if p.inGroup || len(name) == 0 || indexAt(name) >= 0 {
		p.fail("has a colon where no group begins")
		return
	}
	p.inGroup = true
}

// endGroup handles the semicolon after a group and parses the separator after it.
func (p *parser) endGroup() bool {
	if !p.inGroup {
		p.fail("has a semicolon where no group ends")
		return false
	}
	p.inGroup = false
	switch p.next().kind {
	case 0:
		return false
	case ',':
		return true
	}
	p.fail("has text after the end of a group")
	return false
}

// bare parses an address without angle brackets, if there are words.
func (p *parser) bare(words []token) {
	if len(words) > 0 {
		p.address(words)
	}
}

// angle parses an address after its opening bracket. A source route before it is
// obsolete syntax (RFC 5322, section 4.4) and is skipped.
func (p *parser) angle() {
	var words []token
	for {
		switch t := p.next(); t.kind {
		case '>':
			p.address(words)
			return
		case ':':
			if len(words) == 0 || words[0].kind != '@' {
				p.fail("has a colon inside an address")
				return
			}
			words = words[:0]
		case ',':
			if len(words) == 0 || words[0].kind != '@' {
				p.fail("has a comma inside an address")
				return
			}
		case 0:
			p.fail("has an address whose bracket is not closed")
			return
		case '<', ';':
			p.fail("has a bracket or a semicolon inside an address")
			return
		default:
			if words = append(words, t); len(words) > maxWords {
				p.fail("has an address that is too long")
				return
			}
		}
	}
}

// address parses words as an addr-spec (RFC 5322, sections 3.4.1 and 4.4).
func (p *parser) address(words []token) {
	if p.fault != "" {
		return
	}
	at := indexAt(words)
	if at < 0 {
		p.fail("has an address without a domain")
		return
	}
	local, faultLocal := join(words[:at])
	domain, faultDomain := join(words[at+1:])
	switch {
	case at == 0:
		p.fail("has an address without a local part")
	case faultLocal != "":
		p.fail(faultLocal)
	case faultDomain != "":
		p.fail(faultDomain)
	case !utf8.ValidString(local):
		p.fail("has a local part that is not valid UTF-8")
	case len(p.authors) == maxAuthors:
		p.fail("names more than 100 authors")
	default:
		p.author(local, domain)
	}
}

func (p *parser) author(local, domain string) {
	host, err := envelope.ParseHost(domain)
	if err != nil {
		p.fail("has a domain that " + err.(*envelope.SyntaxError).Reason)
		return
	}
	p.authors = append(p.authors, envelope.Mailbox{Local: local, Domain: host})
}

// join concatenates words that are separated by dots.
func join(words []token) (text, fault string) {
	var b strings.Builder
	for i, word := range words {
		switch word.kind {
		case '@':
			return "", "has an address with more than one @"
		case '[', ']':
			return "", "has an address literal instead of a domain"
		}
		if i > 0 && word.kind != '.' && words[i-1].kind != '.' {
			return "", "has blanks inside an address"
		}
		b.WriteString(word.text)
	}
	return b.String(), ""
}

// indexAt returns the index of the first @, or -1.
func indexAt(words []token) int {
	for i, word := range words {
		if word.kind == '@' {
			return i
		}
	}
	return -1
}
