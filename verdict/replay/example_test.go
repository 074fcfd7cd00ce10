package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
	"mxrules.example/verdict/replay"
)

// What would a new rule change?
func ExampleChange() {
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(rdns.Exists)}}
	stricter := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(rdns.Exists), verdict.RejectUnless(rdns.Confirmed)}}
	dns := zone.MustParse(`
		9.2.0.192.in-addr.arpa.   PTR  mail.example.net.
		10.2.0.192.in-addr.arpa.  PTR  mail.example.net.
		mail.example.net.         A    192.0.2.9
	`)
	change := replay.Change{Old: policy, New: stricter}
	for _, client := range []string{"192.0.2.9", "192.0.2.10", "192.0.2.99"} {
		e := envelope.Envelope{ClientIP: netip.MustParseAddr(client), Helo: "mail.example.net"}
		if pair := change.Judge(context.Background(), dns, &e); pair.Differs() {
			fmt.Println(client, pair.Old.Action, "->", pair.New.Action, "by", pair.New.Rule)
		}
	}
	// Output:
	// 192.0.2.10 accept -> reject by rdns.confirmed
}

// A judgement as a line of JSON, and the same verdict from the line.
func ExampleRecord() {
	ctx := context.Background()
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(helo.Resolves)}}
	e := envelope.Envelope{Helo: "nowhere.example.net", RcptTo: "bob@example.org", Now: time.Unix(0, 0).UTC()}
	seen := zone.Record(zone.MustParse(`mail.example.net. A 192.0.2.9`))
	v := policy.Judge(ctx, seen, &e)
	record, _ := replay.Judged{Policy: policy, Envelope: e, Answers: seen, Verdicts: []verdict.Verdict{v}}.Record()
	line, _ := json.Marshal(record)
	fmt.Println(string(line))

	var again replay.Record
	_ = json.Unmarshal(line, &again)
	verdicts, _ := again.Judge(ctx, policy)
	fmt.Println(verdicts[0].String() == v.String(), verdicts[0].Action)
	// Output:
	// {"helo":"nowhere.example.net","rcpt_to":["bob@example.org"],"now":"1970-01-01T00:00:00Z","zone":"","asked":["nowhere.example.net. A","nowhere.example.net. AAAA","nowhere.example.net. MX"]}
	// true reject
}
