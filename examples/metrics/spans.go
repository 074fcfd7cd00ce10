package metrics

import (
	"context"
	"errors"
	"net"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Spans returns a Report that makes a span of each reply, as long as its judgement took,
// with an event for each question to DNS.
func Spans(tracer trace.Tracer) func(context.Context, verdict.Event) {
	return func(ctx context.Context, event verdict.Event) {
		ended := time.Now()
		began := ended.Add(-event.Verdict.Cost().Duration)
		_, span := tracer.Start(ctx, "smtp."+event.Stage.String(), trace.WithTimestamp(began), trace.WithAttributes(
			attribute.Int("smtp.code", int(event.Reply.Status.Code)),
			attribute.String("mxrules.action", event.Verdict.Action.String()),
			attribute.String("mxrules.rule", event.Verdict.Rule),
			attribute.Int("mxrules.recipients", len(event.Recipients)),
		))
		for _, lookup := range event.Verdict.Lookups() {
			span.AddEvent("dns", trace.WithTimestamp(began.Add(lookup.Began)), trace.WithAttributes(
				attribute.String("dns.type", lookup.Type),
				attribute.String("dns.name", envelope.Excerpt(lookup.Name)),
				attribute.Float64("dns.seconds", lookup.Duration.Seconds()),
				attribute.Bool("dns.failed", failed(lookup.Err)),
				attribute.Bool("dns.in_vain", lookup.InVain),
			))
		}
		if event.Err != nil {
			span.SetStatus(codes.Error, envelope.Excerpt(event.Err.Error()))
		}
		span.End(trace.WithTimestamp(ended))
	}
}

// failed reports whether a lookup had no answer. That there are no records is an answer.
func failed(err error) bool {
	var dns *net.DNSError
	return err != nil && !(errors.As(err, &dns) && dns.IsNotFound)
}
