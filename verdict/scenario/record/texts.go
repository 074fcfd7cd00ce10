package record

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
)

// token matches an address, a network, a mailbox or a host name of several labels.
var token = regexp.MustCompile(`("(?:[^"\\]|\\.)*"|[\pL\pN!#$%&'*+/=?^_` + "`" + `{|}~.-]+)@(\[[^\]]*\]|[\pL\pN_.-]+)` +
	`|(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:/[0-9]+|(?:\.[\pL\pN_-]+)+)?` +
	`|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:/[0-9]+)?` +
	`|[\pL\pN_][\pL\pN_-]*(?:\.[\pL\pN_][\pL\pN_-]*)+\.?`)

// text returns a text with its addresses and names replaced.
func (d *disguise) text(text string) string {
	if d == nil {
		return text
	}
	return token.ReplaceAllStringFunc(text, d.replace)
}

// replace returns what replaces a match of token.
func (d *disguise) replace(found string) string {
	if ip, err := netip.ParseAddr(found); err == nil {
		return d.addr(ip).String()
	}
	if network, err := netip.ParsePrefix(found); err == nil {
		return d.network(network)[0]
	}
	if i := strings.LastIndex(found, "@"); i > 0 {
		return d.local(found[:i]) + "@" + d.text(found[i+1:])
	}
	if !strings.Contains(found, ".") { // such as a time
		return found
	}
	name := d.host(found)
	if strings.HasSuffix(found, ".") {
		name += "."
	}
	return name
}

// roles are local parts that are not names of people.
var roles = []string{"postmaster", "abuse", "security", "admin", "hostmaster", "webmaster", "mailer-daemon", "noreply", "no-reply"}

// local returns the local part in place of one.
func (d *disguise) local(part string) string {
	part = strings.ToLower(strings.Trim(part, `"`))
	if slices.Contains(roles, part) {
		return part
	}
	given, ok := d.locals[part]
	if !ok {
		given = fmt.Sprintf("user%d", len(d.locals)+1)
		d.locals[part] = given
	}
	return given
}

// path returns the path of MAIL or RCPT in place of one.
func (d *disguise) path(path string) string {
	if d == nil || path == "" || slices.Contains(roles, strings.ToLower(path)) {
		return path
	}
	if _, err := envelope.ParseMailbox(path, true); err == nil {
		return d.text(path)
	}
	// Checks look up the domain of an invalid mailbox too.
	at := strings.LastIndexByte(path, '@') + 1
	if _, err := envelope.ParseHost(path[at:]); err != nil || at == 0 {
		return d.hide(path)
	}
	return d.hide(path[:at]) + d.host(path[at:])
}

// login returns the login in place of one, which may be an address.
func (d *disguise) login(login string) string {
	if d == nil {
		return login
	}
	if strings.Contains(login, "@") {
		return d.text(login)
	}
	return d.local(login)
}

// helo returns the HELO name in place of one, which may have one label.
func (d *disguise) helo(name string) string {
	if d == nil || strings.ContainsAny(name, ".:[") {
		return d.text(name)
	}
	if _, err := envelope.ParseHost(name); err != nil {
		return d.hide(name)
	}
	return d.label(name)
}

// owner returns the name in place of that of a question.
func (d *disguise) owner(q question) string {
	if d == nil {
		return q.name
	}
	return d.host(q.name) + "."
}

// data returns the data of a record as a line of the file has it.
func (d *disguise) data(kind string, r record) string {
	name := r.name
	if d != nil && name != "." && name != "" {
		name = d.host(name) + "."
	}
	switch kind {
	case "A", "AAAA":
		return d.addr(r.addr).String()
	case "MX":
		return fmt.Sprintf("%d %s", r.pref, name)
	case "TXT":
		return quoted(d.spf(r.text))
	}
	return name
}

// spf returns the text of a TXT record: each network of an SPF record becomes the
// addresses of the file that it contains.
func (d *disguise) spf(text string) string {
	if d == nil || !strings.HasPrefix(strings.ToLower(text), "v=spf1") {
		return d.text(text)
	}
	var terms []string
	for term := range strings.FieldsSeq(text) {
		kind, value, _ := strings.Cut(term, ":")
		network, err := netip.ParsePrefix(value)
		if sort := strings.ToLower(strings.TrimLeft(kind, "+-?~")); err != nil || sort != "ip4" && sort != "ip6" {
			terms = append(terms, d.text(term))
			continue
		}
		for _, inside := range d.network(network) {
			terms = append(terms, kind+":"+inside)
		}
	}
	return strings.Join(terms, " ")
}

// findKeys finds the keys of the signatures that are valid, or would be with an answer.
func (d *disguise) findKeys(f *file) {
	if f.Envelope.Message == nil {
		return
	}
	result := dkim.Evaluate(context.Background(), f.zone, &f.Envelope)
	for _, s := range result.Signatures {
		k := key{string(s.Domain), s.Selector, s.Word == "temperror"}
		if (s.Word == "pass" || k.failed) && !slices.Contains(d.keys, k) {
			d.keys = append(d.keys, k)
		}
	}
}

// replacesKey reports whether a question is for a key that the file has a line key for.
func (d *disguise) replacesKey(q question) bool {
	return d != nil && q.kind == "TXT" && slices.ContainsFunc(d.keys, func(k key) bool {
		return !k.failed && q.name == absolute(k.selector+"._domainkey."+k.domain)
	})
}

// writeKeys writes the keys of the valid signatures.
func (d *disguise) writeKeys(f *file) {
	if d == nil {
		return
	}
	for _, k := range d.keys {
		f.line("key %s %s", d.host(k.domain), d.below(k.selector))
	}
}

// signers returns the words after the name of the message that sign it.
func (d *disguise) signers() string {
	if d == nil {
		return ""
	}
	var b strings.Builder
	for _, k := range d.keys {
		b.WriteString(" signed " + d.host(k.domain) + " " + d.below(k.selector))
	}
	return b.String()
}

// uri matches a URI as its host and what follows.
var uri = regexp.MustCompile(`(://[^/?\s>]*)([/?][^\s>]*)`)

var letter = regexp.MustCompile(`[\pL\pN]`)

// message returns the message with its names replaced, and its words hidden.
func (d *disguise) message(raw []byte) []byte {
	if d == nil {
		return raw
	}
	e := envelope.NewMessage(raw)
	header, body := e.Header(), raw[len(e.Header()):]
	var b strings.Builder
	for _, field := range fields(string(header)) {
		if d.isReplaced(field) {
			continue
		}
		name, content, found := strings.Cut(field, ":")
		switch {
		case !found:
			b.WriteString(field)
		case isSignature(name):
			b.WriteString(name + ":" + d.signature(content))
		case isStructured(name):
			b.WriteString(name + ":" + uri.ReplaceAllStringFunc(d.text(content), func(found string) string {
				parts := uri.FindStringSubmatch(found)
				return parts[1] + letter.ReplaceAllString(parts[2], "x")
			}))
		default:
			b.WriteString(name + ":" + d.hide(content))
		}
	}
	return append([]byte(b.String()), hidden(body)...)
}

// fields splits a header into its fields, each with the lines that continue it.
func fields(header string) (all []string) {
	for line := range strings.SplitAfterSeq(header, "\n") {
		if n := len(all); n > 0 && line != "" && (line[0] == ' ' || line[0] == '\t') {
			all[n-1] += line
			continue
		}
		all = append(all, line)
	}
	return all
}

// isReplaced reports whether a field is a signature that the scenario makes again.
func (d *disguise) isReplaced(field string) bool {
	name, content, _ := strings.Cut(field, ":")
	if !isSignature(name) {
		return false
	}
	tags := map[string]string{}
	for tag := range strings.SplitSeq(content, ";") {
		name, value, _ := strings.Cut(tag, "=")
		tags[strings.TrimSpace(name)] = strings.ToLower(strings.TrimSpace(value))
	}
	return slices.ContainsFunc(d.keys, func(k key) bool { return k.domain == tags["d"] && k.selector == tags["s"] })
}

func isSignature(name string) bool {
	return strings.EqualFold(strings.TrimSpace(name), "DKIM-Signature")
}

// selector matches the selector of a signature.
var selector = regexp.MustCompile(`([;\s]s\s*=\s*)([^;\s]+)`)

// signature returns a signature with its names replaced.
func (d *disguise) signature(content string) string {
	return selector.ReplaceAllStringFunc(d.text(content), func(found string) string {
		parts := selector.FindStringSubmatch(found)
		return parts[1] + d.below(parts[2])
	})
}

// structured are fields whose words are not an author's.
var structured = regexp.MustCompile(`(?i)^(date|message-id|references|in-reply-to|received.*|return-path|dkim-signature|arc-.*|authentication-results|mime-version|content-.*|list-.*|precedence|auto-submitted|resent-date)\s*$`)

func isStructured(name string) bool { return structured.MatchString(name) }

// hide replaces the names in a text, and the letters outside of them.
func (d *disguise) hide(text string) string {
	var b strings.Builder
	end := 0
	for _, place := range token.FindAllStringIndex(text, -1) {
		b.WriteString(letter.ReplaceAllString(text[end:place[0]], "x"))
		b.WriteString(d.replace(text[place[0]:place[1]]))
		end = place[1]
	}
	return b.String() + letter.ReplaceAllString(text[end:], "x")
}

// hidden returns octets with every letter, digit and octet beyond ASCII as x.
func hidden(body []byte) []byte {
	body = slices.Clone(body)
	for i, c := range body {
		if c >= 0x80 || isDigit(c) || 'a' <= lower(c) && lower(c) <= 'z' {
			body[i] = 'x'
		}
	}
	return body
}
