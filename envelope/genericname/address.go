package genericname

import (
	"net/netip"
	"strconv"
	"strings"
)

// spelling is an address, or a part of one, that was found in a name.
type spelling struct {
	points int
	whose  owner
	text   string // as it stands in the name
}

type owner uint8

const (
	own     owner = iota // the client's address
	part                 // a part of it
	foreign              // an address that is not the client's, or nobody knows
)

// String says what was found, to follow "it contains".
func (s spelling) String() string {
	switch s.whose {
	case own:
		return "the client's address " + s.text
	case part:
		return "the part " + s.text + " of the client's address"
	}
	return "the address " + s.text
}

// findAddress looks for the client's address in name, then for a part of it,
// then for anything that is written like an IPv4 address.
func findAddress(name string, client netip.Addr) spelling {
	var room [16]number
	numbers := readNumbers(room[:0], name)
	switch {
	case client.Is4():
		if found := findIPv4(name, numbers, client.As4()); found.points > 0 {
			return found
		}
	case client.Is6():
		if found := findIPv6(name, client); found.points > 0 {
			return found
		}
	}
	return findForeign(name, numbers)
}

// number is a run of digits in a name.
type number struct {
	start, end int
	value      int  // 0 to 255, or -1 for what is no octet
	glue       byte // the delimiter that alone stands before it and after another number; 0 if that is not so
}

// padded is the glue between octets of three digits that follow each other
// without a delimiter.
const padded = '+'

// readNumbers appends the numbers of name. Six, nine or twelve digits that are
// octets with their zeros (192000002001) are as many numbers.
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
		var glue byte
		if n := len(numbers); n > 0 && start == numbers[n-1].end+1 && strings.IndexByte("-._x", name[start-1]) >= 0 {
			glue = name[start-1]
		}
		numbers = appendRun(numbers, name, start, end, glue)
		start = end
	}
	return numbers
}

func appendRun(numbers []number, name string, start, end int, glue byte) []number {
	if length := end - start; length <= 12 && length > 3 && length%3 == 0 {
		before := len(numbers)
		for at := start; at < end; at += 3 {
			n := number{start: at, end: at + 3, value: octet(name[at : at+3]), glue: glue}
			if n.value < 0 {
				numbers = numbers[:before]
				break
			}
			numbers, glue = append(numbers, n), padded
		}
		if len(numbers) > before {
			return numbers
		}
	}
	return append(numbers, number{start: start, end: end, value: octet(name[start:end]), glue: glue})
}

// octet returns the value of a decimal number of up to three digits, -1 if it
// has more or exceeds 255.
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

// A shape is a way to write octets of an address one after the other.
type shape struct {
	octets []int // which octets, in the order written
	points int
	whose  owner
	digits int  // how many digits they must have together to mean anything
	apart  bool // one of the gaps may hold other text: ip1.net-192-0-2.isp.example
}

// shapes are those in use, the weightiest first. Octets stand together in one
// of these orders and with delimiters or all their zeros, or else they are mere
// numbers: 1.2.1.2 would be found in the names of half the racks of the world.
var shapes = [...]shape{
	{octets: []int{0, 1, 2, 3}, points: strong, whose: own, apart: true},
	{octets: []int{3, 2, 1, 0}, points: strong, whose: own, apart: true},
	{octets: []int{3, 0, 1, 2}, points: strong, whose: own, apart: true},
	{octets: []int{2, 3, 0, 1}, points: strong, whose: own, apart: true},
	{octets: []int{0, 1, 2}, points: strong, whose: part, digits: 5},
	{octets: []int{1, 2, 3}, points: strong, whose: part, digits: 5},
	{octets: []int{3, 2, 1}, points: strong, whose: part, digits: 5},
	{octets: []int{2, 1, 0}, points: strong, whose: part, digits: 5},
	{octets: []int{2, 3}, points: slight, whose: part},
	{octets: []int{3, 2}, points: slight, whose: part},
}

// apartDigits is how many digits four octets must have to be an address with
// other text between them.
const apartDigits = 6

func (s shape) fits(run []number, address [4]byte) bool {
	digits, gaps := 0, 0
	for i, which := range s.octets {
		n := run[i]
		if n.value != int(address[which]) {
			return false
		}
		digits += n.end - n.start
		if i > 0 && n.glue == 0 {
			gaps++
		}
	}
	if gaps > 0 {
		return s.apart && gaps == 1 && digits >= apartDigits
	}
	return digits >= s.digits
}

// findIPv4 looks for an IPv4 address in decimal, in hexadecimal, as one
// number, and in part.
func findIPv4(name string, numbers []number, address [4]byte) spelling {
	if text := findHex(name, address[:]); text != "" {
		return spelling{points: strong, whose: own, text: text}
	}
	if text := findInteger(name, address); text != "" {
		return spelling{points: strong, whose: own, text: text}
	}
	for _, s := range shapes {
		for i := 0; i+len(s.octets) <= len(numbers); i++ {
			run := numbers[i : i+len(s.octets)]
			if !s.fits(run, address) {
				continue
			}
			found := spelling{points: s.points, whose: s.whose}
			start, end := run[0].start, run[len(run)-1].end
			found.text = name[start:end]
			// Labels that hold the octets and nothing else were written by a
			// formula: 2-1.isp.example, where srv2-1.isp.example may be a rack.
			if (start == 0 || name[start-1] == '.') && end < len(name) && name[end] == '.' {
				found.points = strong
			}
			return found
		}
	}
	return spelling{}
}

// findInteger looks for the address as one decimal number: 3221225985 is
// 192.0.2.1. Numbers of less than eight digits are too common.
func findInteger(name string, address [4]byte) string {
	value := uint64(address[0])<<24 | uint64(address[1])<<16 | uint64(address[2])<<8 | uint64(address[3])
	var room [10]byte
	digits := strconv.AppendUint(room[:0], value, 10)
	if len(digits) < 8 {
		return ""
	}
	for start := 0; start+len(digits) <= len(name); start++ {
		end := start + len(digits)
		if name[start:end] == string(digits) &&
			(start == 0 || !isDigit(name[start-1])) && (end == len(name) || !isDigit(name[end])) {
			return name[start:end]
		}
	}
	return ""
}

// findForeign looks for four octets that stand together with one and the same
// delimiter: an address behind a translation, or of a neighbour.
func findForeign(name string, numbers []number) spelling {
	for i := 0; i+4 <= len(numbers); i++ {
		run := numbers[i : i+4]
		glue := run[1].glue
		if glue == 0 || glue == 'x' || run[2].glue != glue || run[3].glue != glue {
			continue
		}
		if run[0].value < 1 || run[1].value < 0 || run[2].value < 0 || run[3].value < 0 {
			continue
		}
		return spelling{points: strong, whose: foreign, text: name[run[0].start:run[3].end]}
	}
	return spelling{}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }
