package postfix

import (
	"fmt"
	"go/format"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mxrules.example/verdict"
)

// program is a policy with the Go source that builds it.
type program struct {
	file  string
	soft  bool
	decls []declaration
	texts []string // of tables
	rules []placed
}

// declaration is a variable of the source.
type declaration struct {
	name, source string
	fails        bool // the source returns an error too
}

// placed is a rule with the comment before it.
type placed struct {
	rule
	comment string
}

func (p *program) policy() verdict.Policy {
	policy := verdict.Policy{Soft: p.soft}
	for _, r := range p.rules {
		policy.Rules = append(policy.Rules, r.rule.rule)
	}
	return policy
}

// declare returns the name of a variable with this source. Equal sources share one.
func (p *program) declare(name, source string) string { return p.variable(name, source, false) }

// declareOrFail is declare for a source that returns an error too.
func (p *program) declareOrFail(name, source string) string { return p.variable(name, source, true) }

func (p *program) variable(name, source string, fails bool) string {
	for _, d := range p.decls {
		if d.source == source {
			return d.name
		}
	}
	free := name
	for n := 2; slices.ContainsFunc(p.decls, func(d declaration) bool { return d.name == free }); n++ {
		free = name + strconv.Itoa(n)
	}
	p.decls = append(p.decls, declaration{free, source, fails})
	return free
}

// declareAccess returns the name of a variable with an access table.
func (p *program) declareAccess(a *Access, reference string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(reference, "proxy:"), ":")
	table := p.declareOrFail(a.Of.String()+"Table", fmt.Sprintf("postfix.ParseTable(%q, %q, %s)", kind, a.Table.name, p.text(a.Table.text)))
	fields := fmt.Sprintf("Of: postfix.%s, Table: %s", partNames[a.Of], table)
	if a.Strict {
		fields += ", Strict: true"
	}
	if a.Delimiter != "" {
		fields += fmt.Sprintf(", Delimiter: %q", a.Delimiter)
	}
	if a.Null != "" && a.Null != "<>" {
		fields += fmt.Sprintf(", Null: %q", a.Null)
	}
	if a.RejectCode != 554 {
		fields += fmt.Sprintf(", RejectCode: %d", a.RejectCode)
	}
	if a.DeferCode != 450 {
		fields += fmt.Sprintf(", DeferCode: %d", a.DeferCode)
	}
	return p.declare(a.Of.String()+"Access", "&postfix.Access{"+fields+"}")
}

var partNames = [...]string{Client: "Client", ReverseClient: "ReverseClient", Helo: "Helo", Sender: "Sender", Recipient: "Recipient"}

// text returns the name of the constant with the text of a table.
func (p *program) text(text string) string {
	i := slices.Index(p.texts, text)
	if i < 0 {
		i = len(p.texts)
		p.texts = append(p.texts, text)
	}
	return "table" + strconv.Itoa(i+1)
}

// packages are those that the source can need, by their names.
var packages = map[string]string{
	"client":    "mxrules.example/envelope/client",
	"directory": "mxrules.example/envelope/directory",
	"dnsbl":     "mxrules.example/rdns/dnsbl",
	"envelope":  "mxrules.example/envelope",
	"greylist":  "mxrules.example/greylist",
	"helo":      "mxrules.example/helo",
	"netip":     "net/netip",
	"postfix":   "mxrules.example/verdict/postfix",
	"rdns":      "mxrules.example/rdns",
	"recipient": "mxrules.example/envelope/recipient",
	"sender":    "mxrules.example/envelope/sender",
	"spf":       "mxrules.example/spf",
	"verdict":   "mxrules.example/verdict",
}

var (
	literal   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	qualifier = regexp.MustCompile(`\b([a-z]+)\.[A-Z]`)
)

// Source returns Go source of a package with this name: a function Policy that builds
// the policy.
func (im *Import) Source(name string) ([]byte, error) {
	p := &im.program
	body := p.body()
	imports := map[string]bool{}
	for _, m := range qualifier.FindAllStringSubmatch(literal.ReplaceAllString(body, `""`), -1) {
		if path := packages[m[1]]; path != "" {
			imports[path] = true
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// Package %s has the rules of %s.\npackage %[1]s\n\nimport (\n", name, comment(p.file))
	for _, standard := range []bool{true, false} {
		var paths []string
		for path := range imports {
			if strings.HasPrefix(path, "mxrules") != standard {
				paths = append(paths, strconv.Quote(path))
			}
		}
		slices.Sort(paths)
		b.WriteString(strings.Join(paths, "\n") + "\n\n")
	}
	b.WriteString(")\n\n" + body)
	for i, text := range p.texts {
		fmt.Fprintf(&b, "\nconst table%d = %s\n", i+1, textLiteral(text))
	}
	return format.Source([]byte(b.String()))
}

// used returns the declarations that the rules need. A condition that no rule follows
// leaves others.
func (p *program) used() []declaration {
	var source strings.Builder
	for _, r := range p.rules {
		source.WriteString(r.source + "\n")
	}
	var used []declaration
	for _, d := range slices.Backward(p.decls) {
		if regexp.MustCompile(`\b` + d.name + `\b`).MatchString(literal.ReplaceAllString(source.String(), `""`)) {
			used = append(used, d)
			source.WriteString(d.source + "\n")
		}
	}
	slices.Reverse(used)
	return used
}

// body returns the source of the function.
func (p *program) body() string {
	var b strings.Builder
	b.WriteString("// Policy judges as the restrictions do. The comments name them.\nfunc Policy() (verdict.Policy, error) {\n")
	for _, d := range p.used() {
		if d.fails {
			fmt.Fprintf(&b, "%s, err := %s\nif err != nil {\nreturn verdict.Policy{}, err\n}\n", d.name, d.source)
		} else {
			fmt.Fprintf(&b, "%s := %s\n", d.name, d.source)
		}
	}
	b.WriteString("policy := verdict.Policy{\n")
	if p.soft {
		b.WriteString("Soft: true,\n")
	}
	b.WriteString("Rules: verdict.Rules{\n")
	last := ""
	for _, r := range p.rules {
		if r.comment != last {
			fmt.Fprintf(&b, "// %s\n", comment(r.comment))
			last = r.comment
		}
		b.WriteString(r.source + ",\n")
	}
	b.WriteString("},\n}\nreturn policy, policy.Validate()\n}\n")
	return b.String()
}

// comment returns text in a form that cannot end a comment.
func comment(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == 0xfeff || c == 0x2028 || c == 0x2029 || c == '\ufffd' {
			return ' '
		}
		return c
	}, text)
}

// textLiteral returns the source of a string, with a line for each line of it.
func textLiteral(text string) string {
	if strconv.CanBackquote(strings.ReplaceAll(text, "\n", "")) {
		return "`" + text + "`"
	}
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strconv.Quote(line))
	}
	return strings.Join(lines, " +\n")
}
