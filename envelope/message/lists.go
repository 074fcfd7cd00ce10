package message

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"mxrules.example/envelope"
)

var unwanted = envelope.Status{Code: 550, Subject: 7, Detail: 1}

// Bulk passes when the message says that it is bulk mail: it has List-Unsubscribe (RFC
// 2369) or List-Id (RFC 2919), or Precedence is bulk or list. It is a condition for
// rules about bulk mail. Bulk mail that does not say so is not found.
//
// Status: 550 5.7.1.
func Bulk(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "message.bulk"
	sign, f, ok := once(ctx, check, e, func(m *envelope.Message) (string, error) { return bulkSign(m), nil })
	switch {
	case !ok:
		return f
	case sign == "":
		return envelope.Failed(check, unwanted, "the message does not say that it is bulk mail")
	}
	return envelope.Passed(check).Observed("the message has a %s field of bulk mail", sign)
}

// bulkSign returns the name of a field that says that the message is bulk mail.
func bulkSign(m *envelope.Message) string {
	for _, name := range []string{"List-Unsubscribe", "List-Id"} {
		if len(valuesOf(m, name)) > 0 {
			return name
		}
	}
	for _, value := range valuesOf(m, "Precedence") {
		switch strings.ToLower(strings.TrimSpace(value)) {
		case "bulk", "list":
			return "Precedence"
		}
	}
	return ""
}

// OneClick passes when the message offers to unsubscribe with one click (RFC 8058,
// section 3.1): one List-Unsubscribe field with an https URI, and one
// List-Unsubscribe-Post field with the value List-Unsubscribe=One-Click. Large mailbox
// providers require this of bulk mail, and a valid DKIM signature that covers both
// fields; see dkim.Covers. OneClick does not open the URI.
//
// Status: 550 5.7.1.
func OneClick(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	const check = "message.oneclick"
	fault, f, ok := once(ctx, check, e, func(m *envelope.Message) (string, error) { return unsubscribeFault(m), nil })
	switch {
	case !ok:
		return f
	case fault != "":
		return envelope.Failed(check, unwanted, "one-click unsubscribe (RFC 8058) is required, and the message has %s", fault)
	}
	return envelope.Passed(check)
}

// unsubscribeFault says what one-click unsubscribe lacks, "" if nothing.
func unsubscribeFault(m *envelope.Message) string {
	links, posts := valuesOf(m, "List-Unsubscribe"), valuesOf(m, "List-Unsubscribe-Post")
	switch {
	case len(links) == 0:
		return "no List-Unsubscribe field"
	case len(links) > 1:
		return fmt.Sprintf("%d List-Unsubscribe fields", len(links))
	case !hasHTTPS(links[0]):
		return "no https URI in List-Unsubscribe"
	case len(posts) == 0:
		return "no List-Unsubscribe-Post field"
	case len(posts) > 1:
		return fmt.Sprintf("%d List-Unsubscribe-Post fields", len(posts))
	case !strings.EqualFold(strings.TrimSpace(posts[0]), "List-Unsubscribe=One-Click"):
		return "a List-Unsubscribe-Post field that is not List-Unsubscribe=One-Click"
	}
	return ""
}

// hasHTTPS reports whether one of the URIs of a List-Unsubscribe value is an https URI
// with a host. URIs are in angle brackets, white space in them is ignored, and comments
// may stand around them (RFC 2369, section 2).
func hasHTTPS(value string) bool {
	for depth := 0; value != ""; {
		switch c := value[0]; {
		case c == '\\' && depth > 0 && len(value) > 1:
			value = value[1:]
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == '<' && depth == 0:
			text, rest, closed := strings.Cut(value[1:], ">")
			if !closed {
				return false
			}
			uri, err := url.Parse(strings.Join(strings.Fields(text), ""))
			if err == nil && uri.Scheme == "https" && uri.Hostname() != "" {
				return true
			}
			value = rest
			continue
		}
		value = value[1:]
	}
	return false
}

// List passes when the List-Id (RFC 2919) matches a pattern. The identifier of a
// mailing list has the form of a host name, and so have the patterns: a name, or a
// domain with a leading dot for all names below it (see [envelope.ParseHostSet]).
// Anyone can write a List-Id, so use List together with dkim.PassFor of the list's
// domain.
//
// A message with no List-Id, with more than one, or with one that is not a name fails.
// If a pattern is invalid, List is misconfigured.
//
// Status: 550 5.7.1.
func List(patterns ...string) envelope.Check {
	const check = "message.list"
	set, err := envelope.ParseHostSet(patterns...)
	if err != nil {
		return envelope.Misconfigured(check, envelope.Data, err)
	}
	return func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		list, f, ok := once(ctx, check, e, func(m *envelope.Message) (envelope.Host, error) { return listOf(m), nil })
		switch {
		case !ok:
			return f
		case list == "":
			return envelope.Failed(check, unwanted, "the message has no valid List-Id")
		case !set.Contains(list):
			return envelope.Failed(check, unwanted, "the mailing list %s is not in the list of mailing lists", list)
		}
		return envelope.Passed(check).Observed("the message is from the mailing list %s", list)
	}
}

// listOf returns the identifier in the only List-Id field, "" if there is none.
func listOf(m *envelope.Message) envelope.Host {
	values := valuesOf(m, "List-Id")
	if len(values) != 1 {
		return ""
	}
	// The identifier is in the last brackets: a phrase before it may be quoted.
	id, closed := strings.CutSuffix(strings.TrimSpace(values[0]), ">")
	at := strings.LastIndexByte(id, '<')
	if !closed || at < 0 {
		return ""
	}
	list, err := envelope.ParseHost(id[at+1:])
	if err != nil {
		return ""
	}
	return list
}
