package message_test

import (
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/message"
)

var unwanted = envelope.Status{Code: 550, Subject: 7, Detail: 1}

// tryText is try for checks whose text is given whole. A passing row has "".
func tryText(t *testing.T, check envelope.Check, header, text string) {
	t.Helper()
	outcome := envelope.Pass
	if text != "" {
		outcome = envelope.Fail
	}
	e := holding(from + date + header + "\r\n")
	envelopetest.Case{
		Name: header, Envelope: &e, Outcome: outcome, Status: unwanted,
		Also: func(t *testing.T, f envelope.Finding) {
			if text != "" {
				envelopetest.Says(t, f, text)
			}
		},
	}.Run(t, check, nil)
}

func TestBulk(t *testing.T) {
	for _, header := range []string{
		"List-Unsubscribe: <mailto:off@example.org>\r\n",
		"List-Unsubscribe:\r\n",
		"LIST-ID : <a.lists.example.org>\r\n",
		"Precedence: bulk\r\n",
		"Precedence: first-class\r\nPrecedence:\r\n LIST \r\n",
	} {
		tryText(t, message.Bulk, header, "")
	}
	for _, header := range []string{
		"", "Precedence: bulky\r\n", "X-List-Id: a\r\n", "Subject: List-Id: a\r\n", "List-Post: <mailto:a@example.org>\r\n",
		"\r\nList-Id: <in.the.body>\r\n",
	} {
		tryText(t, message.Bulk, header, "the message does not say that it is bulk mail")
	}
}

func TestOneClick(t *testing.T) {
	const (
		link = "List-Unsubscribe: <mailto:off@example.org>, <https://example.org/u?a=1,2>\r\n"
		post = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
		lack = "one-click unsubscribe (RFC 8058) is required, and the message has "
	)
	for _, tc := range []struct{ header, lacks string }{
		{link + post, ""},
		{post + link, ""},
		{"List-Unsubscribe:\r\n (see <this>, \\) or)\r\n <HTTPS://example.org/\r\n u>\r\n" + "list-unsubscribe-post:\r\n list-unsubscribe=one-click \r\n", ""},

		{"", "no List-Unsubscribe field"},
		{post, "no List-Unsubscribe field"},
		{link, "no List-Unsubscribe-Post field"},
		{link + link + post, "2 List-Unsubscribe fields"},
		{link + post + post, "2 List-Unsubscribe-Post fields"},
		{link + "List-Unsubscribe-Post: List-Unsubscribe=Two-Clicks\r\n", "a List-Unsubscribe-Post field that is not List-Unsubscribe=One-Click"},
		{"List-Unsubscribe: <http://example.org/u>\r\n" + post, "no https URI in List-Unsubscribe"},
		{"List-Unsubscribe: https://example.org/u\r\n" + post, "no https URI in List-Unsubscribe"},
		{"List-Unsubscribe: (<https://example.org/u>)\r\n" + post, "no https URI in List-Unsubscribe"},
		{"List-Unsubscribe: <https://example.org/u\r\n" + post, "no https URI in List-Unsubscribe"},
		{"List-Unsubscribe: <https:///u>, <https://:443/>, <https://%zz/>\r\n" + post, "no https URI in List-Unsubscribe"},
		{"List-Unsubscribe: " + strings.Repeat("(", 100_000) + "<https://example.org/u>\r\n" + post, "no https URI in List-Unsubscribe"},
	} {
		if tc.lacks == "" {
			tryText(t, message.OneClick, tc.header, "")
		} else {
			tryText(t, message.OneClick, tc.header, lack+tc.lacks)
		}
	}
}

func TestList(t *testing.T) {
	const none = "the message has no valid List-Id"
	list := message.List("users.lists.example.org", ".dev.example.org")
	for _, tc := range []struct{ header, text string }{
		{"List-Id: <users.lists.example.org>\r\n", ""},
		{"List-ID: \"The <best> list\"\r\n <USERS.lists.example.org.> \r\n", ""},
		{"List-Id: C <c.dev.example.org>\r\n", ""},

		{"", none},
		{"List-Id: users.lists.example.org\r\n", none},
		{"List-Id: <users.lists.example.org> (list)\r\n", none},
		{"List-Id: <users.lists.example.org\r\n", none},
		{"List-Id: <not a name>\r\n", none},
		{"List-Id: <users.lists.example.org>\r\nList-Id: <other.example.net>\r\n", none},
		{"List-Id: <dev.example.org>\r\n", "the mailing list dev.example.org is not in the list of mailing lists"},
		{"List-Id: <users.lists.example.org.evil.example>\r\n", "the mailing list users.lists.example.org.evil.example is not in the list of mailing lists"},
	} {
		tryText(t, list, tc.header, tc.text)
	}
	if err := message.List("a b").Validate(); err == nil || !strings.Contains(err.Error(), "a b") {
		t.Errorf("an invalid pattern: %v", err)
	}
}

// FuzzLists reads hostile fields of lists. A message with one-click unsubscribe is
// always bulk mail.
func FuzzLists(f *testing.F) {
	f.Add(" <mailto:a@example.org>, <https://example.org/u>", " List-Unsubscribe=One-Click", " <a.example.org>")
	f.Add("(\\)<https://a>)<https://b:x>", "", "<<>>")
	list := message.List(".example.org")
	f.Fuzz(func(t *testing.T, link, post, id string) {
		e := holding("List-Unsubscribe:" + link + "\r\nList-Unsubscribe-Post:" + post + "\r\nList-Id:" + id + "\r\n\r\n")
		bulk := message.Bulk(t.Context(), nil, &e)
		if one := message.OneClick(t.Context(), nil, &e); one.Outcome == envelope.Pass && bulk.Outcome != envelope.Pass {
			t.Errorf("one-click unsubscribe, and not bulk mail: %q", e.Message.Header())
		}
		if found := list(t.Context(), nil, &e); !found.Outcome.Known() {
			t.Errorf("List-Id %q: %v", id, found.Outcome)
		}
	})
}
