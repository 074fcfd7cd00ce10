package postfix

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
)

// members returns the words of a list of names such as mydestination, with those in
// the files and the keys of the tables that it names.
func (im *importer) members(parameter string) []string {
	fail := func(err error) {
		im.fail(im.options.File, im.main[parameter].line, fmt.Errorf("%s: %w", parameter, err))
	}
	words, err := splitWords(im.value(parameter))
	if err != nil {
		fail(err)
	}
	var names []string
	for _, word := range words {
		switch {
		case word[0] == '!':
			fail(fmt.Errorf("the exception %q cannot be carried over", excerpt(word)))
		case word[0] == '/':
			text, err := im.readFile(word)
			if err == nil {
				var lines []logical
				lines, err = logicalLines(word, text)
				for _, line := range lines {
					names = append(names, strings.FieldsFunc(line.text, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' })...)
				}
			}
			if err != nil {
				fail(err)
			}
		case strings.Contains(word, ":") && !isNetwork(word):
			t, err := im.table(word)
			switch {
			case err != nil:
				fail(err)
			case t.keys == nil && t.kind != "cidr":
				fail(fmt.Errorf("the names in a table of type %s cannot be listed", t.kind))
			case t.kind == "cidr":
				names = append(names, t.networks()...)
			default:
				names = append(names, slices.Sorted(maps.Keys(t.keys))...)
			}
		default:
			names = append(names, word)
		}
	}
	return names
}

func isNetwork(word string) bool {
	_, err := parseNetwork(word)
	return err == nil
}

// networks returns the networks of a table of type cidr that is used as a list.
func (t *Table) networks() []string {
	var names []string
	for line := range strings.Lines(t.text) {
		if word, _ := cutBlank(strings.TrimSpace(line)); word != "" && word[0] != '#' {
			names = append(names, word)
		}
	}
	return names
}

// mynetworks returns the check of permit_mynetworks.
func (im *importer) mynetworks() expr {
	names := []string{"127.0.0.0/8", "[::1]/128"}
	if _, set := im.main["mynetworks"]; set {
		names = im.members("mynetworks")
	} else {
		im.differs("mynetworks is not set: Postfix finds the networks of its interfaces, here only the loopback networks are permitted")
	}
	var prefixes []netip.Prefix
	var sources []string
	for _, name := range names {
		prefix, err := parseNetwork(name)
		if err != nil {
			im.fail(im.options.File, im.main["mynetworks"].line, fmt.Errorf("mynetworks: %w", err))
			continue
		}
		prefixes = append(prefixes, prefix)
		sources = append(sources, fmt.Sprintf("\tnetip.MustParsePrefix(%q),\n", prefix))
	}
	name := im.program.declare("mynetworks", "client.In([]netip.Prefix{\n"+strings.Join(sources, "")+"})")
	return expr{name, client.In(prefixes)}
}

// classes are the parameters with the domains of each address class, in the order in
// which Postfix tries them.
var classes = [...]string{"mydestination", "virtual_alias_domains", "virtual_mailbox_domains", "relay_domains"}

// domains returns the domains of one class as patterns of mailboxes.
func (im *importer) domains(class string) []string {
	patterns, found := im.named[class]
	if found {
		return slices.Clone(patterns)
	}
	add := func(pattern string) {
		if !slices.Contains(patterns, pattern) {
			patterns = append(patterns, pattern)
		}
	}
	below := class == "relay_domains" && im.matchesBelow("relay_domains")
	for _, name := range im.members(class) {
		name = strings.ToLower(name)
		if strings.Contains(name, "@") {
			continue // a mailbox in a table of mailboxes
		}
		if _, err := envelope.ParseHost(strings.TrimPrefix(name, ".")); err != nil {
			if class == "virtual_alias_domains" || class == "virtual_mailbox_domains" {
				continue
			}
			im.fail(im.options.File, im.main[class].line, fmt.Errorf("%s: %w", class, err))
			continue
		}
		add("@" + name)
		if below && name[0] != '.' {
			add("@." + name)
		}
	}
	im.named[class] = patterns
	return slices.Clone(patterns)
}

// matchesBelow reports whether parent_domain_matches_subdomains has a parameter.
func (im *importer) matchesBelow(parameter string) bool {
	words, _ := splitWords(im.value("parent_domain_matches_subdomains"))
	return slices.Contains(words, parameter)
}

// ours returns the check of an authorized destination.
func (im *importer) ours() expr {
	var patterns []string
	for _, class := range classes {
		patterns = append(patterns, im.domains(class)...)
	}
	for i, pattern := range patterns {
		if name := pattern[1:]; strings.Contains(strings.Trim(name, "."), ".") {
			patterns[i] = name // the @ is needed for a domain of one label only
		}
	}
	slices.Sort(patterns)
	patterns = slices.Compact(patterns)
	im.differs("a local part alone is foreign, where Postfix appends myorigin; an address literal of this server is foreign")
	name := im.program.declare("ours", "recipient.Ours("+quoted(patterns)+")")
	return expr{name, recipient.Ours(patterns...)}
}
