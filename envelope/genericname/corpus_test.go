package genericname_test

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// The file has invented names that follow the conventions of networks, senders and
// sites of many countries. A line has "generic" or "given", the client and the
// name. A line that begins with an exclamation mark is known to be judged wrongly:
// a change that corrects it must remove the mark.
func TestNamesAfterManyConventions(t *testing.T) {
	file, err := os.Open("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found, missed, refused := 0, 0, 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line, wrong := strings.CutPrefix(lines.Text(), "!")
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) != 3 || fields[0] != "generic" && fields[0] != "given" {
			t.Fatalf("invalid line %q", lines.Text())
		}
		want := fields[0] == "generic"
		sign, generic := judge(t, fields[2], fields[1])
		switch {
		case generic && want:
			found++
		case generic:
			refused++
		case want:
			missed++
		}
		if (generic == want) == wrong {
			t.Errorf("Judge(%s, %s) = %q, %t", fields[2], fields[1], sign, generic)
		}
	}
	t.Logf("%d of %d generic names found; %d given names judged generic", found, found+missed, refused)
}
