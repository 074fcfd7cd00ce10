package dkim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"mxrules.example/dmarc/author"
	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

const (
	// fieldName is the field that holds a signature (RFC 6376, section 3.5).
	fieldName = "DKIM-Signature"
	// maxFields is how many fields a header may have, including lines that are not a
	// field. Mail that passed many lists and forwarders has about 200.
	maxFields = 1000
	// maxVerified is for how many signatures keys are looked up.
	maxVerified = 10
	// chunk is how much of a body is read at a time, in octets.
	chunk = 256 << 10
)

// verification is the verification of the signatures of one message.
type verification struct {
	*reading
	resolver   envelope.Resolver
	message    *envelope.Message
	signatures []*signature // copies of those of reading
	keys       map[string]keyAnswer
}

// reading is what depends on neither the clock nor keys. All verifications of a
// message share it.
type reading struct {
	fields fieldsByName
	count  int          // of fields
	read   []*signature // from the top of the header
	unread int          // signatures above maxFields, which were not parsed
	fault  string       // see ambiguity
}

// keyAnswer is the result of looking up a key.
type keyAnswer struct {
	key *key
	err error
}

// verify does the work of Evaluate, cheapest step first: the signatures alone, the
// body, then DNS and the public keys.
func verify(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, now time.Time) *Result {
	read := readHeader(ctx, e.Message)
	if len(read.read) == 0 {
		return &Result{Signatures: []Signature{}}
	}
	v := &verification{reading: read, resolver: r, message: e.Message, keys: map[string]keyAnswer{}}
	for _, s := range v.read {
		own := *s
		own.checkTimes(now)
		v.signatures = append(v.signatures, &own)
	}
	v.judgeHeader()
	open := v.open()
	byAlignment(open)
	switch {
	case !e.Arriving():
		v.compareBodies(ctx, open)
		open = slices.DeleteFunc(open, (*signature).isSettled)
	case len(open) > maxVerified: // the body shows which of them to verify
		return &Result{Signatures: []Signature{}}
	}
	v.lookupKeys(ctx, open[:min(len(open), maxVerified)])
	for i, s := range open {
		if i < maxVerified {
			v.compareHeader(ctx, s)
		} else {
			s.settle(neutral, "the message has more signatures than are verified")
		}
	}
	return v.result(open)
}

// readHeader finds the fields and parses the signatures, once for a message.
func readHeader(ctx context.Context, m *envelope.Message) *reading {
	type headerRead struct{}
	read, _ := envelope.OncePerMessage(ctx, m, headerRead{}, func() (*reading, error) {
		r := &reading{fields: fieldsByName{}}
		for field := range header.Fields(m.Header()) {
			r.add(field)
		}
		if len(r.read) > 0 {
			r.fault = ambiguity(m.Header())
			authors, _ := author.Of(m) // a malformed From field affects the order only
			weigh(r.read, authors.Domains())
		}
		return r, nil
	})
	return read
}

func (r *reading) add(field header.Field) {
	if r.count++; r.count <= maxFields {
		name := lowerASCII(field.Name())
		r.fields[name] = append(r.fields[name], field)
	}
	switch {
	case !field.Is(fieldName):
	case len(r.read) < maxFields:
		s := parseSignature(field)
		s.number = len(r.read)
		r.read = append(r.read, s)
	default:
		r.unread++
	}
}

// judgeHeader settles signatures that do not protect the header.
func (v *verification) judgeHeader() {
	if v.count > maxFields {
		v.settleAll(permError, "the header of the message has more than 1000 fields")
	}
	if v.message.HeaderCut() {
		v.settleAll(permError, "the header of the message is longer than 1 MiB")
	}
	if v.fault != "" {
		v.settleAll(policy, v.fault)
	}
	from := len(v.fields["from"])
	if from == 0 { // RFC 6376, section 5.4: it must be signed
		v.settleAll(permError, "the message has no From field")
	}
	for _, s := range v.open() {
		// The reader may be shown the one that is not covered (RFC 6376, section 8.15).
		if s.mentions("from") < from {
			s.settle(policy, "the message has a From field that the signature does not cover")
		}
	}
}

// ambiguity returns why programs read a header in different ways, or "": it has a NUL,
// or a CR inside a line, where some programs end the line. A line of blanks only is
// allowed: it folds a field (RFC 5322, section 4.2), and genuine mail has such lines.
func ambiguity(block []byte) string {
	if bytes.IndexByte(block, 0) >= 0 {
		return "the header of the message has a NUL"
	}
	for len(block) > 0 {
		_, rest, found := bytes.Cut(block, []byte{'\r'})
		if found && !bytes.HasPrefix(rest, []byte{'\n'}) {
			return "the header of the message has a CR inside a line"
		}
		block = rest
	}
	return ""
}

// settleAll settles all open signatures.
func (v *verification) settleAll(word, reason string) {
	for _, s := range v.open() {
		s.settle(word, reason)
	}
}

// open returns the signatures that are not settled.
func (v *verification) open() []*signature {
	return slices.DeleteFunc(slices.Clone(v.signatures), (*signature).isSettled)
}

// compareBodies settles the signatures whose body hash differs from that of the body,
// and those whose l= differs from its length.
func (v *verification) compareBodies(ctx context.Context, open []*signature) {
	if len(open) == 0 {
		return
	}
	var wanted bodyForms
	for _, s := range open {
		wanted[s.bodyForm()] = true
	}
	bodies, err := hashBodies(ctx, v.message, wanted)
	if err != nil {
		reason := "the message could not be read"
		if ctx.Err() != nil {
			reason = "the verification ran out of time"
		}
		for _, s := range open {
			s.settle(tempError, reason)
			s.Err = err
		}
		return
	}
	for _, s := range open {
		switch body := bodies[s.bodyForm()]; {
		case s.limit != noLimit && s.limit < body.length:
			// Anyone can add text after that length (RFC 6376, section 8.2).
			s.settle(policy, "the signature leaves the end of the body unsigned (l=)")
		case s.limit > body.length: // forbidden by RFC 6376, section 3.5
			s.settle(permError, "the signature covers a longer body than the message has (l=)")
		case !bytes.Equal(s.bodyHash, body.hash):
			s.settle(fail, "the body of the message has changed since it was signed")
		}
	}
}

// bodyForms reports which canonical forms of a body are needed: simple, relaxed.
type bodyForms [2]bool

// canonicalBody has the hash and the length of a body in one canonical form.
type canonicalBody struct {
	hash   []byte
	length int64 // in octets
}

// hashBodies returns the canonical forms that are needed. The body is read once for a
// message and hashed once for each form.
func hashBodies(ctx context.Context, m *envelope.Message, wanted bodyForms) ([2]canonicalBody, error) {
	return envelope.OncePerMessage(ctx, m, wanted, func() (bodies [2]canonicalBody, err error) {
		var forms [2]*bodyHash
		for i := range forms {
			if wanted[i] {
				forms[i] = newBodyHash(i == relaxedForm)
			}
		}
		if err := hashBody(ctx, m.Body(), forms[:]); err != nil {
			return bodies, err
		}
		for i, form := range forms {
			if form != nil {
				sum := form.Sum()
				bodies[i] = canonicalBody{sum, form.length}
			}
		}
		return bodies, nil
	})
}

// hashBody writes a body to the forms that are needed.
func hashBody(ctx context.Context, body *io.SectionReader, forms []*bodyHash) error {
	buffer := make([]byte, min(chunk, body.Size()+1))
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := body.Read(buffer)
		for _, form := range forms {
			if form != nil {
				form.Write(buffer[:n])
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// compareHeader settles a signature with its key and the hash of the header.
func (v *verification) compareHeader(ctx context.Context, s *signature) {
	answer := v.keys[keyName(s.Selector, s.Domain)]
	k, err := answer.key, answer.err
	if err == nil {
		s.KeyBits, s.Testing = k.bits, k.testing
		if k.strict && s.identityDomain != s.Domain { // RFC 6376, section 3.6.1
			err = keyFault("the key allows no identity below the domain (t=s)")
		} else {
			err = v.prove(ctx, s, k)
		}
	}
	var fault keyFault
	switch {
	case err == nil:
		s.settle(pass, "")
	case errors.As(err, &fault):
		s.settle(permError, fault.Error())
	case !errors.Is(err, errMismatch):
		s.settle(tempError, "the lookup of the key failed")
		s.Err = err
	case k.testing: // treated like an unsigned message (RFC 6376, section 3.6.1)
		s.settle(neutral, err.Error()+", and its key is for testing (t=y)")
	default:
		s.settle(fail, err.Error())
	}
}

// prove verifies a signature with its key, once for a message and a key record.
func (v *verification) prove(ctx context.Context, s *signature, k *key) error {
	type proof struct {
		signature int
		record    string
	}
	_, err := envelope.OncePerMessage(ctx, v.message, proof{s.number, k.record}, func() (struct{}, error) {
		return struct{}{}, k.verify(s.Algorithm, v.fields.headerHash(s), s.data)
	})
	return err
}

// lookupKeys looks up the keys of signatures concurrently, each once.
func (v *verification) lookupKeys(ctx context.Context, signatures []*signature) {
	var names []string
	for _, s := range signatures {
		if name := keyName(s.Selector, s.Domain); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for name, answer := range envelope.Concurrently(ctx, names, func(ctx context.Context, name string) keyAnswer {
		k, err := lookupKey(ctx, v.resolver, name)
		return keyAnswer{k, err}
	}) {
		v.keys[name] = answer
	}
}
