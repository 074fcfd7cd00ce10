package judge

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/greylist"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
	"mxrules.example/verdict/analysis/specimen"
	"mxrules.example/verdict/scenario/play"
)

// Policies are policies by name, each made for a site: those of package scenario.
type Policies = play.Policies

// Site is what a policy is made for: directories, a store and settings.
type Site = play.Site

// Fixed returns the function that makes a policy which does not depend on the site.
func Fixed(p verdict.Policy) func(Site) (verdict.Policy, error) {
	return func(Site) (verdict.Policy, error) { return p, nil }
}

// Command is a command over the policies of a site. Only Policies is needed.
type Command struct {
	// Name is the name of the program in its messages. "" is that of the executable, and
	// judge for Run.
	Name string
	// Policies are what the flags -policy, -compare and -implies name, and the files of
	// -cover.
	Policies Policies
	// Default is the policy without -policy. "" is the only one; with several, -policy
	// must name one.
	Default string
	// Site is what the policies are made for. Without a Store it gets an empty one.
	Site Site
	// Resolver answers questions to DNS without the flags -zone and -dns. nil fails them.
	Resolver envelope.Resolver
	// Gateways relay mail to the site. A message of one is judged about the client that the
	// gateway received it from. nil are none.
	Gateways *client.Gateways
	// Checks are what -checks names. nil are those of the rules of the policy.
	Checks []envelope.Check
	// Lacks returns what a check of Checks needs and was not given, such as a flag, and ""
	// if it can be asked. nil lets all be asked.
	Lacks func(check string) string
	// ByValue are the names of checks that may find something else when they are asked
	// again, such as those of a store of your own: -record records what they found. Those of
	// packages greylist, quota and reputation need not be named.
	ByValue []string
	// Facts are what -vet, -cost, -implies and -find may assume of checks of your own. Those
	// of the checks of this library are known.
	Facts []analysis.Fact
	// Specimens has values for the mail that -find and -implies make with -record. Its Store
	// and Policy are set.
	Specimens specimen.Site
	// Link returns the link to the page of a refusal, which is printed after it, and "" for
	// none. nil prints none.
	Link func(v verdict.Verdict, e *envelope.Envelope) string
	// Flags are flags of your own.
	Flags Flags
}

// Flags are flags of a site's own. All fields are optional.
type Flags struct {
	// Add adds the flags.
	Add func(*flag.FlagSet)
	// Help describes them for -help, in lines.
	Help string
	// Parsed completes the command with the values of the flags. It may keep report, which
	// prints an error, for what happens later. Its error is that of a wrong flag.
	Parsed func(c *Command, report func(error)) error
	// Begin is called before the first envelope is judged. ErrDone ends the command.
	Begin func(Start) error
}

// Start is what Flags.Begin may use.
type Start struct {
	// Output is the standard output, and Notes the same, or the standard error if the
	// output is JSON.
	Output, Notes io.Writer
	// Resolver is that of -dns, nil without it.
	Resolver envelope.Resolver
	// Report prints an error. nil is none.
	Report func(error)
}

// ErrDone is returned by Flags.Begin when nothing is left to do.
var ErrDone = errors.New("done")

// Exit statuses.
const (
	allJudged  = 0 // with any verdicts
	notAll     = 1 // a line or a file was invalid
	wrongUsage = 2
)

// Main runs the command of this process and returns its exit status:
//
//   - 0: everything was judged, with any verdicts;
//   - 1: a line or a file of lines is invalid;
//   - 2: a flag or a file that a flag names is invalid, or a question about a policy has no
//     answer.
func (c Command) Main() int {
	if c.Name == "" {
		c.Name = filepath.Base(os.Args[0])
	}
	return c.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// Run runs the command with these arguments and returns its exit status. Each result is
// written before the next line of stdin is read.
func (c Command) Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if c.Name == "" {
		c.Name = "judge"
	}
	report := func(err error) {
		if err != nil {
			fmt.Fprintf(stderr, "%s: %s\n", c.Name, err)
		}
	}
	o, err := c.parse(args, report)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, c.help())
		return allJudged
	}
	var j *judge
	if err == nil {
		j, err = newJudge(o, &c)
	}
	if err != nil {
		report(err)
		fmt.Fprintf(stderr, "Run %s -help for usage.\n", c.Name)
		return wrongUsage
	}
	defer j.world.close()
	ctx, failed := context.Background(), notAll
	if o.aboutPolicy() {
		failed = wrongUsage // there are no lines
		err = j.answer(ctx, o, stdout)
	} else {
		s := session{judge: j, json: o.json, svg: o.svg, stdin: stdin, stdout: stdout, report: report}
		err = s.run(ctx, o, stderr)
	}
	if err = errors.Join(err, j.records.close()); err == nil {
		return allJudged
	}
	report(err)
	if errors.As(err, new(usageError)) {
		fmt.Fprintf(stderr, "Run %s -help for usage.\n", c.Name)
		return wrongUsage
	}
	return failed
}

// usageError is an error of the flags that only a run shows.
type usageError struct{ error }

// parse parses the command line, and completes the command.
func (c *Command) parse(args []string, report func(error)) (options, error) {
	o, err := c.parseOptions(args)
	if err == nil && c.Flags.Parsed != nil {
		err = c.Flags.Parsed(c, report)
	}
	if err != nil {
		return o, err
	}
	if c.Site.Store == nil {
		c.Site.Store = new(greylist.Memory)
	}
	if o.policy == "" {
		o.policy = c.preset()
	}
	return o, nil
}

// preset returns the name of the policy without -policy, "" if there is none.
func (c *Command) preset() string {
	if c.Default == "" && len(c.Policies) == 1 {
		return c.names()[0]
	}
	return c.Default
}

func (c *Command) names() []string { return slices.Sorted(maps.Keys(c.Policies)) }

// policy makes the policy of a name for the site.
func (c *Command) policy(name string) (verdict.Policy, error) {
	construct, ok := c.Policies[name]
	switch {
	case len(c.Policies) == 0:
		return verdict.Policy{}, errors.New("there are no policies")
	case name == "":
		return verdict.Policy{}, fmt.Errorf("there are several policies: choose one with -policy; known are: %s", strings.Join(c.names(), ", "))
	case !ok:
		return verdict.Policy{}, fmt.Errorf("unknown policy %q; known are: %s", envelope.Excerpt(name), strings.Join(c.names(), ", "))
	}
	policy, err := construct(c.Site)
	if err == nil {
		err = policy.Validate()
	}
	if err != nil {
		return policy, fmt.Errorf("policy %s: %w", name, err)
	}
	return policy, nil
}
