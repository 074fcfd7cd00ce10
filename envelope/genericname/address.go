package genericname

import (
	"net/netip"
	"strconv"
	"strings"
)

// spelling is an address, or a part of one, in a name.
type spelling struct {
	points int
	whose  owner
	text   string // as written in the name
	bare   bool   // ends its label, has at least bareDigits digits, and is the first number of the label
}

type owner uint8

const (
	own     owner = iota // the address of the client
	part                 // a part of the address of the client
	foreign              // another address, or that of an unknown client
)

// String returns a text to follow "it contains".
func (s spelling) String() string {
	switch s.whose {
	case own:
		return "the client's address " + s.text
	case part:
		return "the part " + s.text + " of the client's address"
	}
	return "the address " + s.text
}

// findAddress searches name for the address of the client, then for any IPv4
// address, then for a part of the address of the client. The order matters: for a
// client 9.9.3.4, 1-2-3-4 is an address and not only a part.
func findAddress(name string, client netip.Addr) spelling {
	var room [16]number
	numbers := readNumbers(room[:0], name)
	if client.Is6() {
		if found := findIPv6(name, client); found.points > 0 {
			return found
		}
	}
	if client.Is4() {
		if text := findIPv4(name, numbers, client.As4()); text != "" {
			return spelling{points: strong, whose: own, text: text}
		}
	}
	if text := findForeign(name, numbers); text != "" {
		return spelling{points: strong, whose: foreign, text: text}
	}
	if client.Is4() {
		return findPart(name, numbers, client.As4())
	}
	return spelling{}
}

// findIPv4 searches for an IPv4 address in decimal, in hexadecimal, and as one
// number.
func findIPv4(name string, numbers []number, address [4]byte) string {
	for _, matches := range [...]func([]number, [4]byte) bool{isOrdered, isWhole} {
		for i := 0; i+len(address) <= len(numbers); i++ {
			run := numbers[i : i+len(address)]
			if matches(run, address) {
				return name[run[0].start:run[3].end]
			}
		}
	}
	if text := findHex(name, address[:]); text != "" {
		return text
	}
	return findInteger(name, address)
}

// findInteger searches for an address as one decimal number: 3221225985 is
// 192.0.2.1. Numbers of fewer than eight digits are too common.
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

// findForeign searches for any four octets with the same delimiter between them,
// such as an address of a private network.
func findForeign(name string, numbers []number) string {
	for i := 0; i+4 <= len(numbers); i++ {
		run := numbers[i : i+4]
		between := run[1].glue
		if strings.IndexByte("-._+", byte(between)) < 0 || run[2].glue != between || run[3].glue != between {
			continue
		}
		if run[0].value < 1 || run[1].value < 0 || run[2].value < 0 || run[3].value < 0 {
			continue
		}
		return name[run[0].start:run[3].end]
	}
	return ""
}
