package scenario_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope/recipient"
	"mxrules.example/greylist"
	"mxrules.example/verdict"
	"mxrules.example/verdict/scenario"
)

var small = scenario.Policies{"small": func(site scenario.Site) (verdict.Policy, error) {
	return verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours(site.Settings["domains"]...)),
		verdict.RejectUnless(recipient.Listed(site.Mailboxes)),
		verdict.TempFailUnless(greylist.Known(site.Store, greylist.Options{Delay: 5 * time.Minute})),
		verdict.MarkUnless(dkim.Pass, "unsigned"),
		verdict.RejectUnless(dmarc.NotReject),
	}}, nil
}}

var _ = flag.Bool("update", false, "rewrite the expectations")

func TestRun(t *testing.T) { scenario.Run(t, scenario.Dir("testdata"), small) }

var coverHTML = flag.String("coverhtml", "", "write the coverage to this file")

func TestCover(t *testing.T) {
	defer func(file string) { *coverHTML = file }(*coverHTML)
	if *coverHTML == "" {
		*coverHTML = filepath.Join(t.TempDir(), "cover.html")
	}
	scenario.Cover(t, scenario.Dir("testdata"), small, 0.5)
	page, err := os.ReadFile(*coverHTML)
	for _, want := range []string{"<h2>small</h2>", "greylist.known", "tempfails", "missing"} {
		if err != nil || !strings.Contains(string(page), want) {
			t.Errorf("the page has no %q: %v", want, err)
		}
	}
}

func TestMutate(t *testing.T) { scenario.Mutate(t, scenario.Dir("testdata"), small) }
