package postfix

import (
	"fmt"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// Table is a lookup table of Postfix. Make one with ParseTable. It does not change, and
// is safe for concurrent use.
type Table struct {
	kind, name string
	text       string            // what was parsed
	keys       map[string]string // of a table of fixed strings
	patterns   []pattern         // of regexp, pcre and cidr, in order
	values     []string          // every value, each once, in order
	kept       map[string]bool   // the same
	fixed      bool              // keys, or a static value
}

// pattern is one line of a table of patterns.
type pattern struct {
	guards []matcher // of the if lines around it
	match  matcher
	value  string
}

// matcher matches a key and returns the texts of $1 to $9 and of $0.
type matcher func(key string) (groups []string, matches bool)

// ParseTable parses a table. The kind is that of Postfix:
//
//   - hash, texthash, btree, lmdb, dbm, cdb: text is the source file (access(5), "table
//     format"), not the compiled one
//   - regexp, pcre, cidr: text is the file (regexp_table(5), pcre_table(5),
//     cidr_table(5))
//   - inline: text is what follows "inline:", {key=value, {key = more text}}
//   - static: text is the value
//
// Regular expressions are those of package regexp, which has no look-around and no
// back references; a pattern with one is an error, and so is one whose flags cannot
// be carried over. Errors begin with name and the line.
func ParseTable(kind, name, text string) (*Table, error) {
	t := &Table{kind: kind, name: name, text: text}
	var err error
	switch kind {
	case "hash", "texthash", "btree", "lmdb", "dbm", "cdb":
		t.fixed = true
		err = t.parseKeys(text)
	case "inline":
		t.fixed = true
		err = t.parseInline(text)
	case "static":
		t.fixed = true
		t.keep(text)
		if text == "" {
			err = fmt.Errorf("%s: the value is empty", name)
		}
	case "regexp", "pcre", "cidr":
		err = t.parsePatterns(text)
	default:
		err = fmt.Errorf("%s: tables of type %q cannot be read here", name, excerpt(kind))
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// readable reports whether a table of this kind is a text file.
func readable(kind string) bool {
	switch kind {
	case "hash", "texthash", "btree", "lmdb", "dbm", "cdb", "regexp", "pcre", "cidr":
		return true
	}
	return false
}

// keep adds a value to the list of all, each once.
func (t *Table) keep(value string) {
	if t.kept == nil {
		t.kept = map[string]bool{}
	}
	if !t.kept[value] {
		t.kept[value] = true
		t.values = append(t.values, value)
	}
}

func (t *Table) parseKeys(text string) error {
	lines, err := logicalLines(t.name, text)
	if err != nil {
		return err
	}
	t.keys = make(map[string]string, len(lines))
	for _, line := range lines {
		key, value := cutBlank(line.text)
		if key[0] == '"' {
			if key, value, err = cutQuoted(line.text); err != nil {
				return fmt.Errorf("%s:%d: %w", t.name, line.line, err)
			}
		}
		if value == "" {
			return fmt.Errorf("%s:%d: %q has no value", t.name, line.line, excerpt(key))
		}
		if key = strings.ToLower(key); t.keys[key] != "" {
			continue // the first counts
		}
		t.keys[key] = value
		t.keep(value)
	}
	return nil
}

// cutQuoted cuts a line after the key in double quotes that it begins with.
func cutQuoted(line string) (key, value string, err error) {
	var b strings.Builder
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line):
			i++
			b.WriteByte(line[i])
		case line[i] == '"':
			return b.String(), strings.TrimSpace(line[i+1:]), nil
		default:
			b.WriteByte(line[i])
		}
	}
	return "", "", fmt.Errorf("%q has no closing quote", excerpt(line))
}

func (t *Table) parseInline(text string) error {
	t.keys = map[string]string{}
	inner, rest, err := enclosed(strings.TrimSpace(text))
	if err != nil || strings.TrimSpace(rest) != "" || text[0] != '{' {
		return fmt.Errorf("%s: an inline table has the form {key=value, ...}", t.name)
	}
	words, err := splitWords(inner)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	for _, word := range words {
		if word[0] == '{' {
			word = strings.TrimSpace(word[1 : len(word)-1])
		}
		key, value, found := strings.Cut(word, "=")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		if !found || key == "" || value == "" {
			return fmt.Errorf("%s: %q is not of the form key=value", t.name, excerpt(word))
		}
		t.keys[key] = value
		t.keep(value)
	}
	return nil
}

// lookup returns the value of a key. A partial key, such as a domain of a name, is
// looked up in a table of fixed strings only.
func (t *Table) lookup(key string, partial bool) (value string, groups []string, found bool) {
	switch {
	case t.keys != nil:
		value, found = t.keys[strings.ToLower(key)]
		return value, nil, found
	case t.fixed:
		return t.values[0], nil, true
	case partial:
		return "", nil, false
	}
	for _, p := range t.patterns {
		if groups, ok := p.matches(key); ok {
			return p.value, groups, true
		}
	}
	return "", nil, false
}

func (p *pattern) matches(key string) (groups []string, ok bool) {
	for _, guard := range p.guards {
		if _, ok := guard(key); !ok {
			return nil, false
		}
	}
	return p.match(key)
}

// hasNames reports whether a host name can be a key.
func (t *Table) hasNames() bool {
	if t.kind == "cidr" {
		return false
	}
	if t.keys == nil {
		return true
	}
	for key := range t.keys {
		if !isAddressKey(key) {
			return true
		}
	}
	return false
}

// isAddressKey reports whether a key is an address or the beginning of one.
func isAddressKey(key string) bool {
	if _, err := netip.ParseAddr(key); err == nil {
		return true
	}
	return strings.Trim(key, "0123456789.") == "" || strings.Contains(key, ":") && strings.Trim(key, "0123456789abcdef:") == ""
}

// cutBlank cuts a line at the first blanks.
func cutBlank(line string) (first, rest string) {
	i := strings.IndexAny(line, " \t")
	if i < 0 {
		return line, ""
	}
	return line[:i], strings.TrimSpace(line[i:])
}

// parseNetwork parses an address or a prefix, with brackets around an IPv6 address as
// mynetworks has them.
func parseNetwork(text string) (netip.Prefix, error) {
	address, bits, found := strings.Cut(strings.NewReplacer("[", "", "]", "").Replace(text), "/")
	addr, err := netip.ParseAddr(address)
	if err != nil || addr.Zone() != "" {
		return netip.Prefix{}, &envelope.SyntaxError{Kind: "network", Value: text, Reason: "is neither an address nor a prefix"}
	}
	if !found {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(address + "/" + bits)
	if err != nil {
		return prefix, &envelope.SyntaxError{Kind: "network", Value: text, Reason: "is neither an address nor a prefix"}
	}
	if prefix.Masked() != prefix {
		return prefix, &envelope.SyntaxError{Kind: "network", Value: text, Reason: "has bits after its prefix length"}
	}
	return prefix, nil
}
