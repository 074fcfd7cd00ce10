package dkim

// BodyHash is for tests that write a body in pieces.
type BodyHash = bodyHash

func NewBodyHash(relaxed bool) *BodyHash { return newBodyHash(relaxed) }
