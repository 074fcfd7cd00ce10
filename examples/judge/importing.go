package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict/postfix"
)

// importing are the options of -import.
type importing struct {
	file     string // the main.cf, or "" without one
	source   bool
	leaveOut bool
	services map[string]postfix.Service
}

// addService reads SERVER=spf or SERVER=greylist.
func (i *importing) addService(value string) error {
	server, word, _ := strings.Cut(value, "=")
	service, known := map[string]postfix.Service{"spf": postfix.SPF, "greylist": postfix.Greylisting}[word]
	if !known || server == "" {
		return &envelope.SyntaxError{Kind: "policy server", Value: value, Reason: "is not of the form SERVER=spf or SERVER=greylist"}
	}
	if i.services == nil {
		i.services = map[string]postfix.Service{}
	}
	i.services[server] = service
	return nil
}

// conflict returns the error of flags that exclude each other.
func (i *importing) conflict(given map[string]bool) error {
	switch {
	case i.file == "" && (i.source || i.leaveOut || i.services != nil):
		return errors.New("-go, -leave-out and -service are about the file of -import")
	case i.file != "" && (given["policy"] || given["checks"]):
		return errors.New("give -import, -policy or -checks, and only one of them")
	}
	return nil
}

// read reads the main.cf and its tables, nil without one.
func (i *importing) read() (*postfix.Import, error) {
	if i.file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(i.file)
	if err != nil {
		return nil, err
	}
	return postfix.Read(string(raw), postfix.Options{File: i.file, ReadFile: os.ReadFile, Services: i.services, LeaveOut: i.leaveOut})
}

// print writes the source of an import, or its report.
func (i *importing) print(imported *postfix.Import, out io.Writer) error {
	if !i.source {
		_, err := fmt.Fprintln(out, imported.Report)
		return err
	}
	source, err := imported.Source("policy")
	if err == nil {
		_, err = out.Write(source)
	}
	return err
}
