package postfix

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Bounds of an expansion, which a hostile file can otherwise make exponential.
const (
	maxDepth    = 20
	maxExpanded = 1 << 20
	maxSteps    = 10000
)

var (
	errDepth = fmt.Errorf("the parameter refers to others more than %d deep, or to itself", maxDepth)
	errSteps = fmt.Errorf("the value has more than %d references to parameters", maxSteps)
	errLong  = fmt.Errorf("the value has more than %d octets", maxExpanded)
)

// expander replaces $name, ${name}, $(name), ${name?text}, ${name:text},
// ${name?{text}:{text}} and ${{text} == {text} ? {text} : {text}} (postconf(5)).
type expander struct {
	lookup  func(name string) (string, error) // the value, not expanded
	written int
	steps   int // references to parameters
}

func (x *expander) expand(text string, depth int) (string, error) {
	if depth > maxDepth {
		return "", errDepth
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		if x.written += len(before); x.written > maxExpanded {
			return "", errLong
		}
		if !found {
			return b.String(), nil
		}
		value, after, err := x.reference(rest, depth)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		text = after
	}
}

// reference expands what follows a $, and returns the text after it.
func (x *expander) reference(rest string, depth int) (value, after string, err error) {
	switch {
	case rest == "":
		return "", "", errors.New("a $ ends the value")
	case rest[0] == '$':
		return "$", rest[1:], nil
	case rest[0] == '{' || rest[0] == '(':
		inner, after, err := enclosed(rest)
		if err != nil {
			return "", "", err
		}
		value, err = x.braced(strings.TrimSpace(inner), depth)
		return value, after, err
	}
	n := 0
	for n < len(rest) && isName(rest[n:n+1]) {
		n++
	}
	if n == 0 {
		return "", "", fmt.Errorf("%q is not a reference to a parameter", "$"+excerpt(rest))
	}
	value, err = x.parameter(rest[:n], depth)
	return value, rest[n:], err
}

func (x *expander) parameter(name string, depth int) (string, error) {
	if x.steps++; x.steps > maxSteps {
		return "", errSteps
	}
	value, err := x.lookup(name)
	if err != nil {
		return "", err
	}
	return x.expand(value, depth+1)
}

// braced expands the inside of ${...}.
func (x *expander) braced(inner string, depth int) (string, error) {
	if strings.HasPrefix(inner, "{") {
		return x.conditional(inner, depth)
	}
	i := strings.IndexAny(inner, "?:")
	name := inner
	if i >= 0 {
		name = inner[:i]
	}
	if name = strings.TrimSpace(name); !isName(name) {
		return "", fmt.Errorf("%q is not the name of a parameter", excerpt(name))
	}
	value, err := x.parameter(name, depth)
	if err != nil || i < 0 {
		return value, err
	}
	return x.choose(value != "" == (inner[i] == '?'), inner[i+1:], depth)
}

// conditional expands {text} operator {text} ? then : else.
func (x *expander) conditional(inner string, depth int) (string, error) {
	left, rest, err := x.operand(inner, depth)
	if err != nil {
		return "", err
	}
	rest = strings.TrimSpace(rest)
	i := strings.IndexAny(rest, " \t{")
	if i <= 0 {
		return "", fmt.Errorf("%q has no comparison", excerpt(inner))
	}
	operator, rest := rest[:i], strings.TrimSpace(rest[i:])
	level := strings.HasSuffix(operator, "level")
	if !level && strings.HasPrefix(rest, "level") {
		level, rest = true, strings.TrimSpace(rest[len("level"):])
	}
	right, rest, err := x.operand(rest, depth)
	if err != nil {
		return "", err
	}
	holds, err := compare(strings.TrimSuffix(operator, "level"), left, right, level)
	if err != nil {
		return "", err
	}
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return map[bool]string{true: "bool"}[holds], nil
	}
	if rest[0] != '?' && rest[0] != ':' {
		return "", fmt.Errorf("%q has neither ? nor : after the comparison", excerpt(inner))
	}
	return x.choose(holds == (rest[0] == '?'), rest[1:], depth)
}

func (x *expander) operand(text string, depth int) (value, rest string, err error) {
	inner, rest, err := enclosed(text)
	if err != nil {
		return "", "", err
	}
	value, err = x.expand(strings.TrimSpace(inner), depth+1)
	return value, rest, err
}

// choose expands the first of the alternatives "{then}:{else}" if holds, otherwise the
// second, which may be missing. Without braces there is one alternative.
func (x *expander) choose(holds bool, alternatives string, depth int) (string, error) {
	then, otherwise := alternatives, ""
	if trimmed := strings.TrimSpace(alternatives); strings.HasPrefix(trimmed, "{") {
		inner, rest, err := enclosed(trimmed)
		if err != nil {
			return "", err
		}
		then = strings.TrimSpace(inner)
		if rest = strings.TrimSpace(rest); rest != "" {
			rest, found := strings.CutPrefix(rest, ":")
			if otherwise = strings.TrimSpace(rest); !found {
				return "", fmt.Errorf("%q follows an alternative, and is not another", excerpt(rest))
			}
			if strings.HasPrefix(otherwise, "{") {
				if otherwise, _, err = enclosed(otherwise); err != nil {
					return "", err
				}
				otherwise = strings.TrimSpace(otherwise)
			}
		}
	}
	if holds {
		return x.expand(then, depth+1)
	}
	return x.expand(otherwise, depth+1)
}

// enclosed returns the text in the bracket that text begins with, and what follows.
func enclosed(text string) (inner, rest string, err error) {
	if text == "" || text[0] != '{' && text[0] != '(' {
		return "", "", fmt.Errorf("%q does not begin with a brace", excerpt(text))
	}
	begin, end := text[0], byte('}')
	if begin == '(' {
		end = ')'
	}
	open := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case begin:
			open++
		case end:
			if open--; open == 0 {
				return text[1:i], text[i+1:], nil
			}
		}
	}
	return "", "", fmt.Errorf("%q has no closing %c", excerpt(text), end)
}

func compare(operator, left, right string, level bool) (bool, error) {
	order := strings.Compare(left, right)
	if level {
		order = compareLevels(left, right)
	} else if a, err := strconv.Atoi(left); err == nil {
		if b, err := strconv.Atoi(right); err == nil {
			order = a - b
		}
	}
	switch operator {
	case "==":
		return order == 0, nil
	case "!=":
		return order != 0, nil
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	case ">=":
		return order >= 0, nil
	}
	return false, fmt.Errorf("%q is not a comparison", excerpt(operator))
}

// compareLevels compares values of compatibility_level, such as 3.6.
func compareLevels(a, b string) int {
	for a != "" || b != "" {
		var first, second string
		first, a, _ = strings.Cut(a, ".")
		second, b, _ = strings.Cut(b, ".")
		m, _ := strconv.Atoi(first)
		n, _ := strconv.Atoi(second)
		if m != n {
			return m - n
		}
	}
	return 0
}
