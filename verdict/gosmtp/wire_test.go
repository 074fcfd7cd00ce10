package gosmtp_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"mxrules.example/verdict/gosmtp"
)

// What is told must be what the client sees, whatever becomes of a transaction.
func TestWhatIsToldIsWhatTheClientSees(t *testing.T) {
	const seeds = 300
	senders := []string{"a", "a", "a", "welcome", "bad", "stranger"}
	recipients := []string{"user", "user", "other", "nobody", "exempt", "picky", "slow", "full"}
	bodies := []string{"news", "news", "news", "broken", "full", "panic"}
	for seed := range uint64(seeds) {
		random := rand.New(rand.NewPCG(seed, 0))
		pick := func(words []string) string { return words[random.IntN(len(words))] }
		speaksLMTP := random.IntN(2) == 0
		d := &diary{}
		g := &gosmtp.Guard{Policy: courses(), Report: d.note, MaxRejections: random.IntN(2) * 4}
		s := serve(t, g, choosy(), func(s *smtp.Server) { s.LMTP = speaksLMTP })
		w := &witness{peer: s.dial(t)}
		w.see("connect")
		w.say(map[bool]string{false: "EHLO c.example", true: "LHLO c.example"}[speaksLMTP])
		for range 4 {
			from := pick(senders) + "@a.example"
			if w.say("MAIL FROM:<" + from + ">"); !w.see("mail " + from) {
				w.say("RSET")
				continue
			}
			var taken []string
			for range 1 + random.IntN(4) {
				to := pick(recipients) + "@b.example"
				if w.say("RCPT TO:<" + to + ">"); w.see("rcpt " + to) {
					taken = append(taken, to)
				}
			}
			if len(taken) > 0 {
				w.deliver("Subject: "+pick(bodies)+"\r\n", random.IntN(2) == 0)
				for i, to := range taken {
					if i == 0 || speaksLMTP {
						w.status = w.read()
					}
					w.see("data " + to)
				}
			}
			w.say("RSET")
		}
		w.conn.Close()
		s.finish(t)
		var told []string // without the actions, which the client does not see
		for _, line := range d.read() {
			words := strings.Fields(line)
			told = append(told, strings.Join(slices.Delete(words, len(words)-3, len(words)-2), " "))
		}
		if !slices.Equal(told, w.seen) {
			t.Fatalf("seed %d:\ntold %q\nseen %q", seed, told, w.seen)
		}
	}
}

// witness is a client that writes down the replies that it sees.
type witness struct {
	*peer
	status string // of the last reply, "" once the connection is closed
	seen   []string
}

// see writes down that the last reply is about something, and reports whether
// it is a success.
func (w *witness) see(about string) bool {
	if w.seen == nil {
		w.status = w.read()
	}
	if w.status == "" {
		return false
	}
	w.seen = append(w.seen, about+" "+w.status)
	return w.status[0] == '2'
}

func (w *witness) say(command string) {
	if w.seen != nil && w.status == "" {
		return
	}
	io.WriteString(w.conn, command+"\r\n")
	w.status = w.read()
}

func (w *witness) deliver(body string, chunked bool) {
	if chunked {
		io.WriteString(w.conn, fmt.Sprintf("BDAT %d LAST\r\n%s", len(body), body))
		return
	}
	w.say("DATA")
	io.WriteString(w.conn, body+".\r\n")
}

// read returns the codes of the next reply, "" if there is none.
func (w *witness) read() string {
	for {
		line, err := w.in.ReadString('\n')
		if err != nil {
			return ""
		}
		code, text, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), " ")
		if len(code) > len("250") {
			continue // of several lines
		}
		enhanced, _, _ := strings.Cut(text, " ")
		if code == "220" || strings.Trim(enhanced, "0123456789.") != "" {
			enhanced = code[:1] + ".0.0"
		}
		return code + " " + enhanced
	}
}
