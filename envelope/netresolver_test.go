package envelope_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"mxrules.example/envelope"
)

// namesOnly returns a *net.Resolver whose name server, at the other end of a
// pipe, answers every PTR question with the names given.
func namesOnly(t *testing.T, names ...string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		t.Cleanup(func() { server.Close() })
		go answerPTR(server, names)
		return client, nil
	}}
}

// answerPTR answers one question over a stream, in which each message has its length as
// a prefix of two octets (RFC 1035, section 4.2.2).
func answerPTR(conn io.ReadWriter, names []string) {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return
	}
	raw := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, raw); err != nil {
		return
	}
	var m dnsmessage.Message
	if err := m.Unpack(raw); err != nil {
		return
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	for _, name := range names {
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(name)},
		})
	}
	packed, err := m.AppendPack(make([]byte, 2, 512))
	if err != nil {
		return
	}
	binary.BigEndian.PutUint16(packed, uint16(len(packed)-2))
	conn.Write(packed)
}

// *net.Resolver says only in the text of its error that it left out invalid names, so
// that this test needs the text of the real Resolver.
func TestNetResolverWithoutAValidPTRNameIsNotFound(t *testing.T) {
	addr := netip.MustParseAddr("192.0.2.1")
	for _, tc := range []struct {
		name string
		ptr  []string
		want []string
	}{
		{"a name", []string{"mail.example.org."}, []string{"mail.example.org."}},
		{"no name", []string{"not a name."}, nil},
		{"one of each", []string{"not a name.", "mail.example.org."}, []string{"mail.example.org."}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := envelope.LookupPTR(t.Context(), namesOnly(t, tc.ptr...), addr)
			if !slices.Equal(got, tc.want) {
				t.Errorf("names %q, want %q", got, tc.want)
			}
			if tc.want == nil && (!isBare(err) || !envelope.NotFound(err)) || tc.want != nil && err != nil {
				t.Errorf("error %v", err)
			}
		})
	}
}
