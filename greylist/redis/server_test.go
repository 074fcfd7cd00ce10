package redis_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// server is a redis-server process that a test starts, with its own folder.
type server struct {
	port   int
	folder string
	extra  []string
	cmd    *exec.Cmd
}

// redisServer returns the path of redis-server, or skips the test.
func redisServer(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("MXRULES_E2E") != "" {
			t.Fatal("redis-server not found: install the Debian package redis-server")
		}
		t.Skip("redis-server not found: install the Debian package redis-server; with MXRULES_E2E set this is a failure")
	}
	return path
}

// startServer starts a server that syncs every command to disk before it answers.
func startServer(t testing.TB, extra ...string) *server {
	t.Helper()
	s := &server{port: freePort(t), folder: t.TempDir(), extra: extra}
	s.start(t)
	t.Cleanup(func() { s.stop(t) })
	return s
}

// freePort returns a free port below 50000 whose successor by 10000 is free too:
// a server of a cluster uses both.
func freePort(t testing.TB) int {
	t.Helper()
	for port := 20_000 + os.Getpid()%20_000; port < 50_000; port++ {
		one, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		other, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port+10_000))
		one.Close()
		if err != nil {
			continue
		}
		other.Close()
		return port
	}
	t.Fatal("no free port")
	return 0
}

func (s *server) address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// start starts the server and waits until it answers.
func (s *server) start(t testing.TB) {
	t.Helper()
	args := []string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.folder,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no"}
	s.cmd = exec.Command(redisServer(t), append(args, s.extra...)...)
	var out strings.Builder
	s.cmd.Stdout, s.cmd.Stderr = &out, &out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := client(t, s.address())
	until(t, "the server answers", func() error { return c.Ping(context.Background()).Err() })
}

// stop kills the server, as a power failure would.
func (s *server) stop(t testing.TB) {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	s.cmd.Wait()
	s.cmd = nil
}

// until calls ask until it returns no error, for up to half a minute.
func until(t testing.TB, what string, ask func() error) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-limit:
			t.Fatalf("waiting until %s: %v", what, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// startCluster starts a cluster of two servers, each with half of the slots.
func startCluster(t testing.TB) *goredis.ClusterClient {
	t.Helper()
	ctx := context.Background()
	const slots = 16384
	var nodes []*server
	for i := range 2 {
		node := startServer(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")
		nodes = append(nodes, node)
		c := client(t, node.address())
		if err := c.ClusterAddSlotsRange(ctx, i*slots/2, (i+1)*slots/2-1).Err(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			if err := c.ClusterMeet(ctx, "127.0.0.1", strconv.Itoa(nodes[0].port)).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, node := range nodes {
		c := client(t, node.address())
		until(t, "the cluster is complete", func() error {
			info, err := c.ClusterInfo(ctx).Result()
			if err == nil && (!strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, "cluster_size:2")) {
				err = fmt.Errorf("the cluster info is %q", info)
			}
			return err
		})
	}
	cluster := goredis.NewClusterClient(&goredis.ClusterOptions{
		Addrs: []string{nodes[0].address()}, Protocol: 2, DisableIdentity: true,
	})
	t.Cleanup(func() { cluster.Close() })
	return cluster
}
