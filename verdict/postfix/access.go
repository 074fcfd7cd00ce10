package postfix

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/rdns"
)

// Part is the part of an envelope that an access table is about.
type Part uint8

const (
	Client        Part = iota + 1 // check_client_access: the confirmed name and the address
	ReverseClient                 // check_reverse_client_hostname_access: the PTR name and the address
	Helo                          // check_helo_access
	Sender                        // check_sender_access
	Recipient                     // check_recipient_access
)

// String returns the word for p in the names of checks.
func (p Part) String() string {
	switch p {
	case Client:
		return "client"
	case ReverseClient:
		return "reverseclient"
	case Helo:
		return "helo"
	case Sender:
		return "sender"
	case Recipient:
		return "recipient"
	}
	return "unknown"
}

// stage returns the stage from which p is known.
func (p Part) stage() envelope.Stage {
	switch p {
	case Helo:
		return envelope.Helo
	case Sender:
		return envelope.Mail
	case Recipient:
		return envelope.Rcpt
	}
	return envelope.Connect
}

// Access is an access table and what its keys are (access(5)). Its methods are checks.
// A key is looked up as Postfix does: a mailbox, then its domain and the domains above
// it, then its local part with an @; a host name, then the domains above it; an
// address, then the networks whose octets it begins with.
//
// The first key in the table decides what the table says. Each method is a check that
// passes when the table says one thing, and fails when it says another thing or
// nothing.
//
// DNS: PTR and A or AAAA for a table with names of clients, as package rdns; none
// otherwise.
type Access struct {
	Of    Part
	Table *Table
	// Strict says that a domain does not match the names below it: those have a key
	// that begins with a dot (parent_domain_matches_subdomains without
	// smtpd_access_maps).
	Strict bool
	// Delimiter is the recipient_delimiter.
	Delimiter string
	// Null is the key of the null sender, "" for "<>".
	Null string
	// RejectCode and DeferCode are the reply codes of REJECT and DEFER, 0 for 554 and
	// 450.
	RejectCode, DeferCode int
}

// Permits passes when the table says OK. It fails for a recipient that asks to be
// relayed by a source route or by another address in its local part, whatever the
// table says, so that an OK for a domain does not make an open relay.
func (a *Access) Permits(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return a.check(ctx, r, e, "permits", permits)
}

// Rejects passes when the table says REJECT or a 5yz reply.
//
// Status: that of the table, 554 5.7.1 without one.
func (a *Access) Rejects(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return a.check(ctx, r, e, "rejects", rejects)
}

// Defers passes when the table says DEFER or a 4yz reply.
//
// Status: that of the table, 450 4.7.1 without one.
func (a *Access) Defers(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return a.check(ctx, r, e, "defers", defers)
}

// MayReject is a TempError when the table says DEFER_IF_PERMIT, and otherwise fails. A
// rule that rejects if it passes turns a later acceptance into a tempfail.
//
// Status: that of the table, 450 4.7.1 without one.
func (a *Access) MayReject(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return a.check(ctx, r, e, "mayreject", defersIfPermit)
}

// MayPermit is a TempError when the table says DEFER_IF_REJECT, and otherwise fails. A
// rule that accepts if it passes turns a later rejection into a tempfail.
//
// Status: that of the table, 450 4.7.1 without one.
func (a *Access) MayPermit(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return a.check(ctx, r, e, "maypermit", defersIfReject)
}

// Says returns a check that passes when the table has exactly this value, such as the
// name of a restriction class, or "HOLD". In a table of patterns it is the value
// before its $1 and others are replaced.
func (a *Access) Says(value string) envelope.Check {
	name := a.name("says")
	if fault := a.fault(); fault != nil {
		return envelope.Misconfigured(name, a.Of.stage(), fault)
	}
	return envelope.At(name, a.Of.stage(), func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		found, _, err := a.find(ctx, r, e)
		switch {
		case err != nil:
			return envelope.Temporary(name, err)
		case found != value:
			return a.not(name, e, strconv.Quote(value))
		}
		return envelope.Passed(name)
	})
}

// name returns the name of a check.
func (a *Access) name(method string) string { return "access." + a.Of.String() + "." + method }

// fault returns an error if a has no table, or is about nothing.
func (a *Access) fault() error {
	switch {
	case a.Table == nil:
		return errors.New("the table is nil")
	case a.Of < Client || a.Of > Recipient:
		return fmt.Errorf("%d is not a part of an envelope", a.Of)
	}
	return nil
}

// not returns the finding of a check of what the table does not say.
func (a *Access) not(name string, e *envelope.Envelope, what string) envelope.Finding {
	return envelope.Failed(name, envelope.Status{Code: 550, Subject: 7, Detail: 1}, "the table does not say %s about the %s", what, a.subject(e))
}

// check returns the finding of a method.
func (a *Access) check(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, method string, want kind) envelope.Finding {
	name := a.name(method)
	if fault := a.fault(); fault != nil {
		return envelope.Misconfigured(name, a.Of.stage(), fault)(ctx, r, e)
	}
	if !e.Reached(a.Of.stage()) {
		return envelope.NotYet(name, a.Of.stage())
	}
	value, groups, err := a.find(ctx, r, e)
	if err != nil {
		return envelope.Temporary(name, err)
	}
	if value == "" {
		return a.not(name, e, want.word())
	}
	found, err := parseAction(value)
	if err != nil || found.kind != want || want == permits && a.asksToRelay(e) {
		return a.not(name, e, want.word())
	}
	return a.finding(name, e, found, groups)
}

// asksToRelay reports whether a recipient names another address than its own.
func (a *Access) asksToRelay(e *envelope.Envelope) bool {
	if a.Of != Recipient {
		return false
	}
	m, err := envelope.ParseMailbox(e.RcptTo, e.SMTPUTF8)
	return err == nil && (m.Route != "" || strings.ContainsAny(m.Local, "%!@"))
}

// finding returns the finding of what the table says.
func (a *Access) finding(name string, e *envelope.Envelope, found action, groups []string) envelope.Finding {
	f := envelope.Passed(name)
	f.Status = a.status(found)
	text := substitute(found.text, groups)
	if text == "" {
		f = f.Observed("the %s is not accepted here", a.subject(e))
	} else {
		f = f.Observed("%s", text)
	}
	if found.kind == defersIfPermit || found.kind == defersIfReject {
		f.Outcome = envelope.TempError
	}
	return f
}

// status returns the status of a refusal.
func (a *Access) status(found action) envelope.Status {
	s := found.status
	if s.Code == 0 {
		s.Code = uint16(orDefault(a.DeferCode, 450))
		if found.kind == rejects {
			s.Code = uint16(orDefault(a.RejectCode, 554))
		}
	}
	if s.Subject == 0 && s.Detail == 0 {
		s.Subject, s.Detail = 7, 1
	}
	return s
}

func orDefault(code, other int) int {
	if code == 0 {
		return other
	}
	return code
}

// subject returns what the table is about, for a text.
func (a *Access) subject(e *envelope.Envelope) string {
	switch a.Of {
	case Helo:
		return "HELO name " + e.Helo
	case Sender:
		if e.MailFrom == "" {
			return "null sender"
		}
		return "sender " + e.MailFrom
	case Recipient:
		return "recipient " + e.RcptTo
	}
	return "client " + e.Client().String()
}

// find returns the value of the first key of e that is in the table, "" if none is.
func (a *Access) find(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (value string, groups []string, err error) {
	switch a.Of {
	case Client, ReverseClient:
		return a.findClient(ctx, r, e)
	case Helo:
		value, groups = a.findName(e.Helo, false)
	case Sender:
		value, groups = a.findMailbox(e.MailFrom, e.SMTPUTF8)
	case Recipient:
		value, groups = a.findMailbox(e.RcptTo, e.SMTPUTF8)
	}
	return value, groups, nil
}

func (a *Access) findClient(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) (value string, groups []string, err error) {
	if a.Table.hasNames() {
		result := rdns.Evaluate(ctx, r, e)
		name := "unknown"
		if a.Of == Client && result.Err == nil {
			result.Confirm(ctx, r, result.Names)
			if name = string(result.Confirmed); name == "" {
				name = "unknown"
			}
		} else if len(result.Names) > 0 {
			name = string(result.Names[0])
		}
		if result.Err != nil && name == "unknown" {
			return "", nil, result.Err
		}
		if value, groups = a.findName(name, false); value != "" {
			return value, groups, nil
		}
	}
	value, groups = a.findAddress(e)
	return value, groups, nil
}

// findName looks up a name, and then the domains above it.
func (a *Access) findName(name string, partial bool) (value string, groups []string) {
	for name != "" {
		if value, groups, found := a.Table.lookup(name, partial); found {
			return value, groups
		}
		i := strings.IndexByte(name[1:], '.')
		if i < 0 {
			return "", nil
		}
		name, partial = name[i+1:], true
		if !a.Strict {
			name = name[1:]
		}
	}
	return "", nil
}

// findAddress looks up an address, and then the networks of its octets or groups.
func (a *Access) findAddress(e *envelope.Envelope) (value string, groups []string) {
	if !e.Client().IsValid() {
		return "", nil
	}
	key, partial := e.Client().String(), false
	for key != "" {
		if value, groups, found := a.Table.lookup(key, partial); found {
			return value, groups
		}
		key, partial = key[:max(strings.LastIndexAny(key, ".:"), 0)], true
	}
	return "", nil
}

// findMailbox looks up a mailbox, its domain and the domains above it, and its local
// part.
func (a *Access) findMailbox(path string, smtputf8 bool) (value string, groups []string) {
	if path == "" {
		null := a.Null
		if null == "" {
			null = "<>"
		}
		value, groups, _ := a.Table.lookup(null, false)
		return value, groups
	}
	m, err := envelope.ParseMailbox(path, smtputf8)
	if err != nil {
		return "", nil
	}
	domain := string(m.Domain)
	if domain == "" {
		domain = m.Literal.String()
	}
	bare := m.Local
	if a.Delimiter != "" {
		if i := strings.IndexAny(m.Local, a.Delimiter); i > 0 {
			bare = m.Local[:i]
		}
	}
	first := func(key string, partial bool) bool {
		value, groups, _ = a.Table.lookup(key, partial)
		return value != ""
	}
	if first(m.Local+"@"+domain, false) || bare != m.Local && first(bare+"@"+domain, true) {
		return value, groups
	}
	if value, groups = a.findName(domain, true); value != "" {
		return value, groups
	}
	if first(m.Local+"@", true) || bare != m.Local && first(bare+"@", true) {
		return value, groups
	}
	return "", nil
}
