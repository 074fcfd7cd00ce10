package dnsbl_test

import (
	"errors"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
)

func TestParseList(t *testing.T) {
	got, err := dnsbl.ParseList("List.Example.=127.0.0.2-127.0.0.9,127.0.0.11")
	if err != nil || got.Zone != "List.Example." || strings.Join(got.Codes, " ") != "127.0.0.2-127.0.0.9 127.0.0.11" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseListNamesTheInvalidValue(t *testing.T) {
	for text, want := range map[string]string{
		"":                                             `DNS list "" has no codes`,
		"list.example":                                 `DNS list "list.example" has no codes`,
		"list.example=":                                `DNS list code "" is not an address`,
		"=127.0.0.2":                                   `host name "" is empty`,
		"192.0.2.1=127.0.0.2":                          `host name "192.0.2.1" is a number`,
		"a b=127.0.0.2":                                `host name "a b"`,
		"list.example=127.0.0.2,":                      `DNS list code "" is not an address`,
		"list.example=127.0.0":                         `DNS list code "127.0.0" is not an address`,
		"list.example= 127.0.0.2":                      `DNS list code "127.0.0.2" is not an address`,
		"list.example=127.0.0.256":                     `DNS list code "127.0.0.256"`,
		"list.example=128.0.0.1":                       `DNS list code "128.0.0.1" is not an address, range, network or pattern within 127.0.0.0/8`,
		"list.example=::1":                             `DNS list code "::1"`,
		"list.example=::ffff:127.0.0.2":                `DNS list code "::ffff:127.0.0.2"`,
		"list.example=127.0.0.9-127.0.0.2":             `DNS list code "127.0.0.9-127.0.0.2"`,
		"list.example=127.0.0.2-":                      `DNS list code "127.0.0.2-"`,
		"list.example=127.0.0.2-128.0.0.1":             `DNS list code "127.0.0.2-128.0.0.1"`,
		"list.example=127.0.0.2-127.0.0.3-127.0.0.4":   `DNS list code`,
		"list.example=127.0.0.0/33":                    `DNS list code "127.0.0.0/33"`,
		"list.example=127.0.0.0/7":                     `DNS list code "127.0.0.0/7"`,
		"list.example=::/0":                            `DNS list code "::/0"`,
		"list.example=0.0.0.0/0":                       `DNS list code "0.0.0.0/0"`,
		"list.example=127.255.255.254":                 `is the answer of a list that refuses`,
		"list.example=127.0.1.255":                     `is the answer of a list that refuses`,
		"list.example=127.255.255.0/24":                `is the answer of a list that refuses`,
		"list.example=127.255.255.[1..9]":              `is the answer of a list that refuses`,
		"list.example=127.0.0.[]":                      `DNS list code "127.0.0.[]"`,
		"list.example=127.0.0.[2":                      `DNS list code "127.0.0.[2"`,
		"list.example=127.0.0.[2]3":                    `DNS list code "127.0.0.[2]3"`,
		"list.example=127.0.0.[9..2]":                  `DNS list code "127.0.0.[9..2]"`,
		"list.example=127.0.0.[2..256]":                `DNS list code "127.0.0.[2..256]"`,
		"list.example=127.0.0.[02]":                    `DNS list code "127.0.0.[02]"`,
		"list.example=127.0.0.[2;]":                    `DNS list code "127.0.0.[2;]"`,
		"list.example=127.0.0;1.[2]":                   `DNS list code "127.0.0;1.[2]"`,
		"list.example=127.0.[2]":                       `DNS list code "127.0.[2]"`,
		"list.example=127.0.0.[2].1":                   `DNS list code "127.0.0.[2].1"`,
		"list.example=[126;127].0.0.2":                 `DNS list code "[126;127].0.0.2"`,
		"list.example=[":                               `DNS list code "["`,
		strings.Repeat("a.", 92) + "example=127.0.0.2": `is too long for an IPv6 address before it`,
	} {
		list, err := dnsbl.ParseList(text)
		var syntax *envelope.SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %+v, %v, want %q", text, list, err, want)
		}
	}
}

// Each form of a code accepts its answers. Invalid answers are never listings.
func TestCodes(t *testing.T) {
	for codes, tc := range map[string]struct{ listed, not string }{
		"127.0.0.2":                             {"127.0.0.2", "127.0.0.1 127.0.0.3 127.1.0.2"},
		"127.0.0.2-127.0.0.9":                   {"127.0.0.2 127.0.0.5 127.0.0.9", "127.0.0.1 127.0.0.10 127.0.1.5"},
		"127.0.0.2-127.0.1.2":                   {"127.0.0.2 127.0.0.255 127.0.1.0 127.0.1.2", "127.0.1.3"},
		"127.0.1.0/24":                          {"127.0.1.0 127.0.1.254", "127.0.0.255 127.0.2.0"},
		"127.0.1.77/24":                         {"127.0.1.0 127.0.1.254", "127.0.0.255 127.0.2.0"},
		"127.0.0.4/30":                          {"127.0.0.4 127.0.0.7", "127.0.0.3 127.0.0.8"},
		"127.0.0.2/32":                          {"127.0.0.2", "127.0.0.3"},
		"127.0.0.0/8":                           {"127.0.0.0 127.0.0.1 127.255.254.255", ""},
		"127.0.0.[2..9;11]":                     {"127.0.0.2 127.0.0.9 127.0.0.11", "127.0.0.10 127.0.0.1 127.0.0.12"},
		"127.0.[0..255].[1..3]":                 {"127.0.0.1 127.0.9.3 127.0.255.2", "127.0.9.0 127.0.9.4 127.1.9.3"},
		"127.0.[2;4].[8]":                       {"127.0.2.8 127.0.4.8", "127.0.3.8 127.0.2.9"},
		"[127].0.0.2":                           {"127.0.0.2", "127.0.0.3"},
		"127.0.0.3 127.0.0.5":                   {"127.0.0.3 127.0.0.5", "127.0.0.4"},
		"":                                      {"127.0.0.2 127.0.0.255", "127.0.0.0 127.0.0.1 127.0.1.2 127.2.0.2"},
		"127.255.0.0/16":                        {"127.255.0.1 127.255.254.255", "127.0.0.2"},
		"127.255.255.0-127.255.255.9 127.0.0.2": {"", ""}, // does not parse
	} {
		list := dnsbl.List{Zone: "first.example", Codes: strings.Fields(codes)}
		dns := zone.MustParse("")
		check := dnsbl.NotListed(list)
		ask := func(answer string) envelope.Outcome {
			dns.Answering("1.2.0.192.first.example. A", answer)
			return check(t.Context(), dns, &envelope.Envelope{ClientIP: address("1")}).Outcome
		}
		if tc.listed == "" {
			if got := ask("127.0.0.2"); got != temp {
				t.Errorf("%q: got %v", codes, got)
			}
			continue
		}
		for _, answer := range strings.Fields(tc.listed) {
			if got := ask(answer); got != fail {
				t.Errorf("%q: %s is %v, want a listing", codes, answer, got)
			}
		}
		for _, answer := range strings.Fields(tc.not) {
			if got := ask(answer); got != pass {
				t.Errorf("%q: %s is %v, want no listing", codes, answer, got)
			}
		}
		for _, answer := range []string{"127.255.255.0", "127.255.255.254", "127.255.255.255", "126.255.255.255", "128.0.0.0", "203.0.113.2"} {
			if got := ask(answer); got != perm {
				t.Errorf("%q: %s is %v, want a PermError", codes, answer, got)
			}
		}
	}
}

func TestValidateBoundsTheWeight(t *testing.T) {
	for weight, ok := range map[int]bool{-1001: false, -1000: true, -1: true, 0: true, 1000: true, 1001: false} {
		if err := (dnsbl.List{Zone: "list.example", Weight: weight}).Validate(); (err == nil) != ok {
			t.Errorf("%d: %v", weight, err)
		}
	}
}
