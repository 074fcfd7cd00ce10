package dkim_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dkim"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
)

// FuzzBodyHash compares the hash of a body that is written in pieces with that of a
// plain implementation, which reads the body as a whole.
func FuzzBodyHash(f *testing.F) {
	for _, body := range []string{
		"", "\r\n", "a", " \r\n", "a \r\n\r\n b\t\tc\r\n\r\n", "\r\r\n\n\r", "a\r\r\nb", "a\r", " \r", "\n\n a \n",
	} {
		for size := 1; size < 4; size++ {
			f.Add([]byte(body), size, true)
			f.Add([]byte(body), size, false)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, size int, relaxed bool) {
		// LF ends a line too, and is hashed as CRLF.
		wire := strings.ReplaceAll(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n", "\r\n")
		want := sha256.Sum256([]byte(plainBody(wire, relaxed)))
		hash := dkim.NewBodyHash(relaxed)
		for piece := range slices.Chunk(body, min(max(size, 1), 1000)) {
			hash.Write(piece)
		}
		if got := hash.Sum(); !bytes.Equal(got, want[:]) {
			t.Errorf("relaxed %t, in pieces of %d: %q", relaxed, size, body)
		}
	})
}

// FuzzSignature verifies arbitrary DKIM-Signature fields.
func FuzzSignature(f *testing.F) {
	f.Add(usual)
	f.Add(with("bh", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "b", "AAAA"))
	f.Add("v=1; a=rsa-sha256; b=AA==; bh=x; d=example.org; h=from; s=s; l=1; i=a@b; x=1; t=2; q=a:b; c=a/b; z=b=")
	f.Add(" v = 1 ;;=; \r\n\t")
	f.Fuzz(func(t *testing.T, value string) {
		dns := world()
		raw := "DKIM-Signature:" + value + "\r\nFrom: ann@example.org\r\n\r\n"
		result := verify(t, dns, raw)
		if len(dns.Asked()) > 1+strings.Count(value, "\n") {
			t.Errorf("%q: asked %s", value, dns.Asked())
		}
		if again := verify(t, world(), raw); said(again) != said(result) {
			t.Errorf("%q: %s, and then %s", value, said(result), said(again))
		}
		for _, s := range result.Signatures {
			wantSettled(t, result, s)
		}
	})
}

func wantSettled(t *testing.T, result *dkim.Result, s dkim.Signature) {
	t.Helper()
	if s.Word == "" || s.Word == "pass" != (s.Reason == "") || envelope.CleanText(s.Reason, false) != s.Reason {
		t.Errorf("%q because of %q", s.Word, s.Reason)
	}
	if host, err := envelope.ParseHost(string(s.Domain)); s.Domain != "" && (err != nil || host != s.Domain) {
		t.Errorf("the domain %q", s.Domain)
	}
	if strings.ContainsAny(s.Selector+s.Prefix, "\r\n\x00; \"()") || len(s.Prefix) > 8 && len(result.Signatures) == 1 {
		t.Errorf("selector %q, prefix %q", s.Selector, s.Prefix)
	}
}

// FuzzKey verifies a message with arbitrary TXT records as the key.
func FuzzKey(f *testing.F) {
	f.Add(record(rsaKey()))
	f.Add(record(edKey))
	f.Add("v=DKIM1; h=sha256; k=ed25519; n=x; s=email:*; t=y:s; p=AAAA")
	f.Add("p=; v=DKIM1;; k")
	signed := sign(usual, mail, rsaKey())
	f.Fuzz(func(t *testing.T, text string) {
		result := verify(t, answering{texts: []string{text}}, signed)
		if len(result.Signatures) != 1 {
			t.Fatalf("%q: %s", text, said(result))
		}
		wantSettled(t, result, result.Signatures[0])
		if result.Signatures[0].Word == "temperror" {
			t.Errorf("%q: %s", text, said(result))
		}
	})
}

// FuzzAgainstGoMsgauth compares the verifier with go-msgauth, unless a message has
// something that the two are known to read differently.
func FuzzAgainstGoMsgauth(f *testing.F) {
	f.Add("Subject: x\r\n", "body\r\n", true, true, 0, 'x')
	f.Add("X: y\r\n z\r\nSUBJECT : a  b\t\r\n", " a \r\n\r\n", false, true, 250, ' ')
	f.Add("", "\r\n\r\n", true, false, 400, '\n')
	f.Add("DKIM-Signature: v=1\r\n", "a", false, false, 5, ';')
	f.Add("X\r\n", "a", true, false, -1, 'x')
	key := edKey // the fastest, and the algorithm makes no difference
	dns := world()
	f.Fuzz(func(t *testing.T, fields, body string, relaxedHeader, relaxedBody bool, at int, with rune) {
		form := map[bool]string{true: "relaxed", false: "simple"}
		tags := "v=1; a=ed25519-sha256; c=" + form[relaxedHeader] + "/" + form[relaxedBody] +
			"; d=example.org; s=ed; t=1700000000;\r\n h=From:Subject:X:Subject; bh=; b="
		raw := sign(tags, "From: ann@example.org\r\n"+fields+"\r\n"+body, key)
		if at >= 0 && at < len(raw) {
			raw = raw[:at] + string(with) + raw[at+1:]
		}
		if differs(raw) {
			return
		}
		ours := dkim.Evaluate(t.Context(), dns, &envelope.Envelope{Message: envelope.NewMessage([]byte(raw))})
		theirs, err := msgauth.VerifyWithOptions(strings.NewReader(raw), &msgauth.VerifyOptions{
			LookupTXT: func(name string) ([]string, error) { return envelope.LookupTXT(t.Context(), dns, name) },
		})
		if err != nil {
			return // it could not read the header
		}
		if len(theirs) != len(ours.Signatures) {
			t.Fatalf("%q: %d signatures, and %d to go-msgauth", raw, len(ours.Signatures), len(theirs))
		}
		for i, s := range ours.Signatures {
			if (s.Word == "pass") != (theirs[i].Err == nil) {
				t.Errorf("%q: %s %s, and %v to go-msgauth", raw, s.Word, s.Reason, theirs[i].Err)
			}
		}
	})
}

// differs reports whether a message has something that go-msgauth reads differently. The
// comments have our reasons.
func differs(raw string) bool {
	head, _, _ := strings.Cut(strings.ReplaceAll(raw, "\r\n", "\n"), "\n\n")
	for line := range strings.SplitSeq(head, "\n") {
		name, _, isField := strings.Cut(line, ":")
		if !isField && strings.TrimLeft(line, " \t") == line && line != "" || // it takes a line without a colon for a field
			strings.TrimSpace(name) != strings.Trim(name, " \t") || // it trims other blanks from names
			strings.ContainsAny(line, "\x00\r") { // we refuse the header
			return true
		}
	}
	return strings.Contains(strings.ReplaceAll(raw, "\r\n", ""), "\r") || // it folds CR in a relaxed body
		strings.Count(strings.ToLower(head), "from") != 2 || // it does not count From fields
		strings.Contains(raw, "b=\r") || !isASCII(head)
}

func isASCII(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r > 0x7e }) < 0 }

// answering is a resolver with the same TXT records for every name.
type answering struct {
	envelope.Resolver
	texts []string
}

func (a answering) LookupTXT(context.Context, string) ([]string, error) { return a.texts, nil }
