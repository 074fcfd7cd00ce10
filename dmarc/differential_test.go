package dmarc_test

import (
	"strings"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dmarc"

	"mxrules.example/dmarc"
)

// FuzzAgainstGoMsgauth compares our parser with that of go-msgauth, which implements
// RFC 7489. What both specifications have in common must be the same.
func FuzzAgainstGoMsgauth(f *testing.F) {
	f.Add("v=DMARC1; p=reject; sp=none; adkim=s; aspf=r; rua=mailto:a@b.example,mailto:c@d.example; fo=1")
	f.Add("v=DMARC1;p=quarantine;pct=50;ri=3600;rf=afrf;unknown=1;")
	f.Add("v=DMARC1; p=reject; Sp=")
	for _, record := range published {
		f.Add(record)
	}
	f.Fuzz(func(t *testing.T, text string) {
		theirs, err := msgauth.Parse(text)
		if err != nil || !common(text) {
			return
		}
		ours, err := dmarc.ParseRecord(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if ours.Policy != string(theirs.Policy) || ours.SubdomainPolicy != string(theirs.SubdomainPolicy) {
			t.Errorf("%q: policies %s %s, theirs %s %s", text, ours.Policy, ours.SubdomainPolicy, theirs.Policy, theirs.SubdomainPolicy)
		}
		if string(ours.DKIMAlignment) != string(theirs.DKIMAlignment) && theirs.DKIMAlignment != "" ||
			string(ours.SPFAlignment) != string(theirs.SPFAlignment) && theirs.SPFAlignment != "" {
			t.Errorf("%q: alignment %s %s, theirs %s %s", text, ours.DKIMAlignment, ours.SPFAlignment, theirs.DKIMAlignment, theirs.SPFAlignment)
		}
		for _, uri := range ours.AggregateReports { // theirs may be malformed, and have sizes
			if !strings.Contains(strings.Join(theirs.ReportURIAggregate, ","), uri) {
				t.Errorf("%q: reports to %s, theirs %q", text, uri, theirs.ReportURIAggregate)
			}
		}
	})
}

// common reports whether a record means the same in RFC 7489 and RFC 9989, and has no
// mistake that the two parsers are known to handle differently: v is not the first
// tag; a name is in upper case, which go-msgauth does not support; a tag is repeated;
// there is a tag np; control characters or blanks of Unicode, which are not blanks of
// the RFC, are around names and values.
func common(text string) bool {
	if !strings.HasPrefix(text, "v=DMARC1") || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return false
	}
	seen := make(map[string]bool)
	for tag := range strings.SplitSeq(text, ";") {
		name, _, _ := strings.Cut(tag, "=")
		name = strings.Trim(name, " ")
		if seen[name] || name == "np" || name != strings.ToLower(name) {
			return false
		}
		seen[name] = true
	}
	return true
}
