package analysis

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// identity tells checks apart. A func value is a pointer to its code and the variables
// that it captured, so that two with the same pointer are the same check. Two calls of
// client.In have the same code and different variables.
func identity(check envelope.Check) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&check))
}

// isMethod reports whether a check is a method value, which is a new func value each time
// that it is written.
func isMethod(check envelope.Check) bool {
	f := runtime.FuncForPC(reflect.ValueOf(check).Pointer())
	return f != nil && strings.HasSuffix(f.Name(), "-fm")
}

// kind is what checks have in common that are the same by [Same] or [SameSite].
type kind struct {
	name string
	nth  int // among the checks of the name in a policy, from 1; every or method for all
}

const (
	every  = -1
	method = -2
)

// kinds returns the kinds of the checks that are the same as others by a fact.
func (k *knowledge) kinds(policies []verdict.Policy) map[unsafe.Pointer]kind {
	kinds := map[unsafe.Pointer]kind{}
	for _, p := range policies {
		checks := checksOf(p)
		taken := map[kind]bool{} // by checks of this policy that an earlier one has too
		for _, check := range checks {
			if own, ok := kinds[identity(check)]; ok {
				taken[own] = true
			}
		}
		for _, check := range checks {
			if _, ok := kinds[identity(check)]; ok {
				continue
			}
			name, _ := check.Describe()
			own := kind{name: name}
			switch {
			case slices.Contains(k.same, name):
				own.nth = every
			case !k.sameSite:
				continue
			case isMethod(check):
				own.nth = method
			default:
				for own.nth = 1; taken[own]; own.nth++ {
				}
			}
			taken[own] = true
			kinds[identity(check)] = own
		}
	}
	return kinds
}

// checksOf returns the checks of the rules of a policy that are no shadow rules.
func checksOf(p verdict.Policy) (checks []envelope.Check) {
	for i := range p.Rules {
		if r := &p.Rules[i]; !r.IsShadow() {
			checks = append(checks, leavesOf(r)...)
		}
	}
	return checks
}
