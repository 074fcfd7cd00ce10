package envelope_test

import (
	"fmt"

	"mxrules.example/envelope"
)

// reverseName is the Detail of a check on the reverse name of a client.
type reverseName struct{ client, name string }

func (r reverseName) AuthenticationResults() []envelope.AuthenticationResult {
	result := envelope.AuthenticationResult{
		Method:     "iprev",
		Result:     "pass",
		Reason:     "the name is " + r.name,
		Properties: []envelope.AuthenticationProperty{{Type: "policy", Name: "iprev", Value: r.client}},
	}
	if r.name == "" {
		result.Result, result.Reason = "fail", ""
	}
	return []envelope.AuthenticationResult{result}
}

// A program that writes a header uses the Detail of each finding.
func ExampleAuthenticationResult() {
	findings := []envelope.Finding{
		envelope.Passed("own.reverse").With(reverseName{"192.0.2.1", "mail.example.org"}),
		envelope.Passed("own.greeting").With("a detail that belongs into no header"),
	}
	for _, f := range findings {
		detail, ok := f.Detail.(interface {
			AuthenticationResults() []envelope.AuthenticationResult
		})
		if !ok {
			continue
		}
		for _, result := range detail.AuthenticationResults() {
			fmt.Printf("%s=%s reason=%q", result.Method, result.Result, result.Reason)
			for _, p := range result.Properties {
				fmt.Printf(" %s.%s=%s", p.Type, p.Name, p.Value)
			}
			fmt.Println()
		}
	}
	// Output:
	// iprev=pass reason="the name is mail.example.org" policy.iprev=192.0.2.1
}
