package analysis

import (
	"fmt"
	"slices"
	"strings"

	"mxrules.example/envelope"
)

// query is something that checks ask DNS for, and share.
type query struct {
	what          string
	most, typical Load
}

// ofLists is what checks of DNS lists ask for. Two of them do not share it.
const ofLists = "DNS lists"

// resources has what the checks of this library ask for, at most and typically.
var resources = []query{
	{"PTR of the client", Load{1, 1}, Load{1, 1}},
	{"addresses of its names", Load{10, 1}, Load{1, 1}},
	{"A of the HELO name", Load{1, 1}, Load{1, 1}},
	{"AAAA and MX of the HELO name", Load{2, 1}, Load{}},
	{"MX of the sender", Load{1, 1}, Load{1, 1}},
	{"A and AAAA of the sender", Load{2, 1}, Load{}},
	{"addresses of the MX hosts", Load{20, 2}, Load{1, 1}},
	{"aliases of the MX hosts", Load{10, 2}, Load{1, 1}},
	{"MX of the recipient", Load{1, 1}, Load{1, 1}},
	{"SPF of the sender", Load{112, 13}, Load{3, 2}}, // with the explanation of a fail
	{"SPF of the HELO name", Load{112, 13}, Load{1, 1}},
	{"DKIM keys", Load{10, 1}, Load{1, 1}},
	{"DMARC records", Load{132, 3}, Load{1, 1}}, // four authors and eleven identifiers of eight names, and whether the authors exist
	{ofLists, Load{2, 2}, Load{1, 1}},
	{"origin of the client", Load{1, 1}, Load{1, 1}},
}

// asking has the resources that checks use. A check waits for those before a semicolon
// before it asks for those after it.
var asking = []struct{ checks, resources string }{
	{"rdns.exists rdns.notgeneric rdns.notin rdns.matcheshelo", "PTR of the client"},
	{"rdns.confirmed rdns.in rdns.backshelo", "PTR of the client; addresses of its names"},
	{"helo.resolves", "A of the HELO name; AAAA and MX of the HELO name"},
	{"helo.matches", "A of the HELO name"},
	{"sender.resolves", "MX of the sender; A and AAAA of the sender"},
	{"sender.takesmail", "MX of the sender"},
	{"sender.mxusable", "MX of the sender; addresses of the MX hosts"},
	{"sender.mxnotalias", "MX of the sender; aliases of the MX hosts"},
	{"recipient.takesmail", "MX of the recipient"},
	{"spf.pass spf.notfail spf.notsoftfail spf.valid", "SPF of the sender"},
	{"spf.helonotfail", "SPF of the HELO name"},
	{"dkim.pass dkim.passfor dkim.covers", "DKIM keys"},
	{"dmarc.pass dmarc.notreject dmarc.notquarantine dmarc.published dmarc.alignedfor", "SPF of the sender, DKIM keys; DMARC records"},
	{"dnsbl.notlisted dnsbl.listed dnsbl.scorebelow dnsbl.helonotlisted dnsbl.sendernotlisted", ofLists},
	{"dnsbl.ptrnotlisted", "PTR of the client; " + ofLists},
	{"dnsbl.asn", "origin of the client"},
}

// queries returns what a check asks, in steps that wait for each other.
func (k *knowledge) queries(check envelope.Check) (steps [][]query) {
	name, _ := check.Describe()
	if own, ok := k.asks[name]; ok {
		return [][]query{{own}}
	}
	for _, a := range asking {
		if !slices.Contains(strings.Fields(a.checks), name) {
			continue
		}
		for step := range strings.SplitSeq(a.resources, "; ") {
			var queries []query
			for what := range strings.SplitSeq(step, ", ") {
				i := slices.IndexFunc(resources, func(q query) bool { return q.what == what })
				q := resources[i]
				if what == ofLists {
					q.what = fmt.Sprint(what, identity(check))
				}
				queries = append(queries, q)
			}
			steps = append(steps, queries)
		}
	}
	return steps
}
