package genericname

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// findHex searches for octets in hexadecimal, forwards or backwards, with or
// without a delimiter between two octets.
func findHex(name string, octets []byte) string {
	var room, back [32]byte
	digits := hex.AppendEncode(room[:0], octets)
	if text := findDigits(name, digits, 2); text != "" {
		return text
	}
	reversed := append(back[:0], octets...)
	slices.Reverse(reversed)
	return findDigits(name, hex.AppendEncode(room[:0], reversed), 2)
}

// findDigits searches for a sequence of hexadecimal digits, with at most one
// delimiter after each group. No decimal digit may precede it, and no hexadecimal
// digit may follow it. A letter may precede it as a prefix, as in p5ddc1234.
func findDigits(name string, digits []byte, group int) string {
	for start := 0; start+len(digits) <= len(name); start++ {
		if start > 0 && isDigit(name[start-1]) {
			continue
		}
		at, ok := start, true
		for i := 0; ok && i < len(digits); i++ {
			if i > 0 && i%group == 0 && at < len(name) && isDelimiter(name[at]) {
				at++
			}
			ok = at < len(name) && name[at] == digits[i]
			at++
		}
		if ok && (at == len(name) || !isHex(name[at])) {
			return name[start:at]
		}
	}
	return ""
}

// findIPv6 searches for an IPv6 address: its hexadecimal digits forwards or
// backwards, its groups with or without leading zeros, its compressed form, and
// its halves.
func findIPv6(name string, client netip.Addr) spelling {
	address := client.As16()
	var room [32]byte
	nibbles := hex.AppendEncode(room[:0], address[:])
	text := findDigits(name, nibbles, 1)
	if text == "" {
		slices.Reverse(nibbles)
		text = findDigits(name, nibbles, 1)
	}
	var groups [8]uint16
	for i := range groups {
		groups[i] = uint16(address[2*i])<<8 | uint16(address[2*i+1])
	}
	if text == "" {
		text = findGroups(name, groups[:])
	}
	if text == "" {
		text = findCompressed(name, client)
	}
	if text != "" {
		return spelling{points: strong, whose: own, text: text}
	}
	for _, half := range [...][]uint16{groups[:4], groups[4:]} {
		if mostlyZero(half) {
			continue
		}
		if text := findGroups(name, half); text != "" {
			return spelling{points: strong, whose: part, text: text}
		}
	}
	return spelling{}
}

// mostlyZero reports whether fewer than two groups are not zero: 0-0-0-25 need not
// be a part of an address.
func mostlyZero(groups []uint16) bool {
	filled := 0
	for _, group := range groups {
		if group != 0 {
			filled++
		}
	}
	return filled < 2
}

// findGroups searches for groups of an IPv6 address with a delimiter between them,
// which is optional after a group of four digits.
func findGroups(name string, groups []uint16) string {
	for start := range len(name) {
		if start > 0 && isDigit(name[start-1]) {
			continue
		}
		at, ok := start, true
		for i := 0; ok && i < len(groups); i++ {
			if i > 0 && at < len(name) && isDelimiter(name[at]) {
				at++
			}
			at, ok = matchGroup(name, at, groups[i])
		}
		if ok && (at == len(name) || !isHex(name[at])) {
			return name[start:at]
		}
	}
	return ""
}

// matchGroup matches a group at an index of name: with four digits, or without
// leading zeros and with no hexadecimal digit after it.
func matchGroup(name string, at int, group uint16) (end int, ok bool) {
	var room [8]byte
	short := strconv.AppendUint(room[:0], uint64(group), 16)
	zeros := 4 - len(short)
	if strings.HasPrefix(name[at:], "0000"[:zeros]) && strings.HasPrefix(name[at+zeros:], string(short)) {
		return at + 4, true
	}
	if strings.HasPrefix(name[at:], string(short)) {
		end = at + len(short)
		return end, end == len(name) || !isHex(name[end])
	}
	return at, false
}

// findCompressed searches for an address in its usual text form with hyphens
// instead of colons: 2001-db8--1.
func findCompressed(name string, client netip.Addr) string {
	text := strings.ReplaceAll(client.String(), ":", "-")
	start := strings.Index(name, text)
	if start < 0 || !strings.Contains(text, "--") {
		return ""
	}
	if start > 0 && isDigit(name[start-1]) {
		return ""
	}
	if end := start + len(text); end < len(name) && isHex(name[end]) {
		return ""
	}
	return text
}

func isDelimiter(c byte) bool { return c == '-' || c == '.' || c == '_' }
