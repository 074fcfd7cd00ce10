package dkim_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
)

// openDKIM is the program of the Debian package opendkim, with a configuration in a
// directory of the test. It reads messages from files (-t) and keys from a file instead
// of DNS (TestDNSData), so it does not use the network.
type openDKIM struct {
	*testing.T
	program, dir string
}

func newOpenDKIM(t *testing.T) *openDKIM {
	t.Helper()
	for _, name := range []string{"opendkim", "/usr/sbin/opendkim"} {
		if program, err := exec.LookPath(name); err == nil {
			return &openDKIM{t, program, t.TempDir()}
		}
	}
	if os.Getenv("MXRULES_E2E") != "" {
		t.Fatal("opendkim is not installed (Debian package opendkim), and MXRULES_E2E is set")
	}
	t.Skip("opendkim is not installed (Debian package opendkim); with MXRULES_E2E set that is a failure")
	return nil
}

// write writes a file into the directory and returns its path.
func (o *openDKIM) write(name, text string) string {
	o.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
	return path
}

// inserted matches the report of OpenDKIM about a field that it would add.
var inserted = regexp.MustCompile(`(?s)### INSHEADER: idx=\d+ hname='([^']*)' hvalue='(.*?)'\n`)

// run runs opendkim on a message and returns the value of the field with this name that
// it would add. It reads files with LF.
func (o *openDKIM) run(config, field, raw string) string {
	o.Helper()
	config = "Syslog no\nRequireSafeKeys no\nInternalHosts 0.0.0.0/0\n" + config
	cmd := exec.CommandContext(o.Context(), o.program, "-x", o.write("config", config), "-vvv",
		"-t", o.write("message", strings.ReplaceAll(raw, "\r\n", "\n")))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	for _, match := range inserted.FindAllSubmatch(out, -1) {
		if string(match[1]) == field {
			return strings.ReplaceAll(string(match[2]), "\n", "\r\n")
		}
	}
	o.Fatalf("opendkim adds no %s: %v\n%s%s", field, err, out, complaints.String())
	return ""
}

// sign signs a message as example.org with a key of world.
func (o *openDKIM) sign(raw, key, form, more string) string {
	o.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(keyOf(key))
	if err != nil {
		o.Fatal(err)
	}
	file := o.write(key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	return "DKIM-Signature: " + o.run(fmt.Sprintf("Mode s\nDomain example.org\nSelector %s\nKeyFile %s\nCanonicalization %s\nSignatureAlgorithm %s\n%s",
		key, file, form, algorithmOf(key), more), "DKIM-Signature", raw) + "\r\n" + raw
}

// verify returns the results of the signatures of a message, in their order.
func (o *openDKIM) verify(raw string) string {
	o.Helper()
	keys := "revoked._domainkey.example.org v=DKIM1; p=\n"
	for _, key := range []string{"rsa", "small", "ed"} {
		keys += key + "._domainkey.example.org " + record(keyOf(key)) + "\n"
	}
	said := o.run("Mode v\nAlwaysAddARHeader yes\nTestDNSData "+o.write("keys", keys)+"\n", "Authentication-Results", raw)
	var words []string
	for _, match := range regexp.MustCompile(`\bdkim=(\w+)`).FindAllStringSubmatch(said, -1) {
		words = append(words, match[1])
	}
	return strings.Join(words, " ")
}

func algorithmOf(key string) string {
	if _, isEd25519 := keyOf(key).(ed25519.PrivateKey); isEd25519 {
		return "ed25519-sha256"
	}
	return "rsa-sha256"
}

// TestVerifiesSignaturesOfOpenDKIM tests that signatures of OpenDKIM are valid, with
// every canonicalization and both algorithms, and invalid after a signed octet changes.
//
// With Ed25519 and the simple form of the header, OpenDKIM 2.11 makes signatures that it
// cannot verify itself: it folds the field after signing it. In that case both must
// have the same result.
func TestVerifiesSignaturesOfOpenDKIM(t *testing.T) {
	o := newOpenDKIM(t)
	// When OpenDKIM reads a file, unlike as a milter, it trims values. So no value here
	// ends with blanks.
	head := "Received: from a.example by b.example;\r\n\tMon, 2 Feb 2026 09:59:00 +0000\r\n" +
		"From: Ann <ann@example.org>\r\nTo: bob@example.net,\r\n  carol@example.net\r\n" +
		"SUBJECT: two  blanks\ttab\r\nDate: Mon, 2 Feb 2026 10:00:00 +0000\r\n\r\n"
	for _, key := range []string{"rsa", "small", "ed"} {
		for _, form := range []string{"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"} {
			for i, body := range []string{
				"Hello  Bob, \r\n\ttab\t.\r\n\r\n.\r\n \r\n\r\n",
				"",
				"\r\n\r\n",
				"8-bit: \xc3\xa4 \xff\r\n\r\n\r\nend \t\r\n",
			} {
				more := ""
				if i%2 == 1 {
					more = "OversignHeaders From,Subject\nSignatureTTL 1000000000\n"
				}
				signed := o.sign(head+body, key, form, more)
				theirs := o.verify(signed)
				ours := verifyNow(t, signed)
				if ours != theirs || ours != "pass" && !(key == "ed" && strings.HasPrefix(form, "simple/")) {
					t.Errorf("%s, %s, body %d: %s, OpenDKIM says %s\n%s", key, form, i, ours, theirs, signed)
				}
				for what, altered := range map[string]string{
					"Subject": strings.Replace(signed, "two  blanks", "two  Blanks", 1),
					"From":    strings.Replace(signed, "Ann <", "Anne <", 1),
					"body":    signed + "more\r\n",
					"t=":      strings.Replace(signed, "t=1", "t= 1", 1),
				} {
					if altered == signed {
						t.Fatalf("there is no %s in\n%s", what, signed)
					}
					if got := verifyNow(t, altered); got != "fail" {
						t.Errorf("%s, %s, body %d, other %s: %s", key, form, i, what, got)
					}
				}
			}
		}
	}
}

// verifyNow returns the results of the signatures of a message by the system clock, which
// OpenDKIM uses too.
func verifyNow(t *testing.T, raw string) string {
	t.Helper()
	var words []string
	for _, s := range dkim.Evaluate(t.Context(), world(), &envelope.Envelope{Message: envelope.NewMessage([]byte(raw))}).Signatures {
		words = append(words, s.Word)
	}
	return strings.Join(words, " ")
}

// TestOpenDKIMAgrees compares the verifier with OpenDKIM. Where the results differ, the
// case has the reason. (opendkim-testmsg has the same library, but takes keys only from
// DNS.)
func TestOpenDKIMAgrees(t *testing.T) {
	o := newOpenDKIM(t)
	const plain = "Received: from a.example by b.example\r\nFrom: Ann <ann@example.org>\r\nTo: bob@example.net\r\n" +
		"Subject: two  blanks\r\nDate: Mon, 2 Feb 2026 10:00:00 +0000\r\n\r\nHello  Bob, \r\n\r\ntab\t.\r\n\r\n\r\n"
	signed := sign(usual, plain, rsaKey())
	other := func(old, new string) string {
		t.Helper()
		if !strings.Contains(signed, old) {
			t.Fatalf("there is no %q", old)
		}
		return strings.Replace(signed, old, new, 1)
	}
	tags := func(changes ...string) string { return sign(with(changes...), plain, rsaKey()) }
	past, future := "1500000000", "99999999999"
	for _, tc := range []struct{ name, raw, theirs, why string }{
		{"relaxed/relaxed", signed, "", ""},
		{"relaxed/simple", tags("c", "relaxed/simple"), "", ""},
		{"simple/relaxed", tags("c", "simple/relaxed"), "", ""},
		{"simple/simple", tags("c", "simple/simple"), "", ""},
		{"simple", tags("c", "simple"), "", ""},
		{"no c=", tags("c", "-"), "", ""},
		{"key of 1024 bits", sign(with("s", "small"), plain, smallKey()), "", ""},
		{"Ed25519", sign(with("s", "ed", "a", "ed25519-sha256"), plain, edKey), "", ""},
		{"Ed25519, simple", sign(with("s", "ed", "a", "ed25519-sha256", "c", "simple/simple"), plain, edKey), "", ""},
		{"two signatures", sign(with("s", "ed", "a", "ed25519-sha256"), signed, edKey), "", ""},
		{"two, one of them bad", sign(with("s", "ed", "a", "ed25519-sha256"), other("Hello", "hello"), edKey), "", ""},
		{"no signature", plain, "none", ""},
		{"subject changed", other("two  blanks", "one blank"), "", ""},
		{"subject with one blank less", other("two  blanks", "two blanks"), "", ""},
		{"subject folded", other("two  blanks", "two\r\n blanks"), "", ""},
		{"subject in upper case", other("\r\nSubject:", "\r\nSUBJECT:"), "", ""},
		{"To with blanks at the colon", other("To: ", "To:    "), "", ""},
		{"From changed", other("Ann", "Bob"), "", ""},
		{"a line of blanks in a field that is covered", sign(usual, strings.Replace(plain, "two  blanks", "two\r\n \r\n  blanks", 1), rsaKey()), "", ""},
		{"a line of blanks in one that is not", sign(usual, "X: y;\r\n     \r\n  z\r\n"+plain, rsaKey()), "", ""},
		{"a line of blanks, simple", sign(with("c", "simple/simple"), "X: y;\r\n     \r\n  z\r\n"+plain, rsaKey()), "", ""},
		{"another field below", other("Date:", "X: y\r\nDate:"), "", ""},
		{"a field that is not covered changed", other("b.example", "c.example"), "", ""},
		{"a covered field twice", other("Date:", "Subject: x\r\nDate:"), "", ""},
		{"a covered field twice, on top", "Subject: x\r\n" + signed, "", ""},
		{"body changed", other("Hello", "hello"), "", ""},
		{"body longer", signed + "more\r\n", "", ""},
		{"body with empty lines at the end", signed + "\r\n\r\n", "", ""},
		{"body with a blank line at the end", signed + " \t\r\n", "", ""},
		{"body with blanks at the end of a line", other("Bob, ", "Bob,\t  "), "", ""},
		{"body without its empty lines", strings.TrimRight(signed, "\r\n") + "\r\n", "", ""},
		{"simple body with a blank more", strings.Replace(tags("c", "relaxed/simple"), "Bob, ", "Bob,  ", 1), "", ""},
		{"simple body with empty lines at the end", tags("c", "relaxed/simple") + "\r\n\r\n", "", ""},
		{"expired", tags("x", past), "", ""},
		{"x= before t=", tags("t", future, "x", past), "", ""},
		{"from the future", tags("t", future), "", ""},
		{"From not covered", tags("h", "To:Subject"), "", ""},
		{"i= elsewhere", tags("i", "@example.net"), "", ""},
		{"i= below", tags("i", "ann@mail.example.org"), "", ""},
		{"i= quoted", tags("i", "ann=40example=2Eorg"), "", ""},
		{"i= with b= in it", tags("i", "b=c@example.org"), "permerror", "it requires =3D for every = in a local part, as section 3.5 does, but few signers write that"},
		{"z= with b= in it", tags("z", "Subject:b=c"), "", ""},
		{"revoked key", tags("s", "revoked"), "fail", "ours is permerror (section 6.1.2: key revoked)"},
		{"version 2", tags("v", "2"), "", ""},
		{"no bh=", strings.Replace(signed, "bh=", "xx=", 1), "", ""},
		{"d= twice", tags("y", "1; d=example.org"), "pass", "it uses the last one, contrary to section 3.2"},
		{"unknown algorithm", tags("a", "rsa-sha512"), "", ""},
		{"unknown canonicalization", tags("c", "nowsp"), "", ""},
		{"l=5", tags("l", "5"), "fail", "the whole body was hashed, and we refuse l= that covers less"},
		{"l= of the whole body", tags("l", fmt.Sprint(len(plainBody("Hello  Bob, \r\n\r\ntab\t.\r\n", true)))), "", ""},
		{"l= of more than the body", tags("l", "1000"), "fail", "ours is permerror (section 3.5 forbids it)"},
		{"From twice", "From: x@example.net\r\n" + signed, "pass", "it does not check for several From fields"},
		{"a= in upper case", tags("a", "RSA-SHA256"), "", ""},
		{"d= in upper case", tags("d", "EXAMPLE.ORG"), "", ""},
		{"blanks in b=", other(" b=", " b= \r\n "), "", ""},
	} {
		ours, theirs := verifyNow(t, tc.raw), o.verify(tc.raw)
		want := ours
		if tc.theirs != "" {
			want = tc.theirs
		}
		if theirs != want || tc.theirs == ours {
			t.Errorf("%s: %q, OpenDKIM says %q, want %q %s", tc.name, ours, theirs, want, tc.why)
		}
	}
}
