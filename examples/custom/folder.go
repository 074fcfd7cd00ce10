package main

import (
	"errors"
	"io"
	"os"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// deliver stores a message in the folder of the server, with a field Delivered-To for
// each recipient and the results of the checks on top.
func (s *server) deliver(accepted verdict.Event) error {
	var fields strings.Builder
	for _, recipient := range accepted.Recipients {
		// The policy refuses addresses with line breaks, but another policy may not.
		fields.WriteString("Delivered-To: " + envelope.CleanText(recipient.To, true) + "\r\n")
	}
	content, err := s.stamp.Deliver(accepted.Envelope.Message, accepted.Envelope, accepted.Verdicts()...)
	if err != nil {
		return err
	}
	return store(s.folder, io.MultiReader(strings.NewReader(fields.String()), content))
}

// store writes a new file with the suffix .eml. After nil it is on the disk, and the
// server may take responsibility for the message (RFC 5321, section 4.2.5).
func store(folder string, content io.Reader) error {
	file, err := os.CreateTemp(folder, "*.part")
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), strings.TrimSuffix(file.Name(), "part")+"eml")
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	names, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(names.Sync(), names.Close())
}
