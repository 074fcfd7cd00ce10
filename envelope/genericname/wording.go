package genericname

import "strings"

// hostPart returns name without its registered domain: without its last two labels,
// or three below registry labels such as co.uk. It is "" if no label remains.
func hostPart(name string) string {
	rest, country := cutLast(name)
	rest, second := cutLast(rest)
	if registries[second] && len(country) == 2 {
		rest, _ = cutLast(rest)
	}
	return rest
}

// cutLast splits the last label off a name.
func cutLast(name string) (rest, last string) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return "", name
	}
	return name[:dot], name[dot+1:]
}

// wording is the result of the words of a name.
type wording struct {
	points  int    // the points of the word with most points for a generic name
	word    string // that word
	against int    // the points of all kinds of words against a generic name
	planned bool   // the name may be that of a numbered server
}

// readWords reads the words before the registered domain. In the registered domain
// it searches only for "mail" and, if the address is static, for "business".
// Several words of one kind count once, because most repeat each other (dsl-pool,
// smtp-out.mail).
func readWords(name string, address spelling) wording {
	host := hostPart(name)
	domain := name[len(host):]
	var found wording
	var has [kinds]bool
	has[server] = strings.Contains(domain, "mail")
	for start := 0; start < len(host); {
		end := wordEnd(host, start)
		if end == start {
			start++
			continue
		}
		word := host[start:end]
		what := words.kindOf(word)
		if pair := wordPair(host, start, end); words.whole[pair] != 0 {
			word, what, end = pair, words.whole[pair], start+len(pair)
		}
		switch {
		case what == line:
			found.weigh(strong, word)
		case what == hint:
			found.weigh(slight, word)
		case what == short && !address.follows(host, end):
			what = mail
		}
		has[what] = true
		start = end
	}
	if has[static] && strings.Contains(domain, "business") {
		has[business] = true
	}
	for _, what := range [...]kind{mail, static, business} {
		if has[what] {
			found.against += strong
		}
	}
	found.planned = has[server]
	return found
}

func (w *wording) weigh(points int, word string) {
	if points > w.points {
		w.points, w.word = points, word
	}
}

// wordEnd returns the end of the letters from start on.
func wordEnd(name string, start int) int {
	for start < len(name) && 'a' <= name[start] && name[start] <= 'z' {
		start++
	}
	return start
}

// wordPair returns the word from start to end together with a hyphen and the word
// after it, "" without a hyphen.
func wordPair(name string, start, end int) string {
	if end == len(name) || name[end] != '-' {
		return ""
	}
	return name[start:wordEnd(name, end+1)]
}

// follows reports whether a whole address follows in the label of the word that
// ends at end, with another word between them: mx-ll-192-0-2-1.
func (s spelling) follows(name string, end int) bool {
	at := strings.Index(name, s.text)
	return s.text != "" && s.whose != part && at > end && strings.IndexByte(name[end:at], '.') < 0 &&
		name[end] == '-' && wordEnd(name, end+1) > end+1
}
