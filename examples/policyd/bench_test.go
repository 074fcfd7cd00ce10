package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"mxrules.example/examples/internal/postfixtest"
	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
	"mxrules.example/verdict"
)

// ask measures requests over connections that stay open, as Postfix keeps them. Each has
// another sender, so that greylisting sees it for the first time.
func ask(b *testing.B, network, address string, request func(n int64) string) {
	b.ReportAllocs()
	var number atomic.Int64
	b.SetParallelism(16) // some processes of smtpd
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial(network, address)
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		for pb.Next() {
			io.WriteString(conn, request(number.Add(1)))
			for line := ""; line != "\n" && err == nil; {
				line, err = in.ReadString('\n')
			}
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func sameMail(int64) string { return asked() }

func newMail(n int64) string {
	return asked(fmt.Sprintf("sender=ann%d@example.net", n), fmt.Sprintf("instance=%d", n))
}

// BenchmarkAnswers compares the whole policy standard, the rule of greylisting alone, and
// a server that does nothing.
func BenchmarkAnswers(b *testing.B) {
	nothing, grey, file := newTestServer(b), newTestServer(b), newTestServer(b)
	nothing.policy.Rules, nothing.actions.stamp = nil, nil
	grey.policy.Rules = verdict.Rules{verdict.TempFailUnless(greylist.Known(new(greylist.Memory), greylist.Options{}))}
	store, err := bolt.Open(filepath.Join(b.TempDir(), "greylist.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	file.policy.Rules = verdict.Rules{verdict.TempFailUnless(greylist.Known(store, greylist.Options{}))}
	for _, bm := range []struct {
		name    string
		server  *server
		request func(int64) string
	}{{"standard", newTestServer(b), sameMail}, {"greylist", grey, newMail}, {"greylist in a file", file, newMail}, {"nothing", nothing, sameMail}} {
		b.Run(bm.name, func(b *testing.B) {
			address, stop := serveForTest(b, bm.server)
			defer stop()
			ask(b, "tcp", address, bm.request)
		})
	}
}

// BenchmarkPostgrey has the greylisting server of Debian for comparison.
func BenchmarkPostgrey(b *testing.B) {
	program, err := exec.LookPath("postgrey")
	if err != nil {
		b.Skip("postgrey is not installed")
	}
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	address := postfixtest.FreeAddress(b)
	command := exec.CommandContext(ctx, program, "--inet="+address, "--dbdir="+b.TempDir(), "--user=root", "--group=root", "--delay=300")
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	defer command.Wait()
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			break
		}
	}
	b.ResetTimer()
	ask(b, "tcp", address, newMail)
	stop()
}
