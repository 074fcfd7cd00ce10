package play

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/verdict"
)

// Policies are the policies that scenarios can name, each made for a site.
type Policies map[string]func(Site) (verdict.Policy, error)

// Site is what a scenario says about the site that a policy protects.
type Site struct {
	// Mailboxes has the addresses of the lines mailbox, nil if there are none.
	Mailboxes directory.Lookup
	// Owners has the logins and addresses of the lines owner, nil if there are none.
	Owners directory.Owners
	// Store is the store of the scenario, which all its servers share. It is empty at
	// the beginning.
	Store greylist.Store
	// Settings has the values of the lines set by their names. Their meaning is up to
	// the policy.
	Settings map[string][]string

	server *server // that the policy is made for, nil for a case
}

// OnReply makes the server call report for each of its replies, as Report of
// verdict.Connection does, for example to write what package reputation remembers.
func (s Site) OnReply(report func(context.Context, verdict.Event)) {
	if s.server != nil {
		s.server.reports = append(s.server.reports, report)
	}
}

// world is the site of a scene and what is around it.
type world struct {
	fsys     fs.FS
	site     Site
	zone     *zone.Zone
	clock    time.Time
	messages map[string]string
	keys     map[string]ed25519.PrivateKey // by "domain selector"
	good     string                        // the changes of the line good
	always   map[string]string             // those of lines for, by policy
	store    *greylist.Memory
	outages  outages
	faults   []*fault // those of the scene
	recorded bool     // the DNS is a recorded one
}

// newWorld returns the world that these lines describe.
func newWorld(fsys fs.FS, entries []entry) (*world, error) {
	w := &world{
		fsys: fsys, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), store: new(greylist.Memory),
		messages: map[string]string{}, keys: map[string]ed25519.PrivateKey{}, always: map[string]string{},
	}
	w.site.Settings = map[string][]string{}
	b := builder{world: w, owners: map[string][]string{}, answers: map[string]*recordedAnswer{}}
	for i := range entries {
		if err := b.add(&entries[i]); err != nil {
			return nil, err
		}
	}
	return w, b.build()
}

// builder collects the lines of a world.
type builder struct {
	*world
	records strings.Builder // of the zone
	texts   []zoneText      // the same without keys, for errors
	boxes   []string
	owners  map[string][]string
	outage  []*entry // lines fault
	delays  []*entry
	// What blocks "recorded" have, the names at the end of their aliases, and the questions
	// for keys.
	answers         map[string]*recordedAnswer
	order           []*recordedAnswer
	ends, published []string
	// The last lines of their words, which errors name.
	box, owner *entry
}

func (b *builder) add(e *entry) (err error) {
	fields := strings.Fields(e.rest)
	need := func(n int, form string) error {
		if len(fields) < n {
			return e.fault("%s needs %s", e.word, form)
		}
		return nil
	}
	switch e.word {
	case "policy": // see scene.policies
		err = need(1, "a name")
	case "zone":
		err = b.addZone(e)
	case "fault":
		b.outage, err = append(b.outage, e), need(1, "servfail, refused, timeout and a question, or mailboxes, owners or store")
	case "delay":
		b.delays, err = append(b.delays, e), need(2, "a duration and a question")
	case "clock":
		if b.clock, err = time.Parse(time.RFC3339, e.rest); err != nil {
			err = e.fault("the time %q is not of the form 2026-01-01T00:00:00Z", envelope.Excerpt(e.rest))
		}
	case "mailbox":
		b.box, b.boxes, err = e, append(b.boxes, e.rest), need(1, "an address")
	case "owner":
		if err = need(2, "a login and its addresses"); err == nil {
			b.owner, b.owners[fields[0]] = e, append(b.owners[fields[0]], fields[1:]...)
		}
	case "set":
		if err = need(1, "a name and values"); err == nil {
			b.site.Settings[fields[0]] = append(b.site.Settings[fields[0]], fields[1:]...)
		}
	case "recorded":
		err = b.addRecorded(e)
	case "message":
		if err = need(1, "a name"); err == nil {
			err = b.addMessage(e)
		}
	case "key":
		if err = need(2, "a domain and a selector"); err == nil {
			b.addKey(fields[0], fields[1])
		}
	case "good":
		b.good = e.rest
	case "for":
		if err = need(2, "a policy and fields"); err == nil {
			_, rest, _ := strings.Cut(e.rest, " ")
			b.always[fields[0]] += " " + rest
		}
	}
	return err
}

// crlf returns the lines of a message as they are sent. A header without a body gets the
// empty line at its end.
func crlf(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	if !slices.Contains(lines, "") {
		lines = append(slices.Clip(lines), "")
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

func (b *builder) addMessage(e *entry) (err error) {
	if name, quoted := strings.CutSuffix(e.rest, " quoted"); quoted {
		b.messages[strings.TrimSpace(name)], err = unquoted(e)
		return err
	}
	b.messages[e.rest] = crlf(e.block)
	return nil
}

func (b *builder) addZone(e *entry) (err error) {
	text := zoneText{at: e, text: e.text()}
	if e.rest != "" {
		text.file = place(b.fsys, e.rest)
		if text.text, err = readFile(b.fsys, e.rest); err != nil {
			return e.wrap(err)
		}
	}
	b.texts = append(b.texts, text)
	b.records.WriteString("$ORIGIN .\n" + text.text + "\n")
	return nil
}

// addKey makes a key that is always the same for a domain and a selector, and publishes
// it.
func (b *builder) addKey(domain, selector string) {
	seed := sha256.Sum256([]byte("a key for tests: " + selector + "._domainkey." + domain))
	key := ed25519.NewKeyFromSeed(seed[:])
	b.keys[domain+" "+selector] = key
	public := base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	b.published = append(b.published, selector+"._domainkey."+domain+" TXT")
	fmt.Fprintf(&b.records, "$ORIGIN .\n%s._domainkey.%s. TXT \"v=DKIM1; k=ed25519; p=%s\"\n", selector, strings.TrimSuffix(domain, "."), public)
}

// build makes the parts of the world that several lines describe.
func (b *builder) build() (err error) {
	if b.zone, err = zone.Parse(b.records.String()); err != nil {
		return invalid(b.texts, err)
	}
	if len(b.boxes) > 0 {
		mailboxes, err := directory.List(b.boxes...)
		if err != nil {
			return b.box.wrap(err)
		}
		b.site.Mailboxes = func(ctx context.Context, m envelope.Mailbox) (directory.Answer, error) {
			if err := b.outages.of("mailboxes"); err != nil {
				return 0, err
			}
			return mailboxes(ctx, m)
		}
	}
	if len(b.owners) > 0 {
		owners, err := directory.OwnersFrom(b.owners)
		if err != nil {
			return b.owner.wrap(err)
		}
		b.site.Owners = func(ctx context.Context, m envelope.Mailbox) ([]string, error) {
			if err := b.outages.of("owners"); err != nil {
				return nil, err
			}
			return owners(ctx, m)
		}
	}
	if err := b.answerRecorded(); err != nil {
		return err
	}
	b.site.Store = store{b.world}
	for _, e := range b.delays {
		if err := b.setDelay(e); err != nil {
			return err
		}
	}
	for _, e := range b.outage {
		if _, err := b.breakAs(e); err != nil {
			return err
		}
	}
	return nil
}
