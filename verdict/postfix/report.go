package postfix

import (
	"fmt"
	"strings"
)

// Report says what became of each restriction.
type Report []Line

// Line is one restriction, or one parameter, of a Report.
type Line struct {
	// File and Number are where the list is. Number is 0 for a default of Postfix.
	File   string
	Number int
	// Parameter is the name of the list or parameter.
	Parameter string
	// Restriction is the restriction with its argument, "" for a parameter.
	Restriction string
	// Became is the Go source of the rules, or of the condition of later rules.
	Became []string
	// Differs says what differs from Postfix on purpose, a sentence each.
	Differs []string
	// LeftOut says why the restriction was not carried over, "" if it was.
	LeftOut string
}

// String returns the report for people, with a paragraph for each list.
func (r Report) String() string {
	var b strings.Builder
	place := ""
	for _, line := range r {
		if at := line.place(); at != place {
			if place != "" {
				b.WriteByte('\n')
			}
			place = at
			b.WriteString(at + "\n")
		}
		indent := "  "
		if line.Restriction != "" {
			fmt.Fprintf(&b, "  %s\n", line.Restriction)
			indent = "      "
		}
		for _, became := range line.Became {
			fmt.Fprintf(&b, "%s= %s\n", indent, became)
		}
		for _, differs := range line.Differs {
			fmt.Fprintf(&b, "%sdiffers: %s\n", indent, differs)
		}
		if line.LeftOut != "" {
			fmt.Fprintf(&b, "%sLEFT OUT: %s\n", indent, line.LeftOut)
		}
	}
	return b.String()
}

func (l Line) place() string {
	if l.Number == 0 {
		return fmt.Sprintf("%s (default): %s", l.File, l.Parameter)
	}
	return fmt.Sprintf("%s:%d: %s", l.File, l.Number, l.Parameter)
}

// LeftOut returns the lines that were not carried over.
func (r Report) LeftOut() Report {
	var left Report
	for _, line := range r {
		if line.LeftOut != "" {
			left = append(left, line)
		}
	}
	return left
}
