// Package child starts the test program as a second process. Tests use it to
// kill a process, or to share a store between processes.
package child

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"
)

// Process is a running child.
type Process struct {
	In  io.Writer
	out *bufio.Reader
	cmd *exec.Cmd
}

// Start runs the test program with an environment variable, which its TestMain
// must look for. The process is killed when t ends.
func Start(t testing.TB, variable, value string) *Process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), variable+"="+value)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &Process{In: in, out: bufio.NewReader(out), cmd: cmd}
	t.Cleanup(func() { p.Kill() })
	return p
}

// Line returns the next line of output, without its end.
func (p *Process) Line(t testing.TB) string {
	t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the process has ended after %q: %v", line, err)
	}
	return line[:len(line)-1]
}

// Kill kills the process and returns the rest of its output.
func (p *Process) Kill() (rest []byte) {
	p.cmd.Process.Kill()
	rest, _ = io.ReadAll(p.out)
	p.cmd.Wait()
	return rest
}
