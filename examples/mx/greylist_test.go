package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
)

// dialUp is a world in which a client on this machine has the name of a line.
const dialUp = `
example.net.            MX  10 dsl-1.pool.example.
                        TXT "v=spf1 ip4:127.0.0.1 -all"
dsl-1.pool.example.     A   127.0.0.1
1.0.0.127.in-addr.arpa. PTR dsl-1.pool.example.
`

// startGreylisting starts the command in a folder, in that world.
func startGreylisting(t *testing.T, folder string, args ...string) *running {
	t.Helper()
	zoneFile := filepath.Join(t.TempDir(), "zone")
	writeFile(t, zoneFile, dialUp)
	return start(t, append([]string{"-listen", "127.0.0.1:0", "-hostname", "mx.example.org", "-zone", zoneFile,
		"-mailboxes", "alice@example.org", "-maildir", folder}, args...)...)
}

// sendFromThere tries to send a message to Alice, and returns where that ended.
func (r *running) sendFromThere(t *testing.T) string {
	t.Helper()
	c := conversation{author: "Ann <ann@example.net>", lines: []string{
		"EHLO dsl-1.pool.example", "MAIL FROM:<ann@example.net>", "RCPT TO:<alice@example.org>"}}
	ended, err := c.speak(t.Context(), r.address, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return ended
}

// halt stops the command and waits until it has exited.
func (r *running) halt(t *testing.T) {
	t.Helper()
	r.stop()
	for range r.logs {
	}
	if status := <-r.exited; status != 0 {
		t.Errorf("the command exits with %d", status)
	}
}

// records returns what a file remembers.
func records(t *testing.T, file string) (entries []greylist.Entry) {
	t.Helper()
	store, err := bolt.Open(file, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for entry, err := range store.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry)
	}
	return entries
}

const (
	putOff = "RCPT 451 4.7.1"
	taken  = "message 250 2.0.0"
)

// Who was asked to come back is remembered beside the maildirs when the server
// starts again.
func TestRunRemembersWhoComesBack(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "mail")
	file := filepath.Join(folder, "greylist.db")
	mx := startGreylisting(t, folder)
	if got := mx.sendFromThere(t); got != putOff {
		t.Errorf("at first it ended with %q, not %q", got, putOff)
	}
	mx.halt(t)
	before := records(t, file)
	if len(before) != 1 {
		t.Fatalf("the file has %d records, not that of the one sighting", len(before))
	}

	mx = startGreylisting(t, folder, "-greylist-delay", "1s")
	eventually(t, "the mail is taken", func() bool { return mx.sendFromThere(t) == taken })
	mx.halt(t)
	i := slices.IndexFunc(records(t, file), func(e greylist.Entry) bool {
		return e.Key == before[0].Key && e.First.Equal(before[0].First) && e.Good == 1
	})
	if i < 0 {
		t.Errorf("the file has %v, and not %v that has come back", records(t, file), before[0])
	}
	if got := stored(t, filepath.Join(folder, "alice@example.org", junk)); len(got) != 1 {
		t.Errorf("Alice has %d marked messages, not the one from a generic name", len(got))
	}
}

func TestRunRemembersWhereItIsTold(t *testing.T) {
	folder := t.TempDir()
	file, secret := filepath.Join(folder, "known"), filepath.Join(folder, "secret")
	mx := startGreylisting(t, filepath.Join(folder, "mail"), "-greylist", file, "-greylist-secret", secret)
	if got := mx.sendFromThere(t); got != putOff {
		t.Errorf("it ended with %q, not %q", got, putOff)
	}
	mx.halt(t)
	text, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	want := greylist.Secret(text).Triplet("spf:example.net", "ann@example.net", "alice@example.org")
	if got := records(t, file); len(got) != 1 || got[0].Key != want {
		t.Errorf("the file has the records %v, not the one with the key %v", got, want)
	}
	names, err := filepath.Glob(filepath.Join(folder, "mail", "greylist.*"))
	if err != nil || len(names) > 0 {
		t.Errorf("beside the maildirs are %q, %v", names, err)
	}
}

func TestRunAsksNobodyToComeBackIfItShallNot(t *testing.T) {
	folder := t.TempDir()
	mx := startGreylisting(t, folder, "-greylist", "off")
	if got := mx.sendFromThere(t); got != taken {
		t.Errorf("it ended with %q, not %q", got, taken)
	}
	mx.halt(t)
	names, err := filepath.Glob(filepath.Join(folder, "greylist.*"))
	if err != nil || len(names) > 0 {
		t.Errorf("beside the maildirs are %q, %v", names, err)
	}
}

func TestRunRemembersInRedis(t *testing.T) {
	socket := startRedis(t)
	folder := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret") // of both servers
	at := func(name string, args ...string) *running {
		return startGreylisting(t, filepath.Join(folder, name),
			append(args, "-greylist", "unix://"+socket, "-greylist-secret", secret)...)
	}
	one, other := at("one"), at("other", "-greylist-delay", "1s")
	if got := one.sendFromThere(t); got != putOff {
		t.Errorf("at one server it ended with %q, not %q", got, putOff)
	}
	one.halt(t)
	eventually(t, "the other server takes the mail", func() bool { return other.sendFromThere(t) == taken })
	other.halt(t)
	if names, err := filepath.Glob(filepath.Join(folder, "*", "greylist.db")); err != nil || len(names) > 0 {
		t.Errorf("there are the files %q, %v", names, err)
	}
}

// While Redis is away all that it would have to be asked about shall come again.
func TestRunWithoutItsRedis(t *testing.T) {
	mx := startGreylisting(t, t.TempDir(), "-greylist", "unix://"+filepath.Join(t.TempDir(), "nobody"))
	ended := make(chan string, 1)
	go func() { ended <- mx.sendFromThere(t) }()
	about, client := map[string]any{}, 0
	for line := range mx.logs { // all of it is JSON, what the client of Redis says too
		if line["msg"] == "redis" {
			client++
		}
		if line["msg"] == "reply" {
			about, _ = line["verdict"].(map[string]any)
			break
		}
	}
	if about["action"] != "tempfail" || about["rule"] != "greylist.known" || about["forced"] != true || client == 0 {
		t.Errorf("the log says %v, after %d lines of the client of Redis", about, client)
	}
	if got, want := <-ended, "message 451 4.3.0"; got != want {
		t.Errorf("it ended with %q, not %q", got, want)
	}
}

// A file that cannot be used is told at once, and left as it is.
func TestRunNeedsItsFile(t *testing.T) {
	folder := t.TempDir()
	foreign := filepath.Join(folder, "foreign")
	writeFile(t, foreign, strings.Repeat("these are the notes of somebody else\n", 1000))
	short := filepath.Join(folder, "short")
	writeFile(t, short, "secret\n")
	busy := filepath.Join(folder, "busy")
	store, err := bolt.Open(busy, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"-greylist", foreign}, foreign + ": not a greylist file of version 1"},
		{[]string{"-greylist", busy}, busy + ": the file is in use by another process"},
		{[]string{"-greylist-secret", short}, short + ": the secret has 7 octets, and should have 16 or more"},
		{[]string{"-greylist-secret", filepath.Join(folder, "no", "folder")}, "no/folder: no such file or directory"},
	} {
		var errs strings.Builder
		args := append([]string{"-listen", "127.0.0.1:0", "-dns", "127.0.0.1", "-hostname", "mx.example.org", "-mailboxes", "alice@example.org",
			"-maildir", filepath.Join(folder, "mail")}, tc.args...)
		if status := run(t.Context(), args, io.Discard, &errs); status != 1 || !strings.Contains(errs.String(), tc.want) {
			t.Errorf("%v: the command exits with %d and says %q, and not %q", tc.args, status, errs.String(), tc.want)
		}
	}
	if text, err := os.ReadFile(foreign); err != nil || !strings.HasPrefix(string(text), "these are") {
		t.Errorf("the file of somebody else is now %.40q, %v", text, err)
	}
}

func TestSecretIsMadeOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "secret")
	made, err := readSecret(name)
	if err != nil || len(made) < 16 {
		t.Fatalf("the secret is %q, %v", made, err)
	}
	if again, err := readSecret(name); err != nil || !bytes.Equal(made, again) {
		t.Errorf("the secret is %q, and then %q, %v", made, again, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of the secret is %v, %v", info, err)
	}
	other, err := readSecret(filepath.Join(t.TempDir(), "secret"))
	if err != nil || bytes.Equal(made, other) {
		t.Errorf("another installation has the secret %q, %v", other, err)
	}
}

func TestChooseWhereToRemember(t *testing.T) {
	for _, tc := range []struct {
		where, file, redis string
		off                bool
	}{
		{where: "off", off: true},
		{where: "./off", file: "./off"},
		{where: "/var/lib/mx/known", file: "/var/lib/mx/known"},
		{where: "redis://192.0.2.1", redis: "192.0.2.1:6379"},
		{where: "rediss://mx:secret@192.0.2.1:7000/2", redis: "192.0.2.1:7000"},
		{where: "unix:///run/redis", redis: "/run/redis"},
	} {
		g := greylisting{file: "before"}
		if err := g.choose(tc.where); err != nil {
			t.Errorf("%s: %v", tc.where, err)
			continue
		}
		address := ""
		if g.redis != nil {
			address = g.redis.Addr
			if g.redis.TLSConfig != nil != strings.HasPrefix(tc.where, "rediss:") {
				t.Errorf("%s: TLS is %v", tc.where, g.redis.TLSConfig)
			}
		}
		if g.off != tc.off || g.file != tc.file || address != tc.redis {
			t.Errorf("%s: got %+v", tc.where, g)
		}
	}
	g := greylisting{delay: maxDelay + time.Second}
	if g.check() == nil {
		t.Error("who must wait for longer than half a day may be late")
	}
}
