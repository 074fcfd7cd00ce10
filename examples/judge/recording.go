package main

import (
	"bytes"
	"errors"
	"os"
	"strings"

	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict/scenario/record"
)

// recording is what -scenario writes.
type recording struct {
	record.Recorder
	file    string
	about   record.Case // all but the envelope and the verdicts
	written bool
}

// newRecording returns a recording, which asks the directories of the site from then on.
func newRecording(o *options) *recording {
	r := &recording{file: o.scenario, about: record.Case{Policy: o.policy, Settings: settings(&o.site), Anonymous: o.anonymous}}
	o.site.Mailboxes, o.site.Owners = r.Mailboxes(o.site.Mailboxes), r.Owners(o.site.Owners)
	return r
}

// settings returns what the policies are made from, but for the directories.
func settings(site *facts) map[string][]string {
	all := map[string][]string{}
	add := func(name string, values ...string) {
		if len(values) > 0 {
			all[name] = append(all[name], values...)
		}
	}
	add("domains", site.Domains...)
	add("names", site.Names...)
	for _, network := range site.Networks {
		add("networks", network.String())
	}
	for _, list := range site.Lists {
		add("lists", listText(list))
	}
	return all
}

// listText returns a list as dnsbl.ParseList reads it.
func listText(list dnsbl.List) string { return list.Zone + "=" + strings.Join(list.Codes, ",") }

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
	return os.WriteFile(r.file, b.Bytes(), 0o644)
}
