package main

import (
	"os"
	"strings"
)

// judge explains why mail was rejected.
func Example() {
	run([]string{
		"-our-domains", "example.org", "-zone", "testdata/world.zone",
		"-ip", "192.0.2.10", "-helo", "mail.example.net", "-from", "ann@example.net", "-to", "bob@example.org",
	}, strings.NewReader(""), os.Stdout, os.Stderr)
	// Output:
	// reject 550 5.7.25 by rdns.confirmed: the PTR record of the client 192.0.2.10 is mail.example.net, which has no A record with that address
	//     sender.syntax         pass
	//     sender.fqdn           pass
	//     recipient.syntax      pass
	//     recipient.fqdn        pass
	//     sender.bouncetoone    none
	//     sender.listed         none
	//     recipient.listed      pass
	//     client.in             fail  go on   the client address 192.0.2.10 is not in the list of networks
	//     exempt.message        off
	//                                         when any(client.authenticated, recipient.role): fail, the client has not logged in
	//     client.authenticated  fail  go on   the client has not logged in
	//     recipient.ours        pass          the recipient bob@example.org is in a domain of this site
	//     recipient.role        fail  go on   the recipient bob@example.org is no role address of this site
	//     client.waited         pass
	//     helo.present          pass
	//     helo.syntax           pass
	//     helo.fqdn             pass
	//     helo.literal          none
	//     helo.notours          pass
	//     rdns.exists           pass
	//                                         asked PTR 192.0.2.10
	//     rdns.confirmed        fail  reject  the PTR record of the client 192.0.2.10 is mail.example.net, which has no A record with that address
	//                                         asked A mail.example.net.
	//   not asked: sender.resolves, sender.takesmail, sender.notours, rdns.notgeneric, message.noloop, message.linesended, message.singlefields, dmarc.singleauthor, spf.notfail, dmarc.notreject, dmarc, message.wellformed, dmarc.alignedfor
	//   questions to DNS: 2
}

// A line of JSON may have its own DNS.
func Example_lines() {
	input := `{"id": 7, "stage": "mail", "client_ip": "192.0.2.9", "helo": "laptop", "zone": ""}`
	run([]string{"-json", "-checks", "rdns.exists"}, strings.NewReader(input), os.Stdout, os.Stderr)
	// Output:
	// {"id":7,"action":"none","code":0,"status":"","text":"","rule":"","marks":[],"undecided":[],"findings":[{"check":"rdns.exists","outcome":"fail","status":"5.7.25","text":"the client 192.0.2.9 has no PTR record","detail":{"names":[],"confirmed":""}}],"rules":[{"rule":"rdns.exists","action":"continue","shadow":true,"check":"rdns.exists","outcome":"fail","questions":[{"type":"PTR","name":"192.0.2.9","error":"no such record"}]}],"dns":{"queries":1,"shared":0,"in_vain":0,"rounds":0}}
}
