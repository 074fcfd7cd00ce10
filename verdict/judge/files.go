package judge

import (
	"fmt"
	"io"
	"os"
)

// overwrites returns an error if a file that is written is one that is read. Writing begins
// before everything is read, and the mail in the file would be lost.
func (o *options) overwrites() error {
	inputs := append([]string{o.zoneFile, o.messageFile}, o.files...)
	for _, output := range [...]struct{ flag, file string }{
		{"record", o.record}, {"scenario", o.scenario}, {"svg", o.svg}, {"picture", o.picture}, {"coverhtml", o.coverHTML},
	} {
		for _, input := range inputs {
			if sameFile(output.file, input) {
				return fmt.Errorf("-%s %s: this file is read too, and would be overwritten", output.flag, output.file)
			}
		}
	}
	return nil
}

// sameFile reports whether two names are those of one file that keeps what is written.
func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil || !one.Mode().IsRegular() {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// isTerminal reports whether r is a terminal, at which someone waits for output.
func isTerminal(r io.Reader) bool {
	file, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// writeFile writes a file that a flag names.
func writeFile(name string, text []byte) error {
	if err := os.WriteFile(name, text, 0o644); err != nil {
		return usageError{err}
	}
	return nil
}
