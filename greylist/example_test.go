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

// at returns a mail as the examples have it, some time after noon.
func at(after time.Duration, client, from string) *envelope.Envelope {
	return &envelope.Envelope{
		ClientIP: netip.MustParseAddr(client),
		MailFrom: from,
		RcptTo:   "us@example.org",
		Now:      time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(after),
	}
}

// A stranger tries, is too impatient, comes back, and is known from then on.
func Example() {
	store := greylist.NewMemory(64 << 20)
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

// Only who gives a reason is made to wait: a client whose name is that of a
// dynamic address, or that has none. Of the other nothing is remembered.
func ExampleKnown_unlessAboveSuspicion() {
	dns := zone.MustParse(`
		1.2.0.192.in-addr.arpa.  PTR mail.sender.example.
		2.2.0.192.in-addr.arpa.  PTR 192-0-2-2.dyn.isp.example.
	`)
	store := greylist.NewMemory(64 << 20)
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

// The same the other way round: greylisting of what another check finds
// suspicious.
func ExampleKnown_whenSuspicious() {
	bare := envelope.At("client.bare", envelope.Connect,
		func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if netip.MustParsePrefix("198.51.100.0/24").Contains(e.Client()) {
				return envelope.Passed("")
			}
			return envelope.NotApplicable("")
		})
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.TempFailUnless(greylist.Known(greylist.NewMemory(64<<20), greylist.Options{})).When(bare),
	}}
	for _, client := range []string{"192.0.2.1", "198.51.100.1"} {
		fmt.Println(client, policy.Judge(context.Background(), nil, at(0, client, "ann@sender.example")).Action)
	}
	// Output:
	// 192.0.2.1 accept
	// 198.51.100.1 tempfail
}

// Before it delays anything a site can see what it would do. A rule that marks
// takes the mail and learns; when it defers one day, most senders are known.
func ExampleKnown_trial() {
	store := greylist.NewMemory(64 << 20)
	known := greylist.Known(store, greylist.Options{})
	trial := verdict.Policy{Rules: verdict.Rules{verdict.MarkUnless(known, "would wait")}}
	earnest := verdict.Policy{Rules: verdict.Rules{verdict.TempFailUnless(known)}}

	const day = 24 * time.Hour
	for _, after := range []time.Duration{0, 6 * time.Hour, 5 * day} {
		v := trial.Judge(context.Background(), nil, at(after, "192.0.2.1", "ann@sender.example"))
		fmt.Println("trial:", v.Action, v.Marks)
	}
	for _, from := range []string{"ann@sender.example", "new@sender.example"} {
		v := earnest.Judge(context.Background(), nil, at(6*day, "192.0.2.1", from))
		fmt.Println("in earnest:", from, v.Action)
	}
	// Output:
	// trial: accept [would wait]
	// trial: accept []
	// trial: accept []
	// in earnest: ann@sender.example accept
	// in earnest: new@sender.example tempfail
}

// Who has shown patience often is spared a check that is often wrong.
func ExampleTrusted() {
	store := greylist.NewMemory(64 << 20)
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

// A Register can be written to by hand: a triplet or a whole identity is let in
// from now on, or has to wait once more.
func ExampleRegister() {
	ctx := context.Background()
	var store greylist.Register = greylist.NewMemory(64 << 20)
	secret := greylist.Secret("of this installation")
	options := greylist.Options{Secret: secret}
	known := greylist.Known(store, options)
	show := func(what string) {
		f := known(ctx, nil, at(0, "192.0.2.1", "ann@sender.example"))
		fmt.Println(what, f.Detail.(*greylist.Result).State)
	}
	show("at first:")

	now := at(0, "192.0.2.1", "").Now
	year := greylist.Record{First: now, Last: now, Until: now.AddDate(1, 0, 0)}
	triplet := secret.Triplet("192.0.2.0/24", "ann@sender.example", "us@example.org")
	year.Good = 1
	if err := store.Merge(ctx, triplet, year); err != nil {
		log.Fatal(err)
	}
	show("one sender to one recipient:")
	if err := store.Forget(ctx, triplet); err != nil {
		log.Fatal(err)
	}
	show("forgotten:")

	year.Good = 1000 // more than any Promote
	if err := store.Merge(ctx, secret.Identity("192.0.2.0/24"), year); err != nil {
		log.Fatal(err)
	}
	show("all of a network:")

	for entry, err := range store.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.Key, "until", entry.Until.Format(time.DateOnly), "good", entry.Good)
	}
	// Output:
	// at first: first sight
	// one sender to one recipient: remembered
	// forgotten: first sight
	// all of a network: promoted
	// 241c84a9141bb5cadfc72bc0482655db until 2027-03-01 good 1000
}

// export writes all records of a store as JSON lines.
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

// importFrom reads what export has written into a store, of whatever kind. What
// it holds already stays.
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

// Records move from one store to another, or to a file and back, as lines of
// JSON. They merge, so that it may be done again, and while mail comes in.
func ExampleEntry() {
	ctx := context.Background()
	old, young := greylist.NewMemory(64<<20), greylist.NewMemory(64<<20)
	known := greylist.Known(old, greylist.Options{})
	f := known(ctx, nil, at(0, "192.0.2.1", "ann@sender.example"))
	if err := f.Commit(ctx); err != nil {
		log.Fatal(err)
	}

	var file bytes.Buffer
	if err := export(ctx, &file, old); err != nil {
		log.Fatal(err)
	}
	fmt.Print(file.String())
	for range 2 {
		if err := importFrom(ctx, strings.NewReader(file.String()), young); err != nil {
			log.Fatal(err)
		}
	}
	f = greylist.Known(young, greylist.Options{})(ctx, nil, at(time.Hour, "192.0.2.1", "ann@sender.example"))
	fmt.Println("in the new store:", f.Detail.(*greylist.Result).State)
	// Output:
	// {"key":"6ddac6cb2a742e567f00137d72ea8718","first":"2026-03-01T12:00:00Z","last":"2026-03-01T12:00:00Z","until":"2026-03-02T12:00:00Z","good":0}
	// in the new store: returned
}
