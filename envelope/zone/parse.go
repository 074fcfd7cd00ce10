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
	maxText    = 4 << 20 // the bytes of one text
	maxRecords = 100_000 // the records of one text
	defaultTTL = 3600    // in seconds, for records without a TTL
)

// Parse parses a text in the format of master files (RFC 1035, section 5). The
// origin is the root, so names need no final dot unless $ORIGIN sets another
// origin. The TTL is 3600 seconds unless the record or $TTL sets it. Owner names
// may have U-labels. All records must be of class IN.
//
// The indentation that all lines share is removed first, so that the text can be
// indented in a Go raw string. Begin the text on the line after the backtick: as in
// every master file, a line that is indented further has the owner of the line
// before.
//
// $INCLUDE and $GENERATE are errors: parsing must not read files, and its cost
// must not exceed the size of the text. A text has at most 4 MiB and 100,000
// records. The error is an *[envelope.SyntaxError] with the line and the invalid
// value.
func Parse(text string) (*Zone, error) {
	z := &Zone{names: tree{"": nil}, scripts: map[pattern]*script{}, delays: map[pattern]time.Duration{}}
	err := read(text, func(rr dns.RR) string {
		name, ok := normal(rr.Header().Name)
		if !ok {
			return "has an invalid owner name"
		}
		return z.add(name, rr)
	})
	if err != nil {
		return nil, err
	}
	return z, nil
}

// MustParse is like [Parse], but panics instead of returning an error.
func MustParse(text string) *Zone {
	z, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return z
}

// add adds a record, or returns the reason why it is invalid.
func (z *Zone) add(name string, rr dns.RR) (reason string) {
	kind := rr.Header().Rrtype
	here := z.names[name]
	alias := len(here[dns.TypeCNAME]) > 0
	if kind == dns.TypeCNAME && len(here) > 0 || kind != dns.TypeCNAME && alias {
		return "puts an alias (CNAME) beside another record of the name (RFC 2181, section 10.1)"
	}
	z.names.add(name, rr)
	return ""
}

// read calls keep for every record of text. Keep returns the reason why a record is
// invalid, or "".
func read(text string, keep func(dns.RR) (reason string)) error {
	if len(text) > maxText {
		return &envelope.SyntaxError{Kind: "zone text", Value: text, Reason: "is longer than 4 MiB"}
	}
	text = outdent(text)
	if generates(text) {
		return &envelope.SyntaxError{Kind: "zone text", Value: text, Reason: "has $GENERATE, which is not supported"}
	}
	source := strings.NewReader(text) // an io.ByteReader: the parser reads no further than it has parsed
	parser := dns.NewZoneParser(source, ".", "")
	parser.SetDefaultTTL(defaultTTL)
	for count := 1; ; count++ {
		rr, ok := parser.Next()
		position := len(text) - source.Len()
		if !ok {
			if err := parser.Err(); err != nil {
				return lineError(text, position, "is invalid: "+plainReason(err))
			}
			return nil
		}
		if count > maxRecords {
			return lineError(text, position, "exceeds the limit of 100,000 records")
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

// canonical encodes and decodes a record. This rejects records that a message
// cannot have, and leaves one spelling of every name.
func canonical(rr dns.RR) (dns.RR, string) {
	h := rr.Header()
	if h.Name == "" {
		return nil, "has no owner, and no earlier line has one"
	}
	if h.Class != dns.ClassINET {
		return nil, "is not of class IN"
	}
	var ok bool
	if h.Name, ok = aLabels(h.Name); !ok {
		return nil, "has an invalid owner name"
	}
	if isBlank(rr) {
		return nil, "has no data"
	}
	wire := make([]byte, dns.Len(rr)+1)
	end, err := dns.PackRR(rr, wire, 0, nil, false)
	if err != nil {
		return nil, "cannot be encoded: " + plainReason(err)
	}
	back, _, err := dns.UnpackRR(wire[:end], 0)
	if err != nil {
		return nil, "cannot be decoded: " + plainReason(err)
	}
	return back, ""
}

// aLabels converts the U-labels of a name.
func aLabels(name string) (string, bool) {
	if !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return name, true
	}
	host, err := envelope.ParseHost(name)
	return string(host) + ".", err == nil
}

// isBlank reports whether rr has no data. The parser accepts such records, because
// update messages have them (RFC 2136).
func isBlank(rr dns.RR) bool {
	h := *rr.Header()
	blank := dns.RR(&dns.RFC3597{})
	if fresh, ok := dns.TypeToRR[h.Rrtype]; ok {
		blank = fresh()
	}
	*blank.Header() = h
	return reflect.DeepEqual(rr, blank)
}

// outdent removes the indentation that all lines share. Empty lines and comments
// are ignored.
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

// generates reports whether the parser might see $GENERATE in text. One such line
// can take seconds, and the parser has no option against it. The parser joins
// what white space, line breaks, parentheses and quotes separate, so generates
// ignores them too.
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

// lineError returns the error for the line that contains or ends at position.
func lineError(text string, position int, reason string) error {
	before := text[:max(position-1, 0)]
	start := strings.LastIndexByte(before, '\n') + 1
	line, _, _ := strings.Cut(text[start:], "\n")
	number := strings.Count(before, "\n") + 1
	if isIndented(line) && strings.HasPrefix(reason, notATTL) {
		reason += "; the line is indented, so it has the owner of the line before"
	}
	return &envelope.SyntaxError{Kind: fmt.Sprintf("zone text, line %d:", number), Value: line, Reason: reason}
}

// notATTL begins the parser's reason for an owner in a place that can have none.
const notATTL = "is invalid: not a TTL"

func isIndented(line string) bool { return line != "" && (line[0] == ' ' || line[0] == '\t') }

// plainReason returns the message of a parser error without its prefix and its
// position.
func plainReason(err error) string {
	reason := strings.TrimPrefix(err.Error(), "dns: ")
	if at := strings.LastIndex(reason, " at line: "); at >= 0 {
		reason = reason[:at]
	}
	return envelope.Excerpt(reason)
}
