//go:build linux

package load

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// processes returns the folders in /proc of the processes of a set-up: those in our
// network, without this one, which has the clients and the DNS server.
func processes() []string {
	ours, _ := os.Readlink("/proc/self/ns/net")
	var found []string
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		network, err := os.Readlink(folder + "/ns/net")
		if err == nil && network == ours && folder != fmt.Sprintf("/proc/%d", os.Getpid()) {
			found = append(found, folder)
		}
	}
	return found
}

// cpu returns the processor time of the processes of the set-up and of those of their
// children that have ended, in ticks of 10 ms (proc(5)).
func cpu() (total time.Duration) {
	for _, folder := range processes() {
		text, _ := os.ReadFile(folder + "/stat")
		_, rest, _ := bytes.Cut(text, []byte(") "))
		fields := strings.Fields(string(rest))
		if len(fields) < 15 {
			continue // it has ended
		}
		for _, field := range fields[11:15] { // utime, stime, cutime, cstime
			ticks, _ := strconv.Atoi(field)
			total += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return total
}

// memory returns the memory of the processes of the set-up, in MB. What several processes
// share counts once (Pss).
func memory() float64 {
	kilobytes := 0
	for _, folder := range processes() {
		text, _ := os.ReadFile(folder + "/smaps_rollup")
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			if value, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
				n, _ := strconv.Atoi(strings.Fields(value)[0])
				kilobytes += n
			}
		}
	}
	return float64(kilobytes) / 1024
}
