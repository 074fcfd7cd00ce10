// Package stores has what the checks share that use a greylisting store.
package stores

import (
	"context"
	"reflect"

	"mxrules.example/envelope"
)

// IsNil reports whether store is nil or a nil pointer. A function that fails to open
// a store returns a nil pointer.
func IsNil(store any) bool {
	v := reflect.ValueOf(store)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// Comparable reports whether store can be part of a map key.
func Comparable(store any) bool { return reflect.ValueOf(store).Comparable() }

// onceKey is a key of envelope.Once.
type onceKey[K comparable] struct {
	store any
	key   K
}

// Once returns the results of compute, which runs once per judgement for each store
// and key. A store that cannot be part of a map key shares nothing.
func Once[K comparable, T any](ctx context.Context, store any, key K, compute func() (T, error)) (T, error) {
	if !Comparable(store) {
		return compute()
	}
	return envelope.Once(ctx, onceKey[K]{store, key}, compute)
}

// Read is Once for a call of get that may wait for the store. Other checks of the
// judgement run meanwhile.
func Read[K comparable, T any](ctx context.Context, store any, key K, get func(context.Context, K) (T, error)) (T, error) {
	return Once(ctx, store, key, func() (T, error) {
		return envelope.Consult(ctx, func(ctx context.Context) (T, error) { return get(ctx, key) })
	})
}
