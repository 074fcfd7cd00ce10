// Command judge says what a policy makes of an envelope, or of a file of them:
// the verdict, each rule with what its check found, and the questions that were
// put to DNS.
//
// It judges offline, in a zone that is a text, or against real DNS, and shows the
// header fields that a message would be delivered with. So a policy
// can be tried on the mail of yesterday, a rejection can be explained to the one
// who asks about it, and a change of rules can be compared before it meets mail.
// With -help it says what it reads and writes.
//
// It speaks no SMTP and delivers nothing: that is examples/mx.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	allJudged  = 0 // whatever the verdicts are
	notAll     = 1 // a line or a file can't be judged
	wrongUsage = 2
)

// run is the command, with everything that it reads and writes.
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
		fmt.Fprintf(stderr, "judge: %s\njudge -help says what can be given\n", err)
		return wrongUsage
	}
	defer j.world.close()
	s := session{judge: j, json: o.json, stdin: stdin, stdout: stdout, stderr: stderr}
	ctx := context.Background()
	if o.hasEnvelope {
		err = s.print(j.judge(ctx, o.line))
	} else {
		err = s.judgeFiles(ctx, o.files)
	}
	if err != nil {
		fmt.Fprintf(stderr, "judge: %s\n", err)
		return notAll
	}
	return allJudged
}

// session is one run: results go out as they are found, in the order of the
// input.
type session struct {
	judge          *judge
	json           bool
	stdin          io.Reader
	stdout, stderr io.Writer
	printed        int
	failed         int // lines and files
}

// judgeFiles judges the lines of files. What can't be read is said, and the
// next line or file is taken. The error says how much that was, or is that of
// the output, which ends the run.
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

// report says that a file can't be read.
func (s *session) report(err error) {
	fmt.Fprintf(s.stderr, "judge: %s\n", err)
	s.failed++
}

// print writes one result: a line of JSON, or a text with a blank line between
// it and the one before.
func (s *session) print(r result) error {
	var b bytes.Buffer
	if s.json {
		b.Write(r.json())
	} else {
		if s.printed > 0 {
			b.WriteByte('\n')
		}
		b.Write(r.text())
	}
	s.printed++
	_, err := s.stdout.Write(b.Bytes())
	return err
}
