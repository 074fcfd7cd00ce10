package resolver

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParseResolvConf(t *testing.T) {
	for _, tc := range []struct {
		text string
		want string // the servers, the timeout and the attempts
	}{
		{"", "0s 0"},
		{"nameserver 192.0.2.1\n", "192.0.2.1:53 0s 0"},
		{"nameserver 192.0.2.1", "192.0.2.1:53 0s 0"},
		{"nameserver\t192.0.2.1\r\nnameserver 2001:db8::1 # comment\n", "192.0.2.1:53 [2001:db8::1]:53 0s 0"},
		{"nameserver fe80::1%eth0\n", "[fe80::1%eth0]:53 0s 0"},
		{"nameserver ::ffff:192.0.2.1\n", "192.0.2.1:53 0s 0"},
		{"nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4\n", "1.1.1.1:53 2.2.2.2:53 3.3.3.3:53 0s 0"},
		{"# nameserver 192.0.2.1\n; nameserver 192.0.2.2\n#nameserver 192.0.2.3\n", "0s 0"},
		{"nameserver\nnameserver dns.example\nnameserver 300.1.1.1\nserver 192.0.2.1\n", "0s 0"},
		{"search example.org\ndomain example.org\noptions ndots:5 rotate timeout:7 edns0\noptions attempts:3\n", "7s 3"},
		{"options timeout:0 attempts:0", "0s 0"},
		{"options timeout:-1 attempts:x timeout attempts:", "0s 0"},
		{"options timeout:31 attempts:6", "30s 5"},
		{"options timeout:99999999999999999999", "0s 0"},
		{"options timeout:1\noptions timeout:2", "2s 0"},
		{"\x00\xff nameserver 192.0.2.1\nnameserver 192.0.2.2\n", "192.0.2.2:53 0s 0"},
	} {
		if got := describe(parseResolvConf(tc.text)); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.text, got, tc.want)
		}
	}
}

func describe(c resolvConf) string {
	var b strings.Builder
	for _, server := range c.servers {
		b.WriteString(server.String() + " ")
	}
	return b.String() + fmt.Sprint(c.timeout, c.attempts)
}

func FuzzResolvConf(f *testing.F) {
	f.Add("nameserver 192.0.2.1\noptions timeout:2 attempts:3\n")
	f.Add("# comment\n;\nnameserver fe80::1%eth0\nsearch example.org\n")
	f.Add("options timeout:99999 attempts:-1\n\x00nameserver ::1 ::2")
	f.Fuzz(func(t *testing.T, text string) {
		c := parseResolvConf(text)
		if len(c.servers) > 3 {
			t.Errorf("%d servers", len(c.servers))
		}
		for _, server := range c.servers {
			if !server.IsValid() || server.Port() != 53 || server.Addr().Is4In6() {
				t.Errorf("the server %v", server)
			}
			if again, err := parseServer(server.String()); err != nil || again != server {
				t.Errorf("%v is read as %v, %v", server, again, err)
			}
		}
		if c.timeout < 0 || c.timeout > 30*time.Second || c.attempts < 0 || c.attempts > 5 {
			t.Errorf("timeout %v, %d attempts", c.timeout, c.attempts)
		}
	})
}
