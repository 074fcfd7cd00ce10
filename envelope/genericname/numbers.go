package genericname

import "strings"

// number is a run of digits in a name.
type number struct {
	start, end int
	value      int  // 0 to 255, or -1 if it is not an octet
	glue       glue // the text between it and the number before
}

// glue is the text between two numbers: a delimiter, which is its own value, or one
// of these.
type glue byte

const (
	apart   glue = 0   // other text: the numbers do not belong together
	padded  glue = '+' // no text, between octets of three digits
	network glue = 'n' // a dot and a word for a network: host27.net100
)

// readNumbers appends the numbers of name. Six, nine or twelve digits that are
// octets of three digits (192000002001) are two, three or four numbers.
func readNumbers(numbers []number, name string) []number {
	for start := 0; start < len(name); {
		end := start
		for end < len(name) && isDigit(name[end]) {
			end++
		}
		if end == start {
			start++
			continue
		}
		before := apart
		if n := len(numbers); n > 0 {
			before = glueOf(name[numbers[n-1].end:start])
		}
		numbers = appendRun(numbers, name, start, end, before)
		start = end
	}
	return numbers
}

// glueOf classifies the text between two numbers.
func glueOf(between string) glue {
	if len(between) == 1 && strings.Contains("-._x", between) {
		return glue(between[0])
	}
	if word, ok := strings.CutPrefix(between, "."); ok && networks[strings.TrimSuffix(word, "-")] {
		return network
	}
	return apart
}

// appendRun appends the numbers of a run of digits: its octets if all have three
// digits, otherwise one number.
func appendRun(numbers []number, name string, start, end int, before glue) []number {
	itself := number{start: start, end: end, value: octet(name[start:end]), glue: before}
	if length := end - start; length <= 3 || length > 12 || length%3 != 0 {
		return append(numbers, itself)
	}
	octets := numbers
	for at := start; at < end; at += 3 {
		value := octet(name[at : at+3])
		if value < 0 {
			return append(numbers, itself)
		}
		octets = append(octets, number{start: at, end: at + 3, value: value, glue: before})
		before = padded
	}
	return octets
}

// octet returns the value of a decimal number, -1 if it has more than three digits
// or exceeds 255.
func octet(digits string) int {
	if len(digits) > 3 {
		return -1
	}
	value := 0
	for i := range len(digits) {
		value = value*10 + int(digits[i]-'0')
	}
	if value > 255 {
		return -1
	}
	return value
}

// digits returns the total number of digits of numbers.
func digits(run []number) int {
	sum := 0
	for _, n := range run {
		sum += n.end - n.start
	}
	return sum
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }
