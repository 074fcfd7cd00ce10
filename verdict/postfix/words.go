package postfix

import (
	"errors"
	"strings"
)

// splitWords splits a list at commas and blanks. A word in braces is one word with its
// braces.
func splitWords(list string) ([]string, error) {
	var words []string
	for {
		list = strings.TrimLeft(list, ", \t\r\n")
		if list == "" {
			return words, nil
		}
		end := strings.IndexAny(list, ", \t\r\n")
		if list[0] == '{' {
			_, rest, err := enclosed(list)
			if err != nil {
				return nil, err
			}
			end = len(list) - len(rest)
			if rest != "" && !strings.ContainsRune(", \t\r\n", rune(rest[0])) {
				return nil, errors.New("a closing brace is followed by a word")
			}
		} else if open := strings.IndexByte(list, '{'); open > 0 && list[open-1] == ':' && (end < 0 || open < end) {
			_, rest, err := enclosed(list[open:]) // inline:{...}
			if err != nil {
				return nil, err
			}
			end = len(list) - len(rest)
		}
		if end < 0 {
			end = len(list)
		}
		words = append(words, list[:end])
		list = list[end:]
	}
}
