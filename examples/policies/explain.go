package policies

import "mxrules.example/verdict/explain"

// Explanations returns the entries of the checks that only these policies have, to be added
// to a Book of package explain.
func Explanations() map[string]explain.Entry {
	return map[string]explain.Entry{
		"recipient.few": {
			Asks: "A message must not have too many recipients.",
			Why:  "Few people write to so many at once. A stolen password is used for that.",
			Fix:  []string{"Send to the others in another message, or use a mailing list."},
			User: "Send to the others in another message, or ask for a mailing list.",
		},
	}
}
