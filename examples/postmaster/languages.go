package postmaster

import (
	"net/http"

	"golang.org/x/text/language"

	"mxrules.example/verdict/explain"
)

// maxAccept bounds the Accept-Language that is read, in octets.
const maxAccept = 500

// shelf has the Books of a site. The first is for visitors who read none of the languages.
type shelf struct {
	books   []explain.Book
	matcher language.Matcher
}

func newShelf(books []explain.Book) shelf {
	if len(books) == 0 {
		books = []explain.Book{explain.English()}
	}
	var tags []language.Tag
	for _, book := range books {
		tags = append(tags, language.Make(book.Language))
	}
	return shelf{books, language.NewMatcher(tags)}
}

// book returns the Book in the language that the browser of a visitor asks for (RFC 9110,
// section 12.5.4).
func (s shelf) book(r *http.Request) explain.Book {
	accept := r.Header.Get("Accept-Language")
	if len(accept) > maxAccept {
		return s.books[0]
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return s.books[0]
	}
	_, i, _ := s.matcher.Match(tags...)
	return s.books[i]
}
