package envelope_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"mxrules.example/envelope"
)

func TestFindingMarshalsToJSON(t *testing.T) {
	failed := envelope.Failed("a.b", envelope.Status{Code: 550, Subject: 7, Detail: 1}, "the name %s is bad", "a\r\n<b>").Advising("leave")
	failed.Commit = func(context.Context) error { return nil }
	loop := map[string]any{}
	loop["loop"] = loop
	for _, tc := range []struct {
		finding envelope.Finding
		want    string
	}{
		{envelope.Finding{}, `{"check":"","outcome":""}`},
		{envelope.NotYet("a.b", envelope.Rcpt), `{"check":"a.b","outcome":"pending","awaits":"rcpt"}`},
		{failed, `{"check":"a.b","outcome":"fail","status":"550 5.7.1","text":"the name a \u003cb\u003e is bad","advice":"leave"}`},
		{envelope.Temporary("a.b", errors.New("down\r\nnow")),
			`{"check":"a.b","outcome":"temperror","status":"451 4.4.3","text":"temporary lookup failure","retry":"please try again later","cause":"down now"}`},
		{envelope.Passed("a.b").With(map[string]int{"n": 1}), `{"check":"a.b","outcome":"pass","detail":{"n":1}}`},
		{envelope.Passed("a.b").With(struct{ unexported int }{1}), `{"check":"a.b","outcome":"pass"}`},
		{envelope.Passed("a.b").With((*int)(nil)), `{"check":"a.b","outcome":"pass"}`},
		{envelope.Passed("a.b").With(func() {}), `{"check":"a.b","outcome":"pass"}`},
		{envelope.Passed("a.b").With(loop), `{"check":"a.b","outcome":"pass"}`},
		{envelope.Passed("a.b").With([]envelope.Finding{failed}),
			`{"check":"a.b","outcome":"pass","detail":[{"check":"a.b","outcome":"fail","status":"550 5.7.1","text":"the name a \u003cb\u003e is bad","advice":"leave"}]}`},
	} {
		if got, err := json.Marshal(tc.finding); err != nil || string(got) != tc.want {
			t.Errorf("got %s, %v\nwant %s", got, err, tc.want)
		}
	}
}
