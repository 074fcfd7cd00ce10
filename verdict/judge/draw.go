package judge

import (
	"bytes"
	"io"
	"os"
	"strings"

	"mxrules.example/verdict"
	"mxrules.example/verdict/picture"
)

// pictureForm returns the function that draws a policy into a file of this name, nil if
// there is none.
func pictureForm(file string) func(io.Writer, string, verdict.Policy) error {
	switch {
	case strings.HasSuffix(file, ".svg"):
		return picture.SVG
	case strings.HasSuffix(file, ".dot"):
		return picture.DOT
	}
	return nil
}

// drawPolicy writes the picture of -picture.
func drawPolicy(file, title string, policy verdict.Policy) error {
	var b bytes.Buffer
	if err := pictureForm(file)(&b, title, policy); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}
