package judge

import (
	"bytes"
	"errors"

	"mxrules.example/verdict/scenario/record"
)

// recording is what -scenario writes.
type recording struct {
	record.Recorder
	file    string
	about   record.Case // all but the envelope and the verdicts
	written bool
}

// newRecording returns a recording, which the directories of the site are asked through
// from then on.
func newRecording(o *options, c *Command) *recording {
	r := &recording{file: o.scenario, about: record.Case{Policy: o.policy, Settings: c.Site.Settings, Anonymous: o.anonymous}}
	c.Site.Mailboxes, c.Site.Owners = r.Mailboxes(c.Site.Mailboxes), r.Owners(c.Site.Owners)
	return r
}

// write writes the scenario of the one result.
func (r *recording) write(result result) error {
	if r == nil {
		return nil
	}
	if r.written {
		return errors.New("-scenario is about one envelope, and there are more")
	}
	r.written = true
	c := r.about
	c.Envelope, c.Recipients, c.Verdicts = result.envelope, result.recipients, result.verdicts
	var b bytes.Buffer
	if err := r.Write(&b, c); err != nil {
		return err
	}
	return writeFile(r.file, b.Bytes())
}
