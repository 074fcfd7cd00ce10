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

// dialUp has DNS records that give clients on loopback a generic name.
const dialUp = `
example.net.            MX  10 dsl-1.pool.example.
                        TXT "v=spf1 ip4:127.0.0.1 -all"
dsl-1.pool.example.     A   127.0.0.1
1.0.0.127.in-addr.arpa. PTR dsl-1.pool.example.
`

// startGreylisting starts the command with these records, in a folder.
func startGreylisting(t *testing.T, folder string, args ...string) *running {
	t.Helper()
	zoneFile := filepath.Join(t.TempDir(), "zone")
	writeFile(t, zoneFile, dialUp)
	return start(t, append([]string{"-zone", zoneFile, "-maildir", folder}, args...)...)
}

// fromDialUp is a message from that client to Alice.
var fromDialUp = conversation{author: "Ann <ann@example.net>", lines: mail("dsl-1.pool.example", "ann@example.net", "alice@example.org")}

// send sends the message, and tests the end of the conversation.
func (r *running) send(t *testing.T, want string) {
	t.Helper()
	checkEnd(t, r.address, fromDialUp, want)
}

// retry sends the message until it is accepted.
func (r *running) retry(t *testing.T) {
	t.Helper()
	eventually(t, "the mail is accepted", func() bool {
		ended, err := fromDialUp.speak(t.Context(), r.address, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		return ended == accepted
	})
}

// halt stops the command, and waits until it has exited.
func (r *running) halt(t *testing.T) {
	t.Helper()
	r.stop()
	for range r.logs {
	}
	if status := <-r.exited; status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// records returns the records of a store.
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
	deferred = "RCPT 451 4.7.1"
	accepted = "message 250 2.0.0"
)

func TestGreylistingSurvivesARestart(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "mail")
	file := filepath.Join(folder, "greylist.db")
	mx := startGreylisting(t, folder)
	mx.send(t, deferred)
	mx.halt(t)
	before := records(t, file)
	if len(before) != 1 {
		t.Fatalf("the store has %d records, want 1", len(before))
	}

	mx = startGreylisting(t, folder, "-greylist-delay", "1s")
	mx.retry(t)
	mx.halt(t)
	i := slices.IndexFunc(records(t, file), func(e greylist.Entry) bool {
		return e.Key == before[0].Key && e.First.Equal(before[0].First) && e.Good == 1
	})
	if i < 0 {
		t.Errorf("the store has %v, want %v after a good retry", records(t, file), before[0])
	}
	if got := stored(t, filepath.Join(folder, "alice@example.org", junk)); len(got) != 1 {
		t.Errorf("Alice has %d marked messages, want 1", len(got))
	}
}

func TestGreylistingUsesTheFilesOfItsFlags(t *testing.T) {
	folder := t.TempDir()
	file, secret := filepath.Join(folder, "known"), filepath.Join(folder, "secret")
	mx := startGreylisting(t, filepath.Join(folder, "mail"), "-greylist", file, "-greylist-secret", secret)
	mx.send(t, deferred)
	mx.halt(t)
	text, err := os.ReadFile(secret)
	if err != nil {
		t.Fatal(err)
	}
	want := greylist.Secret(text).Triplet("spf:example.net", "ann@example.net", "alice@example.org")
	if got := records(t, file); len(got) != 1 || got[0].Key != want {
		t.Errorf("the store has the records %v, want one with the key %v", got, want)
	}
	checkNoFiles(t, filepath.Join(folder, "mail", "greylist.*"))
}

func TestGreylistingOff(t *testing.T) {
	folder := t.TempDir()
	mx := startGreylisting(t, folder, "-greylist", "off")
	mx.send(t, accepted)
	mx.halt(t)
	checkNoFiles(t, filepath.Join(folder, "greylist.*"))
}

// checkNoFiles fails the test if a file matches the pattern.
func checkNoFiles(t *testing.T, pattern string) {
	t.Helper()
	if names, err := filepath.Glob(pattern); err != nil || len(names) > 0 {
		t.Errorf("got the files %q, %v, want none", names, err)
	}
}

func TestGreylistingInRedisIsSharedByServers(t *testing.T) {
	socket := startRedis(t)
	folder := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret") // of both servers
	at := func(name string, args ...string) *running {
		return startGreylisting(t, filepath.Join(folder, name),
			append(args, "-greylist", "unix://"+socket, "-greylist-secret", secret)...)
	}
	one, other := at("one"), at("other", "-greylist-delay", "1s")
	one.send(t, deferred)
	one.halt(t)
	other.retry(t)
	other.halt(t)
	checkNoFiles(t, filepath.Join(folder, "*", "greylist.db"))
}

// While Redis does not answer, mail that depends on it is deferred.
func TestGreylistingWithoutRedisIsATempFail(t *testing.T) {
	mx := startGreylisting(t, t.TempDir(), "-greylist", "unix://"+filepath.Join(t.TempDir(), "missing"))
	ended := make(chan bool)
	go func() {
		mx.send(t, "message 451 4.3.0")
		close(ended)
	}()
	about, client := map[string]any{}, 0
	for line := range mx.logs { // also the errors of the Redis client are JSON
		if line["msg"] == "redis" {
			client++
		}
		if line["msg"] == "reply" {
			about, _ = line["verdict"].(map[string]any)
			break
		}
	}
	if about["action"] != "tempfail" || about["rule"] != "greylist.known" || about["forced"] != true || client == 0 {
		t.Errorf("the log has %v, after %d lines of the Redis client", about, client)
	}
	<-ended
}

func TestRunFailsWithAnInvalidStoreAndKeepsItsFile(t *testing.T) {
	folder := t.TempDir()
	foreign := filepath.Join(folder, "foreign")
	writeFile(t, foreign, strings.Repeat("notes of another program\n", 1000))
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
		{[]string{"-greylist-secret", short}, short + ": the secret has 7 octets, want at least 16"},
		{[]string{"-greylist-secret", filepath.Join(folder, "no", "folder")}, "no/folder: no such file or directory"},
	} {
		var errs strings.Builder
		args := append([]string{"-listen", "127.0.0.1:0", "-dns", "127.0.0.1", "-hostname", "mx.example.org", "-mailboxes", "alice@example.org",
			"-maildir", filepath.Join(folder, "mail")}, tc.args...)
		if status := run(t.Context(), args, io.Discard, &errs); status != 1 || !strings.Contains(errs.String(), tc.want) {
			t.Errorf("%v: exit status %d and errors %q, want 1 and %q", tc.args, status, errs.String(), tc.want)
		}
	}
	if text, err := os.ReadFile(foreign); err != nil || !strings.HasPrefix(string(text), "notes of") {
		t.Errorf("the file of another program is now %.40q, %v", text, err)
	}
}

func TestSecretIsCreatedOnce(t *testing.T) {
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

func TestGreylistFlag(t *testing.T) {
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
		t.Error("a delay over the limit is valid")
	}
}
