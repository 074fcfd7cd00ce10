package envelope

import (
	"context"
	"errors"
)

// Set reports whether a value belongs to a set that changes while the program
// runs, that is kept elsewhere, such as in a database, or that patterns can't
// describe. It is called concurrently, and must return soon after ctx ends. Its
// error means that it can't answer now: the check that asked it is then what
// [Unavailable] makes of it, a TempError with 451 4.3.0.
type Set[T any] func(ctx context.Context, value T) (bool, error)

// SetOf returns the Set of a function that needs no context and never fails, such
// as [HostSet.Contains]. It is nil if contains is.
func SetOf[T any](contains func(T) bool) Set[T] {
	if contains == nil {
		return nil
	}
	return func(_ context.Context, value T) (bool, error) { return contains(value), nil }
}

// At is the function [At] for a check that asks s. If s is nil the check is
// misconfigured.
func (s Set[T]) At(name string, stage Stage, answer Check) Check {
	if s == nil {
		return Misconfigured(name, stage, errors.New("there is no set to ask"))
	}
	return At(name, stage, answer)
}
