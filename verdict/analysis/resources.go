package analysis

// ofLists is what checks of DNS lists ask for: they do not share it.
const ofLists = "DNS lists"

// resources has what the checks of this library ask for: questions and rounds at most,
// and typically.
var resources = map[string][4]int{
	"PTR of the client":            {1, 1, 1, 1},
	"addresses of its names":       {10, 1, 1, 1},
	"A of the HELO name":           {1, 1, 1, 1},
	"AAAA and MX of the HELO name": {2, 1, 0, 0},
	"MX of the sender":             {1, 1, 1, 1},
	"A and AAAA of the sender":     {2, 1, 0, 0},
	"addresses of the MX hosts":    {20, 2, 1, 1},
	"aliases of the MX hosts":      {10, 2, 1, 1},
	"MX of the recipient":          {1, 1, 1, 1},
	"SPF of the sender":            {112, 13, 3, 2},
	"SPF of the HELO name":         {112, 13, 1, 1},
	"DKIM keys":                    {10, 1, 1, 1},
	"DMARC records":                {132, 3, 1, 1},
	"TXT of the origin":            {2, 1, 1, 1},
}

// asking has the resources that checks use, in the order in which they wait for them.
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
	{"dmarc.pass dmarc.notreject dmarc.notquarantine dmarc.published dmarc.alignedfor", "SPF of the sender; DKIM keys; DMARC records"},
	{"dnsbl.notlisted dnsbl.listed dnsbl.scorebelow dnsbl.helonotlisted dnsbl.sendernotlisted", ofLists},
	{"dnsbl.ptrnotlisted", "PTR of the client; " + ofLists},
	{"dnsbl.asn", "TXT of the origin"},
}
