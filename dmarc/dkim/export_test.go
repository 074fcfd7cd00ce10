package dkim

// BodyHash is open to the tests, which cut bodies into pieces of their own.
type BodyHash = bodyHash

func NewBodyHash(relaxed bool) *BodyHash { return newBodyHash(relaxed) }
