package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
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
	imported *postfix.Import // nil without one
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
	case i.file != "" && given["scenario"]:
		return errors.New("give -policy with -scenario, not -import")
	}
	return nil
}

// read reads the main.cf and its tables, if there is one.
func (i *importing) read() error {
	if i.file == "" {
		return nil
	}
	raw, err := os.ReadFile(i.file)
	if err != nil {
		return err
	}
	i.imported, err = postfix.Read(string(raw), postfix.Options{File: i.file, ReadFile: os.ReadFile, Services: i.services, LeaveOut: i.leaveOut})
	switch {
	case err == nil:
		return i.unused()
	case i.leaveOut:
		return err
	}
	return fmt.Errorf("%w\n-service says what a policy server does, and -leave-out leaves out the rest", err)
}

// unused returns an error if no list asks a server of -service, whose name is perhaps
// misspelt.
func (i *importing) unused() error {
	var asked []string
	for _, line := range i.imported.Report {
		if strings.Contains(strings.ToLower(line.Restriction), "check_policy_service") {
			asked = append(asked, strings.FieldsFunc(line.Restriction, func(r rune) bool { return strings.ContainsRune(" ,{}", r) })...)
		}
	}
	for _, server := range slices.Sorted(maps.Keys(i.services)) {
		if !slices.Contains(asked, server) {
			return &envelope.SyntaxError{Kind: "policy server", Value: server, Reason: "of -service is asked by no list of " + i.file}
		}
	}
	return nil
}

// writeReport writes the report of an import.
func (i *importing) writeReport(w io.Writer) error {
	_, err := fmt.Fprintln(w, i.imported.Report)
	return err
}

// writeSource writes Go source for the imported policy.
func (i *importing) writeSource(w io.Writer) error {
	source, err := i.imported.Source("policy")
	if err == nil {
		_, err = w.Write(source)
	}
	return err
}
