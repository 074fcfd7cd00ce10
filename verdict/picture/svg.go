package picture

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/internal/draw"
)

// Places of the picture, in pixels from its left and upper edges.
const (
	width     = 1120
	left      = 24
	spine     = left + 16
	nameLeft  = left + 42
	doesLeft  = 436
	pillLeft  = doesLeft + 98
	lanesLeft = 716
	laneWidth = 50
	asksLeft  = lanesLeft + lanes*laneWidth + 22

	rowHeight    = 30
	detailHeight = 15
	pillHeight   = 20
)

// The characters of a text that fit in its place.
const (
	titleLength  = 110
	nameLength   = 46
	detailLength = 56
	actionLength = 22
)

// lanes is the number of commands from which a check can answer: the client connects,
// HELO, MAIL, RCPT, DATA.
const lanes = 5

// word returns the command of a stage.
func word(stage envelope.Stage) string {
	switch stage {
	case envelope.Helo, envelope.Mail, envelope.Rcpt, envelope.Data:
		return strings.ToUpper(stage.String())
	}
	return "connect"
}

// SVG writes a picture with a row for each rule, in order: its name and conditions, what
// it does for which outcome of its check, from which command on its checks answer, and
// what it asks DNS. It fits light and dark pages, and needs no other file.
func SVG(w io.Writer, title string, p verdict.Policy) error {
	rules := newRules(p.Rules)
	s := svg{}
	s.head(clean(title), rules)
	for _, r := range rules {
		s.rule(r)
	}
	s.end()
	_, err := io.WriteString(w, s.document(clean(title)))
	return err
}

// svg is a picture that grows downwards.
type svg struct {
	stripes strings.Builder // below everything else
	body    strings.Builder
	y       float64 // the lower end of what is drawn
	top     float64 // the upper end of the rows
	last    float64 // the middle of the last row
}

func (s *svg) printf(format string, args ...any) { fmt.Fprintf(&s.body, format+"\n", args...) }

func (s *svg) text(x, y float64, class, text string) {
	s.printf(`<text x="%.1f" y="%.1f" class="%s">%s</text>`, x, y, class, draw.Escape(text))
}

// head draws the title and the heads of the columns.
func (s *svg) head(title string, rules []rule) {
	s.y = 36
	s.text(left, s.y, "title", draw.Cut(title, titleLength))
	s.y += 20
	s.text(left, s.y, "note", tally(rules))
	s.y += 17
	s.text(left, s.y, "note", "Rules are tried from top to bottom. The first that accepts, rejects or answers with a tempfail (try again later) decides. Otherwise the next is tried.")
	s.y += 34
	s.text(left, s.y, "head", "rule, with its conditions")
	s.text(doesLeft, s.y, "head", "when its check")
	s.text(pillLeft, s.y, "head", "it does")
	for i := range lanes {
		s.text(s.lane(i)+laneWidth/2, s.y, "head middle", word(envelope.Connect+envelope.Stage(i)))
	}
	s.text(lanesLeft, s.y-16, "head", "can be known from the command")
	s.text(asksLeft, s.y, "head", "asks DNS for")
	s.y += 8
	s.top = s.y
}

func (s *svg) lane(i int) float64 { return lanesLeft + float64(i*laneWidth) }

// rule draws the row of a rule.
func (s *svg) rule(r rule) {
	var details []string
	for _, detail := range r.details {
		details = append(details, draw.Wrap(detail, detailLength, 3)...)
	}
	height := float64(max(rowHeight+detailHeight*len(details), rowHeight*len(r.does)))
	if r.number%2 == 1 {
		fmt.Fprintf(&s.stripes, `<rect x="%d" y="%.1f" width="%d" height="%.1f" class="stripe"/>`+"\n", left-8, s.y, width-2*left+16, height)
	}
	base := s.y + 20
	s.printf("<g>")
	s.place(base-4, fmt.Sprint(r.number), trial("place", r.shadow))
	s.text(nameLeft, base, "name", draw.Cut(r.name, nameLength))
	for i, detail := range details {
		s.text(nameLeft, base+float64(detailHeight*(i+1)), "note", detail)
	}
	for i, d := range r.does {
		s.does(d, base+float64(rowHeight*i), r.shadow)
	}
	s.span(r.from, base-4)
	asks := join(r.asks)
	if asks == "" {
		asks = "-"
	}
	s.text(asksLeft, base, "kinds", asks)
	s.printf("</g>")
	s.y += height
}

// trial returns the class of a part of a rule, which may be a shadow rule.
func trial(class string, shadow bool) string {
	if shadow {
		return class + " trial"
	}
	return class
}

// place draws the place of a rule on the way from top to bottom.
func (s *svg) place(y float64, number, class string) {
	s.printf(`<circle cx="%d" cy="%.1f" r="11" class="%s"/>`, spine, y, class)
	s.text(spine, y+4, "number", number)
}

// does draws what a rule does for an outcome.
func (s *svg) does(d does, base float64, shadow bool) {
	s.text(doesLeft, base, "", d.when())
	s.pill(d, base, shadow)
}

func (s *svg) pill(d does, base float64, shadow bool) {
	what := draw.Cut(d.what(), actionLength)
	wide := 22 + 7.2*float64(utf8.RuneCountInString(what))
	s.printf(`<rect x="%d" y="%.1f" width="%.1f" height="%d" rx="10" class="%s"/>`,
		pillLeft, base-14, wide, pillHeight, trial(d.action.String(), shadow))
	s.text(pillLeft+wide/2, base, "middle", what)
}

// span draws from which command on a rule can be known.
func (s *svg) span(from envelope.Stage, y float64) {
	first := 0
	if from > envelope.Connect {
		first = int(from - envelope.Connect)
	}
	x := s.lane(first) + laneWidth/2
	s.printf(`<rect x="%.1f" y="%.1f" width="%.1f" height="4" rx="2" class="span"/>`, x, y-2, s.lane(lanes)-x)
	s.printf(`<circle cx="%.1f" cy="%.1f" r="5" class="from"/>`, x, y)
}

// end draws what happens if no rule decides, and explains what the columns do not.
func (s *svg) end() {
	base := s.y + 20
	s.last = base - 4
	s.printf(`<circle cx="%d" cy="%.1f" r="5" class="from"/>`, spine, s.last)
	s.text(nameLeft, base, "", "no rule decided")
	s.pill(does{action: verdict.Accept}, base, false)
	s.y = base + 16
	for _, line := range [...]string{
		"A rule decides at the command with its dot, or later, if a rule before it is not known yet and could decide otherwise. A mark decides nothing.",
		"The questions to DNS are those about an ordinary message. Rules that need the same answer share it.",
	} {
		s.y += 16
		s.text(left, s.y, "note", line)
	}
}

// document returns the whole picture.
func (s *svg) document(title string) string {
	height := s.y + 20
	var grid strings.Builder
	for i := range lanes {
		x := s.lane(i) + laneWidth/2
		fmt.Fprintf(&grid, `<path d="M%.1f %.1fV%.1f" class="grid"/>`+"\n", x, s.top, s.last-16)
	}
	fmt.Fprintf(&grid, `<path d="M%d %.1fV%.1f" class="line"/>`+"\n", spine, s.top+16, s.last)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" width="%d" height="%.0f" class="policy" role="img">`+"\n"+
		"<title>%s</title>\n<style>%s</style>\n"+
		`<rect width="%d" height="%.0f" class="page"/>`+"\n%s%s%s</svg>\n",
		width, height, width, height, draw.Escape(title), style, width, height, s.stripes.String(), grid.String(), s.body.String())
}
