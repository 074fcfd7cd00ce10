package main

import (
	"reflect"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope/sender"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
)

// fixedForm reports whether the JSON form of a detail is documented by its package.
// The report leaves out other details.
func fixedForm(detail any) bool {
	switch detail.(type) {
	case *rdns.Result, *dnsbl.Result, *dnsbl.Origin, *sender.Result, *spf.Result, *dkim.Result, *dmarc.Result:
		return !reflect.ValueOf(detail).IsNil()
	}
	return false
}
