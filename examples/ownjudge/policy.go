package main

import (
	"context"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
	"mxrules.example/verdict/judge"
)

// site is what the policies are made for. Scenario files have sites of their own.
var site = judge.Site{Settings: map[string][]string{"domains": {"example.org"}}}

// policies are those of the site. Its scenario tests use them too.
var policies = judge.Policies{"inbound": inbound, "old": old}

// inbound is the policy of the site.
func inbound(s judge.Site) (verdict.Policy, error) {
	policy, err := old(s)
	policy.Rules = append(policy.Rules, verdict.RejectUnless(rdns.Exists).Unless(toPostmaster))
	return policy, err
}

// old is what inbound was before it required a reverse name.
func old(s judge.Site) (verdict.Policy, error) {
	return verdict.Policy{Timeout: 30 * time.Second, Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours(s.Settings["domains"]...)),
		verdict.RejectUnless(noLocalhost).Unless(toPostmaster),
	}}, nil
}

var toPostmaster = recipient.In("postmaster@example.org")

// noLocalhost is a check of the site: the HELO name is not one that only the client itself
// resolves.
var noLocalhost = envelope.At("greeting.notlocal", envelope.Helo, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	if name := strings.ToLower(e.Helo); strings.HasPrefix(name, "localhost") || strings.HasSuffix(name, ".local") {
		return envelope.Failed("", envelope.Status{Code: 550, Subject: 5, Detail: 4}, "the HELO name %s is a local one", envelope.Excerpt(e.Helo)).
			With(greeting{Name: name})
	}
	return envelope.Passed("")
})

// greeting is the Detail of a finding of noLocalhost.
type greeting struct {
	Name string `json:"name"`
}
