package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"

	"mxrules.example/envelope"
	"mxrules.example/examples/postmaster"
	"mxrules.example/verdict/judge"
)

// pages are the options of the pages of refusals.
type pages struct {
	link    string // their address, "" without pages
	keyFile string
}

// linking gives the command the links of refusals: those that examples/mx sends, if the
// address and the key are the same.
func (p *pages) linking(c *judge.Command) error {
	switch {
	case p.link == "" && p.keyFile == "":
		return nil
	case p.link == "" || p.keyFile == "":
		return errors.New("-link and -link-key belong together")
	}
	base, err := url.Parse(p.link)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return fmt.Errorf("-link %q is not an address such as https://postmaster.example.org", envelope.Excerpt(p.link))
	}
	key, err := os.ReadFile(p.keyFile)
	if err != nil {
		return err
	}
	const least = 16 // octets
	if len(key) < least {
		return fmt.Errorf("-link-key %s: the key has %d octets, and at least %d are required", p.keyFile, len(key), least)
	}
	c.Link = (&postmaster.Links{Base: p.link, Key: key}).Of
	return nil
}
