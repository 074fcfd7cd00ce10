package genericname

import "strings"

// hostPart returns name without the domain that was registered: without its
// last two labels, or three below such as co.uk. It is "" if nothing is left.
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

// wording is what the words of a name say.
type wording struct {
	points  int    // of the weightiest word for a generic name
	word    string // that word
	against int    // points of what speaks against it
	planned bool   // the name may be one of a plan for servers, in which numbers say little
}

// readWords reads the words of the labels that name a host. Of the domain that
// was registered, it reads only whether that is one for mail and, if an address
// stays, whether it is one for businesses. Several words of a kind weigh no more
// than one, because they mostly say one thing twice (dsl-pool, smtp-out.mail).
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

// wordEnd returns where the letters end that begin at start.
func wordEnd(name string, start int) int {
	for start < len(name) && 'a' <= name[start] && name[start] <= 'z' {
		start++
	}
	return start
}

// wordPair returns the word from start to end and the one that follows it after
// a hyphen, or "" if none does.
func wordPair(name string, start, end int) string {
	if end == len(name) || name[end] != '-' {
		return ""
	}
	return name[start:wordEnd(name, end+1)]
}

// follows reports whether a whole address stands in the label of the word that
// ends at end, but with another word between them: mx-ll-192-0-2-1.
func (s spelling) follows(name string, end int) bool {
	at := strings.Index(name, s.text)
	return s.text != "" && s.whose != part && at > end && strings.IndexByte(name[end:at], '.') < 0 &&
		name[end] == '-' && wordEnd(name, end+1) > end+1
}
