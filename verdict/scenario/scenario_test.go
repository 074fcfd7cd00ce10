package scenario_test

import (
	"flag"
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

func TestCover(t *testing.T) { scenario.Cover(t, scenario.Dir("testdata"), small, 0.5) }

func TestMutate(t *testing.T) { scenario.Mutate(t, scenario.Dir("testdata"), small) }
