package genericname

import (
	"slices"
	"strings"
)

// shape is a way to write octets of an address in a name. Between them is a
// delimiter, or nothing if they have three digits, except in the gaps of the
// shape. The minimum of digits avoids false positives: the name of many servers
// in racks has numbers such as 1.2.1.2.
type shape struct {
	octets []int // the indexes of the octets in the order of writing
	points int
	digits int // the minimum of the total number of digits
	gaps   int // the number of gaps with other text between two octets
}

// wholes are the shapes of a whole address with other text in one gap, such as
// 1.red-192-0-2 and ip1.net-192-0-2. Without a gap any order is an address.
var wholes = [...]shape{
	{octets: []int{0, 1, 2, 3}, points: strong, digits: 6, gaps: 1},
	{octets: []int{3, 2, 1, 0}, points: strong, digits: 6, gaps: 1},
	{octets: []int{3, 0, 1, 2}, points: strong, digits: 6, gaps: 1},
	{octets: []int{2, 3, 0, 1}, points: strong, digits: 6, gaps: 1},
}

// parts are the shapes of a part of an address, those with most points first.
var parts = [...]shape{
	{octets: []int{0, 1, 2}, points: strong, digits: 5},
	{octets: []int{1, 2, 3}, points: strong, digits: 5},
	{octets: []int{3, 2, 1}, points: strong, digits: 5},
	{octets: []int{2, 1, 0}, points: strong, digits: 5},
	{octets: []int{3, 0, 1}, points: slight, digits: 4, gaps: 1}, // a-1-7-27.w198-51.abo
	{octets: []int{2, 3}, points: slight},
	{octets: []int{3, 2}, points: slight},
}

// bareDigits is the minimum of digits of two octets that are a sign without a word.
const bareDigits = 4

// fits reports whether the numbers of run are the octets of address.
func (s shape) fits(run []number, address [4]byte) bool {
	gaps := 0
	for i, which := range s.octets {
		if run[i].value != int(address[which]) {
			return false
		}
		if i > 0 && run[i].glue == apart {
			gaps++
		}
	}
	return gaps == s.gaps && digits(run) >= s.digits
}

// isOrdered reports whether the four numbers of run are the octets of address, forwards
// or backwards. It goes before isWhole, which takes 2-3-120-1 in ec2-3-120-1-2 for the
// address 3.120.1.2.
func isOrdered(run []number, address [4]byte) bool {
	forwards, backwards := true, true
	for i, n := range run {
		if i > 0 && n.glue == apart {
			return false
		}
		forwards = forwards && n.value == int(address[i])
		backwards = backwards && n.value == int(address[len(address)-1-i])
	}
	return forwards || backwards
}

// isWhole reports whether the four numbers of run are the octets of address.
func isWhole(run []number, address [4]byte) bool {
	for _, s := range wholes {
		if s.fits(run, address) {
			return true
		}
	}
	var octets [4]byte
	for i, n := range run {
		if n.value < 0 || i > 0 && n.glue == apart {
			return false
		}
		octets[i] = byte(n.value)
	}
	slices.Sort(octets[:])
	slices.Sort(address[:])
	return octets == address
}

// findPart searches for a part of an address.
func findPart(name string, numbers []number, address [4]byte) spelling {
	for _, s := range parts {
		for i := 0; i+len(s.octets) <= len(numbers); i++ {
			run := numbers[i : i+len(s.octets)]
			if !s.fits(run, address) {
				continue
			}
			start, end := run[0].start, run[len(run)-1].end
			found := spelling{points: s.points, whose: part, text: name[start:end]}
			if end < len(name) && name[end] == '.' {
				before := name[strings.LastIndexByte(name[:start], '.')+1 : start]
				// A label of octets only is generated: 2-1.isp.example. With a word
				// they may be numbers of servers: srv2-1.isp.example.
				if before == "" {
					found.points = strong
				}
				found.bare = digits(run) >= bareDigits && !strings.ContainsAny(before, "0123456789")
			}
			return found
		}
	}
	return spelling{}
}
