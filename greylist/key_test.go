package greylist

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestFoldSender(t *testing.T) {
	for _, tc := range []struct{ sender, want string }{
		{"ann@sender.example", "ann@sender.example"},
		{"Ann@Sender.Example.", "ann@sender.example"},
		{"", ""},
		{"no address", "no address"},
		{"@route.example:ann@sender.example", "ann@sender.example"},
		{`"ann lee"@sender.example`, `"ann lee"@sender.example`},
		{`"ann"@sender.example`, "ann@sender.example"},
		{"ann@[192.0.2.1]", "ann@[192.0.2.1]"},
		{"ann@bücher.example", "ann@xn--bcher-kva.example"},

		// local parts of more than 64 octets
		{"bounces+12345678-0123-list-of-readers=correspondent.with.a.long.name=reader.example@sender.example", "bounces@sender.example"},
		{"prvs=1234abcdef=a.correspondent.with.a.name.that.is.longer.than.most.names.are@sender.example", "a.correspondent.with.a.name.that.is.longer.than.most.names.are@sender.example"},
		{"SRS0=abc1=ZZ=a-domain-with-a-rather-long-name.example=a.correspondent.with.a.long.name@forwarder.example",
			"srs#=a-domain-with-a-rather-long-name.example=a.correspondent.with.a.long.name@forwarder.example"},
		{"0102018b1e9c4f2a-550e8400-e29b-41d4-a716-446655440000-000000-0102018b1e9c4f2a@ses.example", "#@ses.example"},

		// BATV and its variant
		{"prvs=1234abcdef=ann@sender.example", "ann@sender.example"},
		{"prvs=5678fedcba=Ann@sender.example", "ann@sender.example"},
		{"PRVS=5678fedcba=ann@sender.example", "ann@sender.example"},
		{"prvs==ann@sender.example", "prvs==ann@sender.example"},
		{"prvs=1234abcdef=@sender.example", "prvs=#=@sender.example"},
		{"btv1==1234abcdef==ann@sender.example", "ann@sender.example"},
		{"btv1==0987654321==ann@sender.example", "ann@sender.example"},

		// SRS
		{"SRS0=HHHH=TT=origin.example=ann@forwarder.example", "srs#=origin.example=ann@forwarder.example"},
		{"SRS0=abc1=ZZ=origin.example=ann@forwarder.example", "srs#=origin.example=ann@forwarder.example"},
		{"SRS0+abc1=ZZ=origin.example=ann@forwarder.example", "srs#=origin.example=ann@forwarder.example"},
		{"SRS1=HH=first.example==hh=TT=origin.example=ann@forwarder.example", "srs#=first.example=origin.example=ann@forwarder.example"},
		{"SRS1=GG=first.example==gg=UU=origin.example=ann@forwarder.example", "srs#=first.example=origin.example=ann@forwarder.example"},
		{"SRS0=short@forwarder.example", "srs#=short@forwarder.example"},

		// subaddresses and VERP
		{"ann+news@sender.example", "ann@sender.example"},
		{"bounces+1234567-ab12-us=example.org@sender.example", "bounces@sender.example"},
		{"+ann@sender.example", "+ann@sender.example"},
		{"list-bounces-12345-us=example.org@sender.example", "list-bounces-#-us=example.org@sender.example"},
		{"john2@sender.example", "john#@sender.example"},
		{"2026news@sender.example", "#news@sender.example"},
		{"0102018b1e9c4f2a-550e8400-e29b-41d4-a716-446655440000-000000@ses.example", "#@ses.example"},
		{"0100017a2b3c4d5e-11112222-3333-4444-5555-666677778888-000000@ses.example", "#@ses.example"},
		{"b.12.34.56@sender.example", "b.#@sender.example"},
		{"x1y2z3-owner@sender.example", "#-owner@sender.example"},
		{"dead.beef@sender.example", "dead.beef@sender.example"}, // words rather than hexadecimal numbers
		{"-@sender.example", "-@sender.example"},
		{"1-@sender.example", "#-@sender.example"},
		{"1--2@sender.example", "#--#@sender.example"},
	} {
		if got := foldSender(tc.sender); got != tc.want {
			t.Errorf("%q becomes %q, want %q", tc.sender, got, tc.want)
		}
	}
}

func FuzzFoldSender(f *testing.F) {
	for _, seed := range []string{
		"ann@sender.example", "prvs=1234abcdef=ann@a.example", "btv1==1==ann@a.example", "SRS0=a=b=c=d@e.example",
		"SRS1=a=b==c=d=e=f@g.example", "srs1=a=b=@c.example", "srs0=@a.example", "a+b@c.example", "12-ab-3c4d@e.example",
		`"a@b"@c.example`, "é1@a.example", "prvs=prvs=1=btv1==2==x@y.example",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sender string) {
		folded := foldSender(sender)
		if upper := foldSender(strings.ToUpper(sender)); isPlain(sender) && upper != folded {
			t.Errorf("%q becomes %q, but in upper case %q", sender, folded, upper)
		}
		if len(folded) > 4*len(sender)+8 {
			t.Errorf("%q grows to %q", sender, folded)
		}
		if again := withoutNumbers(withoutNumbers(sender)); again != withoutNumbers(sender) {
			t.Errorf("withoutNumbers is not idempotent for %q: %q", sender, again)
		}
	})
}

// isPlain reports whether s is ASCII, so that ToUpper loses nothing.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func TestKeysDiffer(t *testing.T) {
	secret := Secret("sesame")
	seen := map[Key]string{}
	for name, key := range map[string]Key{
		"triplet":                      secret.Triplet("network", "ann@a.example", "us@example.org"),
		"other identity":               secret.Triplet("networ", "kann@a.example", "us@example.org"),
		"other sender":                 secret.Triplet("network", "bob@a.example", "us@example.org"),
		"other recipient":              secret.Triplet("network", "ann@a.example", "them@example.org"),
		"sender and recipient swapped": secret.Triplet("network", "us@example.org", "ann@a.example"),
		"no sender":                    secret.Triplet("network", "", "us@example.org"),
		"no identity":                  secret.Triplet("", "ann@a.example", "us@example.org"),
		"identity":                     secret.Identity("network"),
		"other identity record":        secret.Identity("network2"),
		"without a secret":             Secret(nil).Triplet("network", "ann@a.example", "us@example.org"),
		"with another secret":          Secret("open").Triplet("network", "ann@a.example", "us@example.org"),
	} {
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q have the same key", name, other)
		}
		seen[key] = name
	}
}

// Stores keep keys, so keys must not change between versions.
func TestKeysAreStable(t *testing.T) {
	for _, tc := range []struct {
		key  Key
		want string
	}{
		{Secret("sesame").Triplet("192.0.2.0/24", "ann@sender.example", "us@example.org"), "b0f29ceca51bc9ade9c357c30dcc6507"},
		{Secret("sesame").Identity("192.0.2.0/24"), "dbbbaeb91fdc58b2b26270c357f37086"},
		{Secret(nil).Identity(""), "6fea9fa74b09454930e59868e80cbdbf"},
	} {
		if got := tc.key.String(); got != tc.want {
			t.Errorf("the key is %s, want %s", got, tc.want)
		}
	}
}

func TestKeyText(t *testing.T) {
	want := Secret("sesame").Identity("someone")
	var got Key
	if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
		t.Errorf("%v becomes %v, error %v", want, got, err)
	}
	for _, s := range []string{"", "00", strings.Repeat("0", 31), strings.Repeat("0", 33), strings.Repeat("g", 32), strings.Repeat("é", 16)} {
		if err := got.UnmarshalText([]byte(s)); err == nil || !strings.Contains(err.Error(), "32 hexadecimal digits") || got != want {
			t.Errorf("%q: key %v, error %v", s, got, err)
		}
	}
}

func TestEntryJSON(t *testing.T) {
	want := Entry{Secret("sesame").Identity("someone"), Record{
		First: start, Last: start.Add(time.Hour), Until: start.Add(36 * 24 * time.Hour), Good: 3,
	}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	const form = `{"key":"KEY","first":"2026-03-01T12:00:00Z","last":"2026-03-01T13:00:00Z","until":"2026-04-06T12:00:00Z","good":3}`
	if got := strings.Replace(string(text), want.Key.String(), "KEY", 1); got != form {
		t.Errorf("the entry is %s\nwant %s", got, form)
	}
	var got Entry
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("the entry becomes %v, error %v", got, err)
	}
	if err := json.Unmarshal([]byte(`{"key":"12"}`), &got); err == nil {
		t.Error("a short key is no error")
	}
}

func FuzzKeyText(f *testing.F) {
	f.Add("b0f29ceca51bc9ade9c357c30dcc6507")
	f.Add("B0F29CECA51BC9ADE9C357C30DCC6507")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		var key Key
		if err := key.UnmarshalText([]byte(s)); err == nil && key.String() != strings.ToLower(s) {
			t.Errorf("%q becomes %v", s, key)
		}
	})
}
