package dmarc_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
)

func TestParseRecord(t *testing.T) {
	plain := dmarc.Record{
		Policy: "reject", DKIMAlignment: "r", SPFAlignment: "r",
		PublicSuffix: "u", FailureOptions: "0",
	}
	with := func(change func(*dmarc.Record)) dmarc.Record {
		r := plain
		change(&r)
		return r
	}
	for _, tc := range []struct {
		text string
		want dmarc.Record
	}{
		{"v=DMARC1; p=reject", plain},
		{"v=DMARC1;p=reject;", plain},
		{"V\t= DMARC1 ; P = REJECT", plain},
		{"v=DMARC1; p=reject; sp=none; np=Quarantine", with(func(r *dmarc.Record) {
			r.SubdomainPolicy, r.NonexistentPolicy = "none", "quarantine"
		})},
		{"v=DMARC1; p=reject; adkim=s; aspf=S; psd=N; t=Y", with(func(r *dmarc.Record) {
			r.DKIMAlignment, r.SPFAlignment, r.PublicSuffix, r.Testing = "s", "s", "n", true
		})},
		{"v=DMARC1; p=reject; psd=y; psd=n; t=y; t=n; adkim=r; adkim=s", with(func(r *dmarc.Record) {
			r.PublicSuffix, r.Testing = "y", true
		})},
		{"v=DMARC1", with(func(r *dmarc.Record) { r.Policy = "none" })},
		{"v=DMARC1; p; x=y", with(func(r *dmarc.Record) { r.Policy = "none" })},
		{"v=DMARC1; sp=reject; np=quarantine; t=y", with(func(r *dmarc.Record) {
			r.Policy, r.SubdomainPolicy, r.NonexistentPolicy, r.Testing = "none", "reject", "quarantine", true
		})},
		{"v=DMARC1; np=reject", with(func(r *dmarc.Record) { r.Policy, r.NonexistentPolicy = "none", "reject" })},
		{"v=DMARC1; p=; sp=reject", with(func(r *dmarc.Record) { r.Policy = "" })},
		{"v=DMARC1; sp=reject; np=x", with(func(r *dmarc.Record) { r.Policy = "" })},
		{"v=DMARC1; p=reject; psd=u; t=1; adkim=; aspf==s", plain},
		{"v=DMARC1; p=reject; rua=mailto:a@b.example!10m, MAILTO:c@d.example , https://x.example/r; ruf=mailto:e@f.example", with(func(r *dmarc.Record) {
			r.AggregateReports = []string{"mailto:a@b.example", "MAILTO:c@d.example", "https://x.example/r"}
			r.FailureReports = []string{"mailto:e@f.example"}
		})},
		{"v=DMARC1; p=reject; rua=mailto:,mailto:@b.example,mailto:a@,a@b.example,,mailto:a b@c.example,%zz:x,mailto:a@b\x00.example", plain},
		{"v=DMARC1; p=reject; rua=mailto:a%0D%0ABcc:x@b.example", with(func(r *dmarc.Record) {
			r.AggregateReports = []string{"mailto:a%0D%0ABcc:x@b.example"} // unchanged; a program that sends the report must decode and check it
		})},
	} {
		got, err := dmarc.ParseRecord(tc.text)
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%q:\n got %+v %v\nwant %+v", tc.text, got, err, tc.want)
		}
	}
}

// TestFailureOptions tests which lists fo may have, and that fo counts only with ruf (RFC
// 9989, sections 4.7 and 4.8).
func TestFailureOptions(t *testing.T) {
	const ruf = "; ruf=mailto:a@b.example"
	for tags, want := range map[string]string{
		"fo=1" + ruf:                     "1",
		"ruf=mailto:a@b.example; fo=D":   "d",
		"fo=0:d" + ruf:                   "0:d",
		"fo=s:1:d" + ruf:                 "s:1:d",
		"fo=d:s" + ruf:                   "d:s",
		"fo=1":                           "0",
		"fo=1; rua=mailto:a@b.example":   "0",
		"fo=1; ruf=a@b.example":          "0",
		"fo=0:1" + ruf:                   "0",
		"fo=1:d:1" + ruf:                 "0",
		"fo=d:d" + ruf:                   "0",
		"fo=1:x" + ruf:                   "0",
		"fo=" + ruf:                      "0",
		"fo=1:" + ruf:                    "0",
		"fo=1 : d" + ruf:                 "0",
		strings.TrimPrefix(ruf, "; "):    "0",
		"fo=" + strings.Repeat("1", 999): "0",
	} {
		if record, err := dmarc.ParseRecord("v=DMARC1; p=reject; " + tags); err != nil || record.FailureOptions != want {
			t.Errorf("%s: %q %v, want %q", tags, record.FailureOptions, err, want)
		}
	}
}

func TestParseRecordErrorNamesTheText(t *testing.T) {
	for _, text := range []string{"", "v", "v=", "=DMARC1", "v=spf1 -all", "v=DMARC1x", "v=dmarc1;p=none", " v=DMARC1", "vv=DMARC1", "v=DMARC1\n;p=none"} {
		_, err := dmarc.ParseRecord(text)
		var syntax *envelope.SyntaxError
		if !errors.As(err, &syntax) || syntax.Value != text {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestLongRecords tests that a record of any length is parsed in linear time, and that
// the memory for its result is bounded.
func TestLongRecords(t *testing.T) {
	uris := strings.Repeat("mailto:a@b.example,", 1000)
	for name, text := range map[string]string{
		"64 KB in one tag":  "v=DMARC1; p=reject; x=" + strings.Repeat("y", 65000),
		"10,000 tags":       "v=DMARC1; p=reject" + strings.Repeat(";x=y", 10000),
		"10,000 policies":   "v=DMARC1" + strings.Repeat(";p=none", 10000) + ";p=reject",
		"65,000 semicolons": "v=DMARC1; p=reject" + strings.Repeat(";", 65000),
		"1,000 URIs":        "v=DMARC1; p=reject; rua=" + uris + "; ruf=" + uris,
	} {
		record, err := dmarc.ParseRecord(text)
		if err != nil || record.Policy != "reject" {
			t.Errorf("%s: %+v %v", name, record, err)
		}
		if n := len(record.AggregateReports) + len(record.FailureReports); n > 40 {
			t.Errorf("%s: %d URIs", name, n)
		}
	}
}

// FuzzParseRecord tests what is true of any text: it is a record if and only if it
// begins like one, its values are words of the RFC, and the written record parses as
// the same.
func FuzzParseRecord(f *testing.F) {
	for _, w := range worlds(f) {
		for _, line := range strings.Split(w.zone, "\n") {
			if _, text, ok := strings.Cut(line, "TXT "); ok {
				f.Add(strings.ReplaceAll(strings.Trim(text, `"`), `" "`, ""))
			}
		}
	}
	f.Add("v=DMARC1; p=reject; rua=mailto:a@b.example!10m,https://c.example; ruf=mailto:d@e.example; fo=1:d; adkim=s; aspf=s; psd=n; t=y; sp=none; np=quarantine")
	f.Fuzz(func(t *testing.T, text string) {
		record, err := dmarc.ParseRecord(text)
		if err != nil {
			if strings.HasPrefix(text, "v=DMARC1;") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		again, err := dmarc.ParseRecord(written(record))
		if err != nil || !reflect.DeepEqual(record, again) {
			t.Errorf("%q is\n%+v, and written as %q\n%+v %v", text, record, written(record), again, err)
		}
	})
}

// written returns a record as text.
func written(r dmarc.Record) string {
	s := fmt.Sprintf("v=DMARC1; p=%s; adkim=%s; aspf=%s; psd=%s; fo=%s", r.Policy, r.DKIMAlignment, r.SPFAlignment, r.PublicSuffix, r.FailureOptions)
	for name, value := range map[string]string{
		"sp": r.SubdomainPolicy, "np": r.NonexistentPolicy,
		"rua": strings.Join(r.AggregateReports, ","), "ruf": strings.Join(r.FailureReports, ","),
	} {
		if value != "" {
			s += "; " + name + "=" + value
		}
	}
	if r.Testing {
		s += "; t=y"
	}
	return s
}

func BenchmarkParseRecord(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dmarc.ParseRecord("v=DMARC1; p=reject; sp=quarantine; adkim=s; rua=mailto:dmarc@example.org; fo=1"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTextsThatAreNotARecord(t *testing.T) {
	_, err := dmarc.ParseRecord("v=spf1 -all")
	if want := `DMARC record "v=spf1 -all" does not begin with v=DMARC1`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
