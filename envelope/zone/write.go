package zone

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"mxrules.example/envelope"
	"mxrules.example/envelope/internal/presentation"
)

// writer writes the answers of a Recorder.
type writer struct {
	ends    map[string]string // of aliases, by their names
	zone    strings.Builder
	faults  map[string]string
	asked   Questions
	written map[string]bool // lines of zone, and questions of asked
	hosts   []string        // the ends of LookupCNAME, which have an address
	err     error           // the first
}

// alias notes where a chain of aliases ends. The records of an alias are those of its
// end, because an alias has no others (RFC 2181, section 10.1).
func (w *writer) alias(q question, a kept) {
	ends, _ := a.value.([]string)
	if q.kind != dns.TypeCNAME || a.err != nil || len(ends) == 0 {
		return
	}
	if end, ok := normal(ends[0]); ok && end != q.name {
		w.ends[q.name] = end
	}
}

// question writes one question with its answer.
func (w *writer) question(q question, a kept) {
	owner := q.name
	w.ask(q)
	if end, ok := w.ends[q.name]; ok && q.kind != dns.TypeANY {
		owner = end
		w.ask(question{end, q.kind})
	}
	switch {
	case a.value == nil:
		w.fault(q, Timeout)
	case a.err != nil && !envelope.NotFound(a.err):
		w.fault(q, faultOf(a.err))
	case a.err == nil:
		w.answer(q, owner, a.value)
	}
}

// ask adds a question to those that can be answered.
func (w *writer) ask(q question) {
	if w.first(q.String()) {
		w.asked = append(w.asked, q.String())
	}
}

// first reports whether text was not written yet.
func (w *writer) first(text string) bool {
	before := w.written[text]
	w.written[text] = true
	return !before
}

// String returns the question as one of Questions.
func (q question) String() string { return absolute(q.name) + " " + dns.Type(q.kind).String() }

func (w *writer) fault(q question, fault string) {
	if w.faults == nil {
		w.faults = map[string]string{}
	}
	w.faults[q.String()] = strings.ToLower(fault)
}

// faultOf returns the fault that is most like an error.
func faultOf(err error) string {
	switch failure, _ := err.(*net.DNSError); {
	case failure != nil && failure.IsTimeout:
		return Timeout
	case failure != nil && failure.Err == REFUSED:
		return REFUSED
	}
	return SERVFAIL
}

// answer writes the records of an answer.
func (w *writer) answer(q question, owner string, value any) {
	switch values := value.(type) {
	case []netip.Addr:
		for _, addr := range values {
			w.record(owner, q.kind, addr.String())
		}
	case []*net.MX:
		for _, mx := range values {
			w.record(owner, q.kind, fmt.Sprint(mx.Pref, " ", w.spelled(mx.Host)))
		}
	case []bool:
		if len(values) == 0 || !values[0] {
			w.fault(q, NXDOMAIN)
		} else if w.ends[q.name] == "" {
			w.record(owner, dns.TypeHINFO, `"exists" ""`) // no check asks for it
		}
	case []string:
		for _, text := range values {
			w.text(q, owner, text)
		}
	}
}

// text writes a PTR, TXT or CNAME record.
func (w *writer) text(q question, owner, text string) {
	switch {
	case q.kind == dns.TypeTXT:
		w.record(owner, q.kind, quoted(text))
	case q.kind == dns.TypePTR:
		w.record(owner, q.kind, w.spelled(text))
	case owner != q.name:
		w.record(q.name, q.kind, w.spelled(text))
		w.hosts = append(w.hosts, owner)
	default: // a name that is not an alias
		w.hosts = append(w.hosts, owner)
	}
}

// addresses gives an address to each end of a chain of aliases, because LookupCNAME finds
// no other. It is of a type whose answer it does not change.
func (w *writer) addresses() {
	for _, host := range w.hosts {
		switch {
		case w.unknown(question{host, dns.TypeA}):
			w.record(host, dns.TypeA, "0.0.0.0")
		case w.unknown(question{host, dns.TypeAAAA}):
			w.record(host, dns.TypeAAAA, "::")
		}
	}
}

// unknown reports whether a question has no answer.
func (w *writer) unknown(q question) bool {
	return !w.written[q.String()] || w.faults[q.String()] != ""
}

// record writes a record, unless it is there already: an alias and its end have the same.
func (w *writer) record(owner string, kind uint16, data string) {
	line := fmt.Sprintf("%s  %s  %s\n", w.spelled(absolute(owner)), dns.Type(kind), data)
	if w.first(line) {
		w.zone.WriteString(line)
	}
}

// spelled returns a name as a master file has it, with its letter case.
func (w *writer) spelled(name string) string {
	if _, ok := normal(name); !ok {
		w.err = cmp.Or(w.err, error(&envelope.SyntaxError{Kind: "name in DNS", Value: name, Reason: "cannot be recorded: no zone can hold it"}))
		return "."
	}
	return presentation.Spelled(name)
}

// quoted returns a text as a master file has it, in strings of at most 255 octets.
func quoted(text string) string {
	const most = 255
	parts := []string{presentation.Quoted(text[:min(most, len(text))])}
	for len(text) > most {
		text = text[most:]
		parts = append(parts, presentation.Quoted(text[:min(most, len(text))]))
	}
	return strings.Join(parts, " ")
}
