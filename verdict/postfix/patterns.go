package postfix

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// parsePatterns parses a table of type regexp, pcre or cidr.
func (t *Table) parsePatterns(text string) error {
	lines, err := logicalLines(t.name, text)
	if err != nil {
		return err
	}
	var guards []matcher
	var opened []int
	for _, line := range lines {
		word, rest := cutBlank(line.text)
		switch {
		case strings.EqualFold(word, "endif") && rest == "":
			if len(guards) == 0 {
				return fmt.Errorf("%s:%d: endif has no if before it", t.name, line.line)
			}
			guards, opened = guards[:len(guards)-1], opened[:len(opened)-1]
			continue
		case strings.EqualFold(word, "if") || strings.HasPrefix(strings.ToLower(word), "if/") || strings.HasPrefix(strings.ToLower(word), "if!"):
			match, after, err := t.matcher(strings.TrimSpace(line.text[2:]))
			if err == nil && after != "" {
				err = fmt.Errorf("%q follows the pattern of an if", excerpt(after))
			}
			if err != nil {
				return fmt.Errorf("%s:%d: %w", t.name, line.line, err)
			}
			guards, opened = append(guards[:len(guards):len(guards)], match), append(opened, line.line)
			continue
		}
		match, value, err := t.matcher(line.text)
		if err == nil && value == "" {
			err = errors.New("the pattern has no value")
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", t.name, line.line, err)
		}
		t.patterns = append(t.patterns, pattern{guards: guards, match: match, value: value})
		t.keep(value)
	}
	if len(opened) > 0 {
		return fmt.Errorf("%s:%d: if has no endif", t.name, opened[len(opened)-1])
	}
	return nil
}

// matcher parses the pattern that text begins with, and returns what follows.
func (t *Table) matcher(text string) (match matcher, rest string, err error) {
	text, negated := strings.CutPrefix(text, "!")
	if text = strings.TrimSpace(text); text == "" {
		return nil, "", errors.New("there is no pattern")
	}
	if t.kind == "cidr" {
		match, rest, err = parseCIDR(text)
	} else {
		match, rest, err = parseRegexp(t.kind, text)
	}
	if err != nil || !negated {
		return match, rest, err
	}
	positive := match // match is a result, which this function becomes
	return func(key string) ([]string, bool) {
		_, ok := positive(key)
		return nil, !ok
	}, rest, nil
}

func parseCIDR(text string) (matcher, string, error) {
	network, rest := cutBlank(text)
	prefix, err := parseNetwork(network)
	if err != nil {
		return nil, "", err
	}
	return func(key string) ([]string, bool) {
		addr, err := netip.ParseAddr(key)
		return nil, err == nil && prefix.Contains(addr)
	}, rest, nil
}

// parseRegexp parses /pattern/flags. The delimiter is the first character.
func parseRegexp(kind, text string) (matcher, string, error) {
	delimiter := text[0]
	if isName(text[:1]) || delimiter == '\\' {
		return nil, "", fmt.Errorf("%q does not begin with a delimiter such as /", excerpt(text))
	}
	end := 1
	for ; end < len(text) && text[end] != delimiter; end++ {
		if text[end] == '\\' {
			end++
		}
	}
	if end >= len(text) {
		return nil, "", fmt.Errorf("%q has no closing %c", excerpt(text), delimiter)
	}
	source := text[1:end]
	if delimiter != '\\' && delimiter != '.' {
		source = strings.ReplaceAll(source, `\`+string(delimiter), regexp.QuoteMeta(string(delimiter)))
	}
	flags, rest := cutBlank(text[end+1:])
	if text[end+1:] != "" && (text[end+1] == ' ' || text[end+1] == '\t') {
		flags, rest = "", strings.TrimSpace(text[end+1:])
	}
	prefix, err := goFlags(kind, flags)
	if err != nil {
		return nil, "", err
	}
	if kind == "regexp" && (strings.Contains(source, `\d`) || strings.Contains(source, `\D`)) {
		return nil, "", fmt.Errorf(`%q has \d, which is not a class of digits in a table of type regexp; write [0-9]`, excerpt(source))
	}
	re, err := regexp.Compile(prefix + "(?:" + source + ")")
	if err != nil {
		return nil, "", fmt.Errorf("the pattern %q cannot be carried over: %w", excerpt(source), err)
	}
	return func(key string) ([]string, bool) {
		groups := re.FindStringSubmatch(key)
		return groups, groups != nil
	}, rest, nil
}

// goFlags returns the flags of a pattern for package regexp. In Postfix a flag toggles
// its default.
func goFlags(kind, flags string) (string, error) {
	on := map[rune]bool{'i': true, 's': kind == "pcre"}
	anchored := ""
	for _, flag := range flags {
		switch {
		case flag == 'i' || flag == 'm':
			on[flag] = !on[flag]
		case kind == "pcre" && flag == 's':
			on['s'] = !on['s']
		case kind == "pcre" && flag == 'A':
			anchored = `\A`
		case kind == "pcre" && flag == 'U':
			on['U'] = !on['U']
		case kind == "pcre" && flag == 'X':
		default:
			return "", fmt.Errorf("the flag %q cannot be carried over", flag)
		}
	}
	set := ""
	for _, flag := range "imsU" {
		if on[flag] {
			set += string(flag)
		}
	}
	if set == "" {
		return anchored, nil
	}
	return "(?" + set + ")" + anchored, nil
}

// substitute replaces $1, ${1} and $(1) in the value of a pattern with what its groups
// matched, and $$ with $.
func substitute(value string, groups []string) string {
	if !strings.Contains(value, "$") {
		return value
	}
	return reference.ReplaceAllStringFunc(value, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		n := int(strings.Trim(ref, "${}()")[0] - '0')
		if n < len(groups) {
			return groups[n]
		}
		return ""
	})
}

var reference = regexp.MustCompile(`\$\$|\$[0-9]|\$\{[0-9]\}|\$\([0-9]\)`)
