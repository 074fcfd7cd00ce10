package play

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
)

// lookups are what a fault can break besides DNS.
var lookups = []string{"mailboxes", "owners", "store"}

// errDown is the error of a lookup that a fault broke.
var errDown = errors.New("the scenario broke it")

// outages are the lookups that are broken. It is safe for concurrent use.
type outages struct {
	mu     sync.Mutex
	broken map[string]bool
	hits   map[string]int // calls that failed
}

// set breaks or repairs a lookup.
func (o *outages) set(lookup string, broken bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.broken == nil {
		o.broken, o.hits = map[string]bool{}, map[string]int{}
	}
	o.broken[lookup] = broken
}

// of returns an error if a lookup is broken.
func (o *outages) of(lookup string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.broken[lookup] {
		return nil
	}
	o.hits[lookup]++
	return errDown
}

// count returns how often a lookup failed.
func (o *outages) count(lookup string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.hits[lookup]
}

// fault is a line fault, or a field broken, of a scene.
type fault struct {
	at     *entry
	what   string // a lookup, or a question
	before int    // what was counted when it began
	hit    bool   // something failed
	over   bool   // it was healed

	unasked bool // it must fail nothing
}

// cutUnasked cuts the word that says that a fault must fail nothing.
func cutUnasked(text string) (rest string, unasked bool) {
	rest, unasked = strings.CutPrefix(text, "unasked ")
	return strings.TrimSpace(rest), unasked
}

// String says that the fault failed nothing, or something against its word.
func (f *fault) String() string {
	if f.unasked {
		return f.at.fault("the fault is not unasked: %s failed", f.what).Error()
	}
	if slices.Contains(lookups, f.what) {
		return f.at.fault("the fault has no effect: no rule asks for the %s", f.what).Error()
	}
	return f.at.fault("the fault has no effect: %s is not asked (of an alias, its own name is asked, not its target)", f.what).Error()
}

// breakAs breaks what a line fault names, as "servfail QUESTION" or a lookup.
func (w *world) breakAs(e *entry) (what string, err error) {
	if slices.Contains(lookups, e.rest) {
		w.outages.set(e.rest, true)
		return e.rest, nil
	}
	kind, question, _ := strings.Cut(e.rest, " ")
	if question = strings.TrimSpace(question); question == "" || !strings.Contains(question, ".") {
		return "", e.fault("%q is not a fault: it is servfail, refused or timeout and a question such as \"example.net. TXT\", or one of %s",
			envelope.Excerpt(e.rest), strings.Join(lookups, ", "))
	}
	return question, e.wrap(w.zone.SetFault(question, strings.ToLower(kind)))
}

// begin breaks what a line of a scene names. The scene must hit it.
func (w *world) begin(e *entry) error {
	rest, unasked := cutUnasked(e.rest)
	what, err := w.breakAs(&entry{file: e.file, number: e.number, word: e.word, rest: rest})
	if err == nil {
		w.faults = append(w.faults, &fault{at: e, what: what, before: w.failures(what), unasked: unasked})
	}
	return err
}

// heal repairs what a line heal names.
func (w *world) heal(e *entry) error {
	w.noteHits()
	for _, f := range w.faults {
		f.over = f.over || f.what == e.rest
	}
	if slices.Contains(lookups, e.rest) {
		w.outages.set(e.rest, false)
		return nil
	}
	if err := w.zone.SetFault(e.rest, "servfail"); err != nil { // it says what is wrong with the question
		return e.wrap(err)
	}
	w.zone.Healing(e.rest)
	return nil
}

// failures returns how many questions or calls of a lookup a fault could fail so far.
func (w *world) failures(what string) int {
	if slices.Contains(lookups, what) {
		return w.outages.count(what)
	}
	return w.zone.Count(what)
}

// noteHits notes which faults failed something.
func (w *world) noteHits() {
	for _, f := range w.faults {
		f.hit = f.hit || !f.over && w.failures(f.what) > f.before
	}
}

// idle returns the faults that failed nothing, and those that failed something although
// they say unasked. One of all questions may do either.
func (w *world) idle() (all []*fault) {
	w.noteHits()
	for _, f := range w.faults {
		if f.hit == f.unasked && f.what != everyQuestion {
			all = append(all, f)
		}
	}
	return all
}

// setDelay delays the answers to a question.
func (w *world) setDelay(e *entry) error {
	text, question, _ := strings.Cut(e.rest, " ")
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return e.fault("%q is not a duration, such as 200ms", envelope.Excerpt(text))
	}
	question = strings.TrimSpace(question)
	if err := w.zone.SetFault(question, "servfail"); err != nil { // it says what is wrong with the question
		return e.wrap(err)
	}
	w.zone.Healing(question)
	w.zone.Delaying(question, d)
	return nil
}

// store is the store of a world, which can be broken.
type store struct{ *world }

func (s store) Get(ctx context.Context, key greylist.Key) (greylist.Record, error) {
	if err := s.outages.of("store"); err != nil {
		return greylist.Record{}, err
	}
	return s.store.Get(ctx, key)
}

func (s store) Touch(ctx context.Context, key greylist.Key, sighting greylist.Sighting) (greylist.Record, error) {
	if err := s.outages.of("store"); err != nil {
		return greylist.Record{}, err
	}
	return s.store.Touch(ctx, key, sighting)
}

// idleFaults collects the faults of a scene that failed nothing, over its policies.
type idleFaults struct {
	of    int // policies
	times map[string]int
}

// add adds those of one policy, and returns the texts of faults that were idle for all of
// them.
func (i *idleFaults) add(faults []*fault) (texts []string) {
	if i.times == nil {
		i.times = map[string]int{}
	}
	for _, f := range faults {
		text := f.String()
		if i.times[text]++; f.unasked || i.times[text] == i.of {
			texts = append(texts, text)
		}
	}
	return texts
}
