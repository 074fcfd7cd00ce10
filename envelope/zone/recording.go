package zone

import (
	"maps"
	"slices"
	"strings"
)

// Recording is what a [Recorder] saw, as text: the DNS of one judgement, to look at, to
// keep, and to judge by again. A name with the label * becomes a wildcard.
type Recording struct {
	// Zone has the records, in the format of [Parse], in the order of the questions.
	Zone string `json:"zone"`
	// Faults has the questions that failed, as [Zone.SetFault] takes them. A question
	// without an answer has the fault timeout, and "nxdomain" is a name that
	// [envelope.Exists] did not find.
	Faults map[string]string `json:"faults,omitempty"`
	// Asked has all questions, if only these can be answered. Nothing is known of
	// others, so that [Recording.Resolver] fails them. Empty and not nil, in JSON [], says
	// that none was asked: then it fails all.
	Asked Questions `json:"asked,omitzero"`
}

// Recording returns what was asked and answered so far. The error names an answer that
// no zone can hold, such as a PTR record with an empty label.
func (r *Recorder) Recording() (Recording, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := writer{ends: map[string]string{}, written: map[string]bool{}}
	for _, q := range r.asked {
		w.alias(q, r.answers[q])
	}
	for _, q := range r.asked {
		w.question(q, r.answers[q])
	}
	w.addresses()
	return Recording{Zone: w.zone.String(), Faults: w.faults, Asked: append(Questions{}, w.asked...)}, w.err
}

// Resolver returns a Zone that gives the recorded answers. Unless Asked is nil,
// every question that is not in it fails with SERVFAIL. The error is an
// *[envelope.SyntaxError] for a text that is not valid.
func (r Recording) Resolver() (*Zone, error) {
	z, err := Parse(r.Zone)
	if err != nil {
		return nil, err
	}
	if r.Asked != nil {
		everything := &script{scenes: []scene{{fault: SERVFAIL}}}
		z.scripts[pattern{}], z.scripts[pattern{below: true}] = everything, everything
	}
	for _, q := range r.Asked {
		if err := z.play(q, scene{asWritten: true}); err != nil {
			return nil, err
		}
	}
	for _, q := range slices.Sorted(maps.Keys(r.Faults)) {
		s, err := parseFault(r.Faults[q])
		if strings.EqualFold(r.Faults[q], NXDOMAIN) {
			s, err = scene{missing: true}, nil
		}
		if err == nil {
			err = z.play(q, s)
		}
		if err != nil {
			return nil, err
		}
	}
	return z, nil
}

// play sets the answer to a question.
func (z *Zone) play(question string, s scene) error {
	p, err := parsePattern(question)
	if err == nil {
		z.mu.Lock()
		defer z.mu.Unlock()
		z.scripts[p] = &script{scenes: []scene{s}}
	}
	return err
}
