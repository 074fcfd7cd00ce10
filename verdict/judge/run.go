package judge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"mxrules.example/verdict/waterfall"
)

// session is one run. Each result is printed before the next line is read.
type session struct {
	judge   *judge
	json    bool
	svg     string // the file to write, or ""
	drawn   bool
	stdin   io.Reader
	stdout  io.Writer
	report  func(error)
	printed int
	failed  int // lines and files
}

// run judges the envelope of the flags, or the files.
func (s *session) run(ctx context.Context, o options, stderr io.Writer) error {
	start := Start{Output: s.stdout, Notes: s.stdout, Report: s.report}
	if s.json {
		start.Notes = stderr
	}
	if dns := s.judge.world.resolver; dns != nil {
		start.Resolver = dns
	}
	if begin := s.judge.command.Flags.Begin; begin != nil {
		switch err := begin(start); {
		case errors.Is(err, ErrDone):
			return nil
		case err != nil:
			return err
		}
	}
	if o.unasked && isTerminal(s.stdin) {
		return usageError{errors.New("nothing to judge: describe an envelope with flags such as -ip and -to, or name a file of lines, or - for the standard input")}
	}
	var err error
	if o.hasEnvelope {
		err = s.print(s.judge.judge(ctx, o.line))
	} else {
		err = s.judgeFiles(ctx, o.files)
	}
	if c := s.judge.compare; c != nil {
		err = errors.Join(s.write(c.summary(s.json)), err)
	}
	return err
}

// judgeFiles judges the lines of files. It reports invalid lines and files, and
// goes on. The error has their number, or is an output error, which ends the run.
func (s *session) judgeFiles(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := s.judgeFile(ctx, name); err != nil {
			return err
		}
	}
	switch s.failed {
	case 0:
		return nil
	case 1:
		return errors.New("one input could not be judged")
	}
	return fmt.Errorf("%d inputs could not be judged", s.failed)
}

func (s *session) judgeFile(ctx context.Context, name string) error {
	source := s.stdin
	if name == "-" {
		name = "stdin"
	} else {
		file, err := os.Open(name)
		if err != nil {
			s.reportFile(err)
			return nil
		}
		defer file.Close()
		source = file
	}
	input := newLines(source)
	for {
		text, err := input.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil && err != errTooLong:
			s.reportFile(fmt.Errorf("%s: %w", name, err))
			return nil
		}
		var l line
		if err == nil {
			l, err = parseLine(text)
		}
		r := result{id: l.ID, err: err}
		if err == nil {
			r = s.judge.judge(ctx, l)
		}
		if r.err != nil {
			r.err = fmt.Errorf("%s:%d: %w", name, input.number, r.err)
			s.failed++
		}
		if err := s.print(r); err != nil {
			return err
		}
	}
}

// reportFile prints the error of a file that cannot be read.
func (s *session) reportFile(err error) {
	s.report(err)
	s.failed++
}

// print writes one result: a line of JSON, or a text after a blank line. Of -compare it
// writes what differs.
func (s *session) print(r result) error {
	text := s.format(r)
	if len(text) > 0 {
		if !s.json && s.printed > 0 {
			text = append([]byte{'\n'}, text...)
		}
		s.printed++
	}
	if err := s.write(text); err != nil || r.err != nil {
		return err
	}
	if s.svg != "" {
		if err := s.draw(r); err != nil {
			return err
		}
	}
	return s.judge.recording.write(r)
}

// format returns the output of a result.
func (s *session) format(r result) []byte {
	if c := s.judge.compare; c != nil && r.err == nil {
		c.take(r.pairs)
		if s.json {
			return c.json(r)
		}
		return c.text(r)
	}
	if s.json {
		return r.json()
	}
	return r.text()
}

func (s *session) write(text []byte) error {
	_, err := s.stdout.Write(text)
	return err
}

// draw writes the picture of -svg.
func (s *session) draw(r result) error {
	if s.drawn {
		return errors.New("-svg draws one envelope, and there are more")
	}
	s.drawn = true
	var b bytes.Buffer
	if err := waterfall.SVG(&b, r.merged); err != nil {
		return err
	}
	return writeFile(s.svg, b.Bytes())
}
