package mxrules_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// The example of the README is the one that is tested here, line by line.
func TestTheReadmeShowsTheTestedExample(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(source), "func Example() {\n")
	body, _, _ = strings.Cut(body, "\n}\n")
	var want strings.Builder
	for line := range strings.Lines(body + "\n") {
		want.WriteString(strings.TrimPrefix(line, "\t"))
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+want.String()+"```\n") {
		t.Errorf("the README does not have this example:\n%s", want.String())
	}
}

// Every row of a table that names an example has that example, and every such
// example has its row.
func TestEveryRowOfTheReadmeHasItsExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	inTable := false
	for line := range strings.Lines(string(readme)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 3 {
			inTable = false
			continue
		}
		switch last := strings.TrimSpace(cells[len(cells)-2]); {
		case last == "example":
			inTable = true
		case inTable && !strings.HasPrefix(last, "-"):
			rows[last] = true
		}
	}
	examples := map[string]bool{}
	for _, file := range []string{"postfix_test.go", "refrains_test.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(source)) {
			if name, found := strings.CutPrefix(line, "func Example_"); found {
				name, _, _ = strings.Cut(name, "(")
				examples[name] = true
			}
		}
	}
	if !maps.Equal(rows, examples) {
		t.Errorf("rows of the README: %v\nexamples: %v", slices.Sorted(maps.Keys(rows)), slices.Sorted(maps.Keys(examples)))
	}
}
