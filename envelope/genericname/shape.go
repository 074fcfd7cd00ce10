package genericname

import (
	"slices"
	"strings"
)

// A shape is a way to write octets of an address one after the other. They
// stand together, with delimiters or all their zeros, but for the gaps of the
// shape: 1.2.1.2 would be found in the names of half the racks of the world.
type shape struct {
	octets []int // which octets, in the order written
	points int
	digits int // how many digits they must have together to mean anything
	gaps   int // how many gaps between them hold other text
}

// wholes are the orders in which a whole address stands with other text in one
// gap: 1.red-192-0-2, ip1.net-192-0-2. Without a gap every order counts.
var wholes = [...]shape{
	{octets: []int{0, 1, 2, 3}, points: strong, digits: 6, gaps: 1},
	{octets: []int{3, 2, 1, 0}, points: strong, digits: 6, gaps: 1},
	{octets: []int{3, 0, 1, 2}, points: strong, digits: 6, gaps: 1},
	{octets: []int{2, 3, 0, 1}, points: strong, digits: 6, gaps: 1},
}

// parts are the parts of an address in use, the weightiest first.
var parts = [...]shape{
	{octets: []int{0, 1, 2}, points: strong, digits: 5},
	{octets: []int{1, 2, 3}, points: strong, digits: 5},
	{octets: []int{3, 2, 1}, points: strong, digits: 5},
	{octets: []int{2, 1, 0}, points: strong, digits: 5},
	{octets: []int{3, 0, 1}, points: slight, digits: 4, gaps: 1}, // a-1-7-27.w198-51.abo
	{octets: []int{2, 3}, points: slight},
	{octets: []int{3, 2}, points: slight},
}

// bareDigits is how many digits two octets must have to be no chance where no
// word says more.
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

// isWhole reports whether the four numbers of run are those of address.
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

// findPart looks for octets of the client's address.
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
				// Labels that hold the octets and nothing else were written by a
				// formula: 2-1.isp.example, where srv2-1.isp.example may be a rack.
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
