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
	parameter := ""
	for _, line := range r {
		if line.Parameter != parameter {
			if parameter != "" {
				b.WriteByte('\n')
			}
			parameter = line.Parameter
			b.WriteString(parameter + "\n")
		}
		fmt.Fprintf(&b, "  %s\n", strings.TrimSpace(line.at()+": "+line.Restriction))
		for _, became := range line.Became {
			fmt.Fprintf(&b, "      = %s\n", became)
		}
		for _, differs := range line.Differs {
			fmt.Fprintf(&b, "      differs: %s\n", differs)
		}
		if line.LeftOut != "" {
			fmt.Fprintf(&b, "      LEFT OUT: %s\n", line.LeftOut)
		}
	}
	return b.String()
}

// at returns the place of the restriction in the file.
func (l Line) at() string {
	if l.Number == 0 {
		return l.File + " (default)"
	}
	return fmt.Sprintf("%s:%d", l.File, l.Number)
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
