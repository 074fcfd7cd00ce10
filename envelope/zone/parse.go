package zone

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/miekg/dns"
	"mxrules.example/envelope"
)

const (
	maxText    = 4 << 20 // octets of one text
	maxRecords = 100_000 // of one text
	defaultTTL = 3600    // seconds, for records without a TTL of their own
)

// Parse reads a world from a text in the format of master files (RFC 1035,
// section 5). The origin is the root, so that names need no final dot until
// $ORIGIN sets another one; a record without a TTL has 3600 seconds, or what
// $TTL says. Owner names may have U-labels. All records are of class IN.
//
// The indentation that all lines have in common is taken away first, so that
// the text may stand indented in a Go raw string; a line that is indented
// deeper than that has the owner of the line before it, as usual.
//
// $INCLUDE and $GENERATE are refused: a text never reads a file, and is never
// more than it looks. A text has at most 4 MiB and 100,000 records. The error
// is an *[envelope.SyntaxError] that names the line and the value at fault.
func Parse(text string) (*Zone, error) {
	z := &Zone{names: tree{"": nil}, scripts: map[pattern]*script{}, delays: map[pattern]time.Duration{}}
	err := read(text, func(rr dns.RR) string {
		name, ok := normal(rr.Header().Name)
		if !ok {
			return "has an owner that is no name"
		}
		return z.add(name, rr)
	})
	if err != nil {
		return nil, err
	}
	return z, nil
}

// MustParse is Parse for texts that stand in the program. It panics if the
// text is wrong.
func MustParse(text string) *Zone {
	z, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return z
}

// add puts a record into the tree, or says why it can't stand there.
func (z *Zone) add(name string, rr dns.RR) (reason string) {
	kind := rr.Header().Rrtype
	here := z.names[name]
	alias := len(here[dns.TypeCNAME]) > 0
	if kind == dns.TypeCNAME && len(here) > 0 || kind != dns.TypeCNAME && alias {
		return "gives a name an alias beside another record (RFC 2181, section 10.1)"
	}
	z.names.add(name, rr)
	return ""
}

// read gives every record of text to keep, which returns what is wrong with
// it, or "".
func read(text string, keep func(dns.RR) (reason string)) error {
	if len(text) > maxText {
		return &envelope.SyntaxError{Kind: "zone text", Value: text, Reason: "has more than 4 MiB"}
	}
	text = outdent(text)
	if generates(text) {
		return &envelope.SyntaxError{Kind: "zone text", Value: text, Reason: "has a $GENERATE, which is not read"}
	}
	source := strings.NewReader(text) // read octet by octet, so that its position is that of the parser
	parser := dns.NewZoneParser(source, ".", "")
	parser.SetDefaultTTL(defaultTTL)
	for count := 1; ; count++ {
		rr, ok := parser.Next()
		position := len(text) - source.Len()
		if !ok {
			if err := parser.Err(); err != nil {
				return lineError(text, position, plainReason(err))
			}
			return nil
		}
		if count > maxRecords {
			return lineError(text, position, "is beyond the limit of 100,000 records")
		}
		rr, reason := canonical(rr)
		if reason == "" {
			reason = keep(rr)
		}
		if reason != "" {
			return lineError(text, position, reason)
		}
	}
}

// canonical sends a record through the wire format and back: what can't go on
// the wire is refused, and every octet is written in one way afterwards.
func canonical(rr dns.RR) (dns.RR, string) {
	h := rr.Header()
	if h.Name == "" {
		return nil, "has no owner, and no line before it has one"
	}
	if h.Class != dns.ClassINET {
		return nil, "is not of class IN"
	}
	var ok bool
	if h.Name, ok = aLabels(h.Name); !ok {
		return nil, "has an owner that is no name"
	}
	if isBlank(rr) {
		return nil, "has no data"
	}
	wire := make([]byte, dns.Len(rr)+1)
	end, err := dns.PackRR(rr, wire, 0, nil, false)
	if err != nil {
		return nil, "can't be put on the wire: " + plainReason(err)
	}
	back, _, err := dns.UnpackRR(wire[:end], 0)
	if err != nil {
		return nil, "can't be read from the wire: " + plainReason(err)
	}
	return back, ""
}

// aLabels converts a name that a test has written with U-labels.
func aLabels(name string) (string, bool) {
	if !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return name, true
	}
	host, err := envelope.ParseHost(name)
	return host.Absolute(), err == nil
}

// isBlank reports whether rr has no data. Such records have a use in updates
// (RFC 2136), so that the parser lets them through.
func isBlank(rr dns.RR) bool {
	h := *rr.Header()
	blank := dns.RR(&dns.RFC3597{})
	if fresh, ok := dns.TypeToRR[h.Rrtype]; ok {
		blank = fresh()
	}
	*blank.Header() = h
	return reflect.DeepEqual(rr, blank)
}

// outdent takes away the white space that all lines begin with. Empty lines
// and comments don't count.
func outdent(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	common, found := "", false
	for _, line := range lines {
		content := strings.TrimLeft(line, " \t")
		if content == "" || content[0] == ';' {
			continue
		}
		indent := line[:len(line)-len(content)]
		if !found {
			common, found = indent, true
			continue
		}
		for !strings.HasPrefix(indent, common) {
			common = common[:len(common)-1]
		}
	}
	for i, line := range lines {
		if rest, ok := strings.CutPrefix(line, common); ok {
			lines[i] = rest
		} else {
			lines[i] = strings.TrimLeft(line, " \t") // an empty line or a comment
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// generates reports whether the parser could see a $GENERATE in text. One line
// of it can cost seconds, and the parser has no switch for it. It joins what
// white space, line breaks and parentheses keep apart, hence the strictness.
func generates(text string) bool {
	if !strings.Contains(text, "$") {
		return false
	}
	joined := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n()\"", r) {
			return -1
		}
		return r
	}, text)
	return strings.Contains(strings.ToUpper(joined), "$GENERATE")
}

// lineError names the line that ends at, or holds, position.
func lineError(text string, position int, reason string) error {
	before := text[:max(position-1, 0)]
	start := strings.LastIndexByte(before, '\n') + 1
	line, _, _ := strings.Cut(text[start:], "\n")
	number := strings.Count(before, "\n") + 1
	return &envelope.SyntaxError{Kind: fmt.Sprintf("zone text, line %d:", number), Value: line, Reason: reason}
}

// plainReason returns what the parser says, without its name and its own idea
// of where it is.
func plainReason(err error) string {
	reason := strings.TrimPrefix(err.Error(), "dns: ")
	if at := strings.LastIndex(reason, " at line: "); at >= 0 {
		reason = reason[:at]
	}
	return envelope.Excerpt(reason)
}
