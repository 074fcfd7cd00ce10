// Command judge explains what a policy does with envelopes: it prints the verdict,
// the finding of each rule, and the DNS questions.
//
// It judges offline, with the records of a zone file, or with real DNS, and shows
// the header fields that the message would get, and when each DNS question was asked
// and answered. Use it to try a policy on the mail
// of yesterday, to explain a rejection, and to compare rules before they see mail.
// -help describes its input and output.
//
// It also draws a policy, without mail.
//
// It does not speak SMTP and does not deliver mail: see examples/mx.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"mxrules.example/verdict/waterfall"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	allJudged  = 0 // with any verdicts
	notAll     = 1 // a line or a file was invalid
	wrongUsage = 2
)

// run runs the command and returns its exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, help())
		return allJudged
	}
	var j *judge
	if err == nil {
		j, err = newJudge(o, func(err error) {
			if err != nil {
				fmt.Fprintf(stderr, "judge: %s\n", err)
			}
		})
	}
	if err != nil {
		fmt.Fprintf(stderr, "judge: %s\nRun judge -help for usage.\n", err)
		return wrongUsage
	}
	defer j.world.close()
	if o.picture != "" || o.questions.asked() {
		return status(stderr, errors.Join(aboutPolicy(o, j, stdout), j.records.close()))
	}
	if j.imported != nil {
		out := stdout
		if o.json && !o.postfix.source {
			out = stderr // the standard output has lines of JSON only
		}
		if err := o.postfix.print(j.imported, out); err != nil || o.postfix.source {
			return status(stderr, err)
		}
	}
	s := session{judge: j, json: o.json, svg: o.svg, stdin: stdin, stdout: stdout, stderr: stderr}
	ctx := context.Background()
	if o.hasEnvelope {
		err = s.print(j.judge(ctx, o.line))
	} else {
		err = s.judgeFiles(ctx, o.files)
	}
	if j.compare != nil {
		err = errors.Join(s.write(j.compare.summary(o.json)), err)
	}
	return status(stderr, errors.Join(err, j.records.close()))
}

// aboutPolicy draws the policy, and answers the questions about it.
func aboutPolicy(o options, j *judge, stdout io.Writer) error {
	if o.picture != "" {
		if err := drawPolicy(o.picture, o.title(), j.policy); err != nil {
			return err
		}
	}
	return o.questions.answer(stdout, o.policy, j.policy, &o.site, newSpecimens(j, &o.site))
}

// status returns the exit status of a run that ended with err, and prints err.
func status(stderr io.Writer, err error) int {
	if err != nil {
		fmt.Fprintf(stderr, "judge: %s\n", err)
		return notAll
	}
	return allJudged
}

// session is one run. Each result is printed before the next line is read.
type session struct {
	judge          *judge
	json           bool
	svg            string // the file to write, or ""
	drawn          bool
	stdin          io.Reader
	stdout, stderr io.Writer
	printed        int
	failed         int // lines and files
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
			s.report(err)
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
			s.report(fmt.Errorf("%s: %w", name, err))
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

// report prints the error of a file that cannot be read.
func (s *session) report(err error) {
	fmt.Fprintf(s.stderr, "judge: %s\n", err)
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
	return os.WriteFile(s.svg, b.Bytes(), 0o644)
}
