package author

import (
	"strings"
	"unicode/utf8"

	"mxrules.example/envelope"
)

// Bounds of what is read. No honest From field comes near them.
const (
	maxAuthors = 100
	maxWords   = 1000 // tokens of one member of the list
)

// parser reads a mailbox-list, or an address-list of RFC 6854, into authors.
type parser struct {
	scanner
	authors Authors
	inGroup bool
}

// list reads members up to the end. Empty ones are obsolete syntax (RFC 5322,
// section 4.4) and mean nothing.
func (p *parser) list() {
	for p.member() {
	}
	if p.inGroup {
		p.fail("has a group that does not end")
	}
}

// member reads one member of the list with the separator behind it, and
// reports whether there may be another.
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
		case '<': // the words before it are a name, and no matter
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

// separator reads what stands behind an address in angle brackets.
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

// beginGroup reads the colon behind the name of a group. A name with an @ is no
// name of a group: what looks like an address must be one.
func (p *parser) beginGroup(name []token) {
	if p.inGroup || len(name) == 0 || indexAt(name) >= 0 {
		p.fail("has a colon where no group begins")
		return
	}
	p.inGroup = true
}

// endGroup reads the semicolon behind a group, and the separator behind that.
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

// bare reads an address that stands without angle brackets.
func (p *parser) bare(words []token) {
	if len(words) > 0 {
		p.address(words)
	}
}

// angle reads an address behind its opening bracket. A source route before it
// is obsolete syntax (RFC 5322, section 4.4) and skipped.
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

// address takes words for an addr-spec (RFC 5322, sections 3.4.1 and 4.4).
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

// join puts words together that dots keep apart.
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

// indexAt returns where the first @ is, -1 if there is none.
func indexAt(words []token) int {
	for i, word := range words {
		if word.kind == '@' {
			return i
		}
	}
	return -1
}
