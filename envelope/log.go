package envelope

import "log/slog"

// LogValue returns the fields that are known at the stage of e, for logs. They have
// the names of [JSON], and their values are cleaned and cut ([Excerpt]). Of the
// message it has only the size.
func (e Envelope) LogValue() slog.Value {
	attrs := append(make([]slog.Attr, 0, 6), slog.String("stage", e.Stage.String()))
	add := func(from Stage, key, value string) {
		if e.Told(from) && value != "" {
			attrs = append(attrs, slog.String(key, Excerpt(value)))
		}
	}
	if client := e.Client(); client.IsValid() {
		add(Connect, "client_ip", client.String())
	}
	if e.Told(Connect) && e.SpokeEarly {
		attrs = append(attrs, slog.Bool("spoke_early", true))
	}
	add(Helo, "helo", e.Helo)
	if e.Told(Mail) {
		attrs = append(attrs, slog.String("mail_from", Excerpt(e.MailFrom))) // "" is the null sender
		if e.TLS != nil {
			attrs = append(attrs, slog.Bool("tls", true))
		}
	}
	add(Mail, "login", e.Login)
	add(Rcpt, "rcpt_to", e.RcptTo)
	if e.Told(Data) && e.Message != nil {
		attrs = append(attrs, slog.Int64("message_size", e.Message.Size()))
	}
	return slog.GroupValue(attrs...)
}
