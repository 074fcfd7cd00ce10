package site

import (
	"fmt"
	"net"
	"os"
	"strings"
)

// Listen listens on a TCP address, or on a Unix socket if it begins with "unix:". A
// socket that a server left behind is replaced.
func Listen(address string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix {
		return net.Listen("tcp", address)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if conn, err := net.Dial("unix", path); err == nil {
			conn.Close()
			return nil, fmt.Errorf("another server listens on %s", path)
		}
		os.Remove(path)
	}
	listener, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o666) // smtpd runs as another user
	}
	return listener, err
}
