package greylist_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/netip"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

// at returns the envelope of a mail that arrives some time after noon.
func at(after time.Duration, client, from string) *envelope.Envelope {
	return &envelope.Envelope{
		ClientIP: netip.MustParseAddr(client),
		MailFrom: from,
		RcptTo:   "us@example.org",
		Now:      time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(after),
	}
}

// The first attempt and a retry that is too early are deferred. A later retry is
// accepted, and so is all further mail of this sender to this recipient.
func Example() {
	store := new(greylist.Memory)
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.TempFailUnless(greylist.Known(store, greylist.Options{})),
	}}
	for _, after := range []time.Duration{0, time.Minute, 6 * time.Minute, 24 * time.Hour} {
		v := policy.Judge(context.Background(), nil, at(after, "192.0.2.1", "ann@sender.example"))
		fmt.Println("after", after, v.Action, v.Status)
	}
	// Output:
	// after 0s tempfail 451 4.7.1
	// after 1m0s tempfail 451 4.7.1
	// after 6m0s accept 250 2.0.0
	// after 24h0m0s accept 250 2.0.0
}

// Greylist only suspicious clients: those without a reverse name, or with the
// generic name of a dynamic address. Nothing is recorded about other clients.
func ExampleKnown_unless() {
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa.  PTR mail.sender.example.
		2.2.0.192.in-addr.arpa.  PTR 192-0-2-2.dyn.isp.example.
	`)
	store := new(greylist.Memory)
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.TempFailUnless(greylist.Known(store, greylist.Options{})).Unless(rdns.NotGeneric),
	}}
	for _, client := range []string{"192.0.2.1", "192.0.2.2"} {
		v := policy.Judge(context.Background(), dns, at(0, client, "ann@sender.example"))
		fmt.Println(client, v.Action, store.Len())
	}
	// Output:
	// 192.0.2.1 accept 0
	// 192.0.2.2 tempfail 1
}

// Greylist only mail for which another check passes, here one of your own.
func ExampleKnown_when() {
	suspicious := envelope.At("client.suspicious", envelope.Connect,
		func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if netip.MustParsePrefix("198.51.100.0/24").Contains(e.Client()) {
				return envelope.Passed("")
			}
			return envelope.NotApplicable("")
		})
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.TempFailUnless(greylist.Known(new(greylist.Memory), greylist.Options{})).When(suspicious),
	}}
	for _, client := range []string{"192.0.2.1", "198.51.100.1"} {
		fmt.Println(client, policy.Judge(context.Background(), nil, at(0, client, "ann@sender.example")).Action)
	}
	// Output:
	// 192.0.2.1 accept
	// 198.51.100.1 tempfail
}

// Try greylisting before it delays mail. A rule that marks accepts the mail and
// records it. When the rule defers later, most senders are known.
func ExampleKnown_trial() {
	store := new(greylist.Memory)
	known := greylist.Known(store, greylist.Options{})
	trial := verdict.Policy{Rules: verdict.Rules{verdict.MarkUnless(known, "would wait")}}
	final := verdict.Policy{Rules: verdict.Rules{verdict.TempFailUnless(known)}}

	const day = 24 * time.Hour
	for _, after := range []time.Duration{0, 6 * time.Hour, 5 * day} {
		v := trial.Judge(context.Background(), nil, at(after, "192.0.2.1", "ann@sender.example"))
		fmt.Println("trial:", v.Action, v.Marks)
	}
	for _, from := range []string{"ann@sender.example", "new@sender.example"} {
		v := final.Judge(context.Background(), nil, at(6*day, "192.0.2.1", from))
		fmt.Println("final:", from, v.Action)
	}
	// Output:
	// trial: accept [would wait]
	// trial: accept []
	// trial: accept []
	// final: ann@sender.example accept
	// final: new@sender.example tempfail
}

// Exempt known systems from a check that often fails for wanted mail.
func ExampleTrusted() {
	store := new(greylist.Memory)
	options := greylist.Options{}
	known, trusted := greylist.Known(store, options), greylist.Trusted(store, 2, options)
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.TempFailUnless(known),
		verdict.MarkUnless(rdns.Exists, "no name").Unless(trusted),
	}}
	for i, from := range []string{"ann@sender.example", "bob@sender.example", "cid@sender.example"} {
		first := time.Duration(i) * time.Hour
		for _, after := range []time.Duration{first, first + 6*time.Minute} {
			v := policy.Judge(context.Background(), zone.MustParse(""), at(after, "192.0.2.1", from))
			fmt.Println(from, v.Action, v.Marks)
		}
	}
	// Output:
	// ann@sender.example tempfail []
	// ann@sender.example accept [no name]
	// bob@sender.example tempfail []
	// bob@sender.example accept [no name]
	// cid@sender.example tempfail []
	// cid@sender.example accept []
}

// Save the records of a Memory when the program ends, and restore them when it
// starts again.
func ExampleMemory_Restore() {
	known := func(store *greylist.Memory, after time.Duration) {
		f := greylist.Known(store, greylist.Options{})(context.Background(), nil, at(after, "192.0.2.1", "ann@sender.example"))
		if err := f.Commit(context.Background()); err != nil {
			log.Fatal(err)
		}
		fmt.Println(f.Detail.(*greylist.Result).State)
	}
	store := new(greylist.Memory)
	known(store, 0)
	var file bytes.Buffer
	if err := store.Snapshot(&file); err != nil {
		log.Fatal(err)
	}

	store = new(greylist.Memory)
	if err := store.Restore(&file); err != nil {
		log.Print(err) // records before the fault are restored
	}
	known(store, 6*time.Minute)
	// Output:
	// first sight
	// returned
}

// Edit records: let a triplet or a whole identity pass, or make it new again.
func ExampleRegister() {
	ctx := context.Background()
	var store greylist.Register = new(greylist.Memory)
	secret := greylist.Secret("16 random bytes or more")
	options := greylist.Options{Secret: secret}
	known := greylist.Known(store, options)
	show := func(what string) {
		f := known(ctx, nil, at(0, "192.0.2.1", "ann@sender.example"))
		fmt.Println(what, f.Detail.(*greylist.Result).State)
	}
	show("no record:")

	now := at(0, "192.0.2.1", "").Now
	year := greylist.Record{First: now, Last: now, Until: now.AddDate(1, 0, 0)}
	triplet := secret.Triplet("192.0.2.0/24", "ann@sender.example", "us@example.org")
	year.Good = 1
	if err := store.Merge(ctx, triplet, year); err != nil {
		log.Fatal(err)
	}
	show("good triplet:")
	if err := store.Forget(ctx, triplet); err != nil {
		log.Fatal(err)
	}
	show("triplet forgotten:")

	year.Good = 1000 // more than Options.Promote
	if err := store.Merge(ctx, secret.Identity("192.0.2.0/24"), year); err != nil {
		log.Fatal(err)
	}
	show("good identity:")

	for entry, err := range store.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.Key, "until", entry.Until.Format(time.DateOnly), "good", entry.Good)
	}
	// Output:
	// no record: first sight
	// good triplet: remembered
	// triplet forgotten: first sight
	// good identity: promoted
	// 13e4a748e39b7897d295c4aefa814908 until 2027-03-01 good 1000
}

// export writes all records of a store, one JSON object on each line.
func export(ctx context.Context, w io.Writer, from greylist.Register) error {
	out := json.NewEncoder(w)
	for entry, err := range from.All(ctx) {
		if err != nil {
			return err
		}
		if err := out.Encode(entry); err != nil {
			return err
		}
	}
	return nil
}

// importFrom merges records that export wrote into a store.
func importFrom(ctx context.Context, r io.Reader, to greylist.Register) error {
	in := json.NewDecoder(r)
	for {
		var entry greylist.Entry
		switch err := in.Decode(&entry); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := to.Merge(ctx, entry.Key, entry.Record); err != nil {
			return err
		}
	}
}

// Copy records to a file or another store, as JSON. Records merge, so you can
// repeat this, also while mail arrives.
func ExampleEntry() {
	ctx := context.Background()
	from, to := new(greylist.Memory), new(greylist.Memory)
	known := greylist.Known(from, greylist.Options{})
	f := known(ctx, nil, at(0, "192.0.2.1", "ann@sender.example"))
	if err := f.Commit(ctx); err != nil {
		log.Fatal(err)
	}

	var file bytes.Buffer
	if err := export(ctx, &file, from); err != nil {
		log.Fatal(err)
	}
	fmt.Print(file.String())
	for range 2 {
		if err := importFrom(ctx, strings.NewReader(file.String()), to); err != nil {
			log.Fatal(err)
		}
	}
	f = greylist.Known(to, greylist.Options{})(ctx, nil, at(time.Hour, "192.0.2.1", "ann@sender.example"))
	fmt.Println("in the new store:", f.Detail.(*greylist.Result).State)
	// Output:
	// {"key":"6ddac6cb2a742e567f00137d72ea8718","first":"2026-03-01T12:00:00Z","last":"2026-03-01T12:00:00Z","until":"2026-03-02T12:00:00Z","good":0}
	// in the new store: returned
}
