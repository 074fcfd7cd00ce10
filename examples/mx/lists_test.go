package main

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
)

func TestOnlyListsThatServeAreKept(t *testing.T) {
	dns := zone.MustParse(`
		2.0.0.127.good.example.      A 127.0.0.2
		*.everything.example.        A 127.0.0.2
		2.0.0.127.refusing.example.  A 127.255.255.254
		2.0.0.127.silent.example.    A 127.0.0.2
		test.names.example.          A 127.0.0.2
	`).Failing("*.silent.example.", zone.Timeout)
	var lists []dnsbl.List
	for _, list := range []string{"good.example", "dead.example", "everything.example", "refusing.example", "silent.example", "names.example"} {
		lists = append(lists, dnsbl.List{Zone: list})
	}
	var log strings.Builder
	kept, err := trusted(t.Context(), dns, lists, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, list := range kept {
		got = append(got, list.Zone)
	}
	if want := []string{"good.example", "silent.example"}; !slices.Equal(got, want) {
		t.Errorf("got the lists %q, want %q", got, want)
	}
	for _, want := range []string{"dead.example: absent", "everything.example: lists all", "refusing.example: refusing", "names.example: serving (IPv4 absent"} {
		if !strings.Contains(log.String(), `level=WARN msg="DNS list is not used" report="`+want) {
			t.Errorf("the log does not warn of %s:\n%s", want, &log)
		}
	}
	if _, err := trusted(t.Context(), dns, []dnsbl.List{{Zone: "a b"}}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), `-dnsbl: host name "a b"`) {
		t.Errorf("an invalid list: got the error %v", err)
	}
}

func TestRunProbesListsBeforeItListens(t *testing.T) {
	folder := t.TempDir()
	zoneFile := filepath.Join(folder, "zone")
	writeFile(t, zoneFile, demoZone+"\n*.everything.example. A 127.0.0.2\n")
	mx := start(t, "-policy", "strict", "-zone", zoneFile, "-maildir", filepath.Join(folder, "mail"),
		"-dnsbl", "list.example=127.0.0.2", "-dnsbl", "everything.example=127.0.0.2")
	var got []string
	for _, line := range mx.before {
		report, _ := line["report"].(string)
		list, _, _ := strings.Cut(report, " (")
		got = append(got, line["level"].(string)+" "+list)
	}
	if want := []string{"INFO list.example: serving", "WARN everything.example: lists all"}; !slices.Equal(got, want) {
		t.Errorf("the log has %q, want %q", got, want)
	}
}
