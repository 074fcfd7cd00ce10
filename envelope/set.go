package envelope

import (
	"context"
	"errors"
)

// Set reports whether a value is in a set. It is for sets that patterns cannot
// describe, that change while the program runs, or that are stored elsewhere, such as
// in a database. It is called concurrently, and must return soon after ctx ends. One
// that waits passes ctx on, so that other checks go on meanwhile (see [Consult]). If
// it fails, the check that called it is a TempError with 451 4.3.0 ([Unavailable]).
type Set[T any] func(ctx context.Context, value T) (bool, error)

// SetOf returns a Set that calls contains, such as [HostSet.Contains]. It is nil if
// contains is.
func SetOf[T any](contains func(T) bool) Set[T] {
	if contains == nil {
		return nil
	}
	return func(_ context.Context, value T) (bool, error) { return contains(value), nil }
}

// Contains asks s for value by [Consult], so that other checks of the judgement go
// on while s waits.
func (s Set[T]) Contains(ctx context.Context, value T) (bool, error) {
	return Consult(ctx, func(ctx context.Context) (bool, error) { return s(ctx, value) })
}

// At is the function [At] for a check that calls s. If s is nil, the check is
// misconfigured.
func (s Set[T]) At(name string, stage Stage, answer Check) Check {
	if s == nil {
		return Misconfigured(name, stage, errors.New("the set is nil"))
	}
	return At(name, stage, answer)
}
