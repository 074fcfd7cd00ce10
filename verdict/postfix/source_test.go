package postfix_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// judging is a program with the policy of a source, that judges envelopes of its
// standard input with the zone of its argument.
const judging = `package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

func main() {
	policy, err := Policy()
	if err != nil {
		panic(err)
	}
	var all []envelope.JSON
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		panic(err)
	}
	dns := zone.MustParse(os.Args[1])
	for _, one := range all {
		e, _, err := one.Envelope()
		if err != nil {
			panic(err)
		}
		fmt.Println(policy.Judge(context.Background(), dns, &e))
	}
}
`

// The source of an import passes go vet, and its policy gives the verdicts of the
// import.
func TestSource(t *testing.T) {
	dns := zone.MustParse(worldText)
	for _, name := range sites(t) {
		t.Run(name, func(t *testing.T) {
			imported, _, _ := read(t, name)
			source, err := imported.Source("main")
			if err != nil {
				t.Fatal(err)
			}
			// Within the module, so that the program can import its packages.
			dir, err := os.MkdirTemp("testdata", "source-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			for file, text := range map[string]string{"policy.go": string(source), "main.go": judging} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if out, err := exec.Command("go", "vet", "./"+dir).CombinedOutput(); err != nil {
				t.Fatalf("go vet: %v\n%s\n%s", err, out, source)
			}
			var all []envelope.JSON
			var want strings.Builder
			for _, e := range draw(200) {
				one, err := e.JSON()
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, one)
				want.WriteString(imported.Policy.Judge(t.Context(), dns, &e).String() + "\n")
			}
			input, err := json.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			command := exec.Command("go", "run", "./"+dir, worldText)
			command.Stdin = strings.NewReader(string(input))
			got, err := command.Output()
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want.String() {
				t.Errorf("the source judges\n%s\nthe import\n%s", got, want.String())
			}
		})
	}
}
