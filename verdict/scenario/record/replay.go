package record

import (
	"context"
	"net"
	"net/netip"

	"mxrules.example/envelope"
)

// recorded answers questions for TXT records from what was recorded, and fails others.
type recorded struct{ *Recorder }

func (r recorded) LookupTXT(_ context.Context, name string) ([]string, error) {
	for _, a := range r.answers {
		if a.question == (question{absolute(name), "TXT"}) && len(a.records) > 0 {
			return each(a.records, func(record record) string { return record.text }), nil
		}
	}
	return nil, unanswered(name)
}

func (r recorded) LookupNetIP(_ context.Context, _, name string) ([]netip.Addr, error) {
	return nil, unanswered(name)
}
func (r recorded) LookupAddr(_ context.Context, addr string) ([]string, error) {
	return nil, unanswered(addr)
}
func (r recorded) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return nil, unanswered(name)
}
func (r recorded) LookupCNAME(_ context.Context, name string) (string, error) {
	return "", unanswered(name)
}

var _ envelope.Resolver = recorded{}

func unanswered(name string) error {
	return &net.DNSError{Err: "the question was not recorded", Name: name, IsTemporary: true}
}
