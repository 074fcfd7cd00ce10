package postfix

import (
	"fmt"

	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/greylist"
	"mxrules.example/helo"
	"mxrules.example/spf"
)

func always() expr { return expr{"postfix.Always", Always} }

func (im *importer) permitAll(s *scope, _ string) error {
	switch {
	case s.outer == nil:
		im.became("the end of the list")
	case s.list.last:
		accepting := *s
		accepting.shadow = false
		im.emit(&accepting, acceptIf(always()).named("permit"))
	default:
		s.outer.ends(s.own...)
		im.became("the rest of the list applies unless " + s.outer.unless[len(s.outer.unless)-1].source)
	}
	s.ended = true
	return nil
}

func (im *importer) rejectAll(s *scope, _ string) error {
	im.relay = im.relay || s.list.stage == envelope.Rcpt && !s.shadow
	im.emit(s, refusalIf(im.code("reject_code"), always(), status(554, 7, 1)).named("reject"))
	im.endAfterRefusal(s)
	return nil
}

func (im *importer) deferAll(s *scope, _ string) error {
	im.relay = im.relay || s.list.stage == envelope.Rcpt && !s.shadow
	im.emit(s, tempFailIf(always()).reply(status(im.code("defer_code"), 3, 2)).named("defer"))
	im.endAfterRefusal(s)
	return nil
}

func (im *importer) endAfterRefusal(s *scope) {
	s.ended = s.ended || !s.shadow
}

func (im *importer) became(what string) { im.line.Became = append(im.line.Became, what) }

// mayReject is defer_if_permit: a rule that would reject if x passed.
func (im *importer) mayReject(s *scope, x expr) {
	im.relay = im.relay || s.list.stage == envelope.Rcpt && !s.shadow
	im.emit(s, rejectIf(x))
}

// mayPermit is defer_if_reject: a permit that would end the list if x passed.
func (im *importer) mayPermit(s *scope, x expr) {
	if s.shadow {
		im.became("nothing after warn_if_reject")
		return
	}
	im.differs("a rejection of another list, if it is certain, stays one")
	im.permit(s, x)
}

// refusalIf returns the rule that refuses with a code if x passes.
func refusalIf(code uint16, x expr, natural envelope.Status) rule {
	r, status := rejectIf(x), natural
	if code < 500 {
		r, status = tempFailIf(x), natural.Deferral()
	}
	if status.Code != code {
		status.Code = code
		r = r.reply(status)
	}
	return r
}

// heloFQDN refuses a name of one label, and a name that does not parse.
func (im *importer) heloFQDN(s *scope, _ string) error {
	im.refuse(s, expr{"helo.FQDN", helo.FQDN}, "non_fqdn_reject_code", status(504, 5, 4))
	return nil
}

func (im *importer) heloResolves(s *scope, _ string) error {
	im.refuse(s, expr{"helo.Resolves", helo.Resolves}, "unknown_hostname_reject_code", status(550, 7, 1))
	return nil
}

// senderResolves refuses a domain that does not exist, and one that takes no mail.
func (im *importer) senderResolves(s *scope, _ string) error {
	im.refuse(s, expr{"sender.Resolves", sender.Resolves}, "unknown_address_reject_code", status(550, 1, 8))
	im.emit(s, rejectUnless(expr{"sender.TakesMail", sender.TakesMail}))
	return nil
}

// before carries over what smtpd decides before the lists of RCPT.
func (im *importer) before() {
	defer im.under(im.begin(Line{Parameter: "smtpd", Restriction: "what it requires of every client"}))
	s := &scope{list: &list{parameter: "smtpd"}}
	if im.yes("smtpd_helo_required") {
		im.emit(s, rejectUnless(expr{"helo.Present", helo.Present}))
	}
	im.differs("the syntax is that of RFC 5321; Postfix reads more forms of an address, and appends myorigin to a local part alone")
	im.emit(s, rejectUnless(anyOf(expr{"sender.Syntax", sender.Syntax}, not(expr{"sender.FQDN", sender.FQDN}))).named("sender.syntax"))
	im.emit(s, rejectUnless(anyOf(expr{"recipient.Syntax", recipient.Syntax}, not(expr{"recipient.FQDN", recipient.FQDN}))).named("recipient.syntax"))
	im.emit(s, acceptIf(expr{`recipient.In("postmaster")`, recipient.In("postmaster")}))
}

// maxTexts bounds the rules for one table.
const maxTexts = 500

// access carries over a check_*_access.
func (im *importer) access(s *scope, of Part, reference string) error {
	t, err := im.table(reference)
	if err != nil {
		return err
	}
	a := &Access{
		Of: of, Table: t, Strict: !im.matchesBelow("smtpd_access_maps"),
		RejectCode: int(im.code("access_map_reject_code")), DeferCode: int(im.code("access_map_defer_code")),
	}
	if of == Sender || of == Recipient {
		a.Delimiter, a.Null = im.value("recipient_delimiter"), im.value("smtpd_null_access_lookup_key")
	}
	if of == Client {
		im.differs(anyPTR)
	}
	name := im.program.declareAccess(a, reference)
	method := func(method string, check envelope.Check) expr { return expr{name + "." + method, check} }
	found := map[kind]bool{}
	var texts []string // of marks and lists
	for _, value := range t.values {
		act, err := parseAction(value)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		switch act.kind {
		case marks, lists, discards:
			texts = append(texts, value)
		default:
			found[act.kind] = true
		}
	}
	if len(texts) > maxTexts {
		return fmt.Errorf("%s: more than %d different values are not a decision", t.name, maxTexts)
	}
	for _, value := range texts {
		if err := im.says(s, t, expr{fmt.Sprintf("%s.Says(%q)", name, value), a.Says(value)}, value); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	if found[rejects] {
		im.emit(s, im.rejecting(a, method("Rejects", a.Rejects)))
	}
	if found[defers] {
		im.emit(s, tempFailIf(method("Defers", a.Defers)))
	}
	if found[defersIfPermit] {
		im.mayReject(s, method("MayReject", a.MayReject))
	}
	if found[defersIfReject] {
		im.mayPermit(s, method("MayPermit", a.MayPermit))
	}
	if found[permits] {
		im.permit(s, method("Permits", a.Permits))
	}
	if len(im.line.Became) == 0 {
		im.became("nothing: no value of the table changes a decision")
	}
	return nil
}

// rejecting returns the rule for REJECT, whose code may be one of a deferral.
func (im *importer) rejecting(a *Access, x expr) rule {
	if a.RejectCode < 500 {
		return tempFailIf(x)
	}
	return rejectIf(x)
}

// valueOf begins the name of a scope for a value of a table.
const valueOf = "value of "

// says carries over a value of a table that is not a decision.
func (im *importer) says(s *scope, t *Table, x expr, value string) error {
	switch act, _ := parseAction(value); act.kind {
	case marks:
		im.differs("what Postfix does with the message is a mark, for the server to act on")
		im.emit(s, markIf(x, envelope.CleanText(value, false)))
		return nil
	case discards:
		im.differs("DISCARD accepts the message with a mark, for the server to discard it")
		im.emit(s, markIf(x, "DISCARD"))
		accepting := *s
		accepting.shadow = false
		im.emit(&accepting, acceptIf(x))
		return nil
	}
	words, err := splitWords(value)
	if err != nil {
		return err
	}
	if len(s.classes) >= maxClasses {
		return fmt.Errorf("restriction classes are more than %d deep", maxClasses)
	}
	inner := s.within(x)
	inner.classes = append(inner.classes, valueOf+t.name)
	im.became("when " + x.source + ": " + value)
	im.restrictions(inner, words)
	return nil
}

// service carries over check_policy_service.
func (im *importer) service(s *scope, server string) error {
	switch im.options.Services[serverName(server)] {
	case SPF:
		im.differs("the HELO name is evaluated too, and a failed lookup does not defer")
		im.emit(s, rejectUnless(expr{"spf.HeloNotFail", spf.HeloNotFail}).ignoring())
		im.emit(s, rejectUnless(expr{"spf.NotFail", spf.NotFail}).ignoring())
	case Greylisting:
		im.differs("greylisting is that of package greylist, which keys on the identity of the sender; the store is in memory and empty")
		name := im.program.declare("greylisted", "greylist.Known(new(greylist.Memory), greylist.Options{})")
		im.emit(s, tempFailUnless(expr{name, greylist.Known(new(greylist.Memory), greylist.Options{})}))
	default:
		return fmt.Errorf("what the policy server %s does is not known here", server)
	}
	return nil
}
