// Package metrics shows what a server does with mail, from the events of a
// verdict.Session: counters and histograms for Prometheus, spans for OpenTelemetry, and
// lines for log/slog.
//
//	m := metrics.New(prometheus.DefaultRegisterer)
//	connection := verdict.Connection{Policy: policy, Resolver: dns, Report: metrics.Each(
//		m.Report, metrics.Spans(otel.Tracer("mx")), metrics.Lines(slog.Default()))}
//
// An event is a reply that was sent, so that the numbers agree with the wire and with the
// log. Labels have names of rules, stages and outcomes, which the policy bounds, and no
// value of a client: a client cannot make new time series.
//
// dashboard.json is a dashboard for Grafana. The package is a module of its own, so that
// the library does not depend on Prometheus and OpenTelemetry.
package metrics

import (
	"context"
	"log/slog"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"mxrules.example/envelope/resolver"
	"mxrules.example/verdict"
)

// Metrics counts replies. Make it with New; its Report is that of a verdict.Connection or
// of a gosmtp.Guard.
type Metrics struct {
	replies   *prometheus.CounterVec
	decisions *prometheus.CounterVec
	findings  *prometheus.CounterVec
	marks     *prometheus.CounterVec
	questions prometheus.Histogram
	rounds    prometheus.Histogram
	judgement *prometheus.HistogramVec
	lookup    *prometheus.HistogramVec
	registry  prometheus.Registerer
}

// New returns Metrics in a registry. It panics if the registry has metrics of these names.
func New(registry prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "mxrules", Name: name, Help: help}, labels)
	}
	seconds := prometheus.ExponentialBuckets(0.001, 2, 16) // 1 ms to 33 s
	m := &Metrics{
		registry:  registry,
		replies:   counter("replies_total", "Replies that were sent, by the stage and the reply code.", "stage", "code"),
		decisions: counter("decisions_total", "Verdicts on recipients and commands, by stage, action and the rule that decided.", "stage", "action", "rule"),
		findings:  counter("findings_total", "Findings of rules, by rule and outcome.", "rule", "outcome"),
		marks:     counter("marks_total", "Marks of accepted recipients.", "mark"),
		questions: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "mxrules", Name: "questions", Help: "Questions to DNS of one judgement.", Buckets: []float64{0, 1, 2, 5, 10, 20, 50, 111},
		}),
		rounds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "mxrules", Name: "rounds", Help: "Successive waits of one judgement.", Buckets: []float64{0, 1, 2, 3, 4, 6, 8, 12},
		}),
		judgement: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "mxrules", Name: "judgement_seconds", Help: "Time of one judgement.", Buckets: seconds,
		}, []string{"stage"}),
		lookup: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "mxrules", Name: "lookup_seconds", Help: "Time of one question to DNS, by its type and whether it failed.", Buckets: seconds,
		}, []string{"type", "failed"}),
	}
	registry.MustRegister(m.replies, m.decisions, m.findings, m.marks, m.questions, m.rounds, m.judgement, m.lookup)
	return m
}

// Report counts a reply.
func (m *Metrics) Report(_ context.Context, event verdict.Event) {
	stage := event.Stage.String()
	m.replies.WithLabelValues(stage, strconv.Itoa(int(event.Reply.Status.Code))).Inc()
	verdicts := event.Verdicts()
	if len(verdicts) == 0 && event.Verdict.Action != 0 {
		verdicts = []verdict.Verdict{event.Verdict}
	}
	for i := range verdicts {
		m.count(stage, &verdicts[i])
	}
}

func (m *Metrics) count(stage string, v *verdict.Verdict) {
	m.decisions.WithLabelValues(stage, v.Action.String(), v.Rule).Inc()
	for _, mark := range v.Marks {
		m.marks.WithLabelValues(mark).Inc()
	}
	for _, step := range v.Trace {
		if !step.Off && step.Finding.Outcome.String() != "" {
			m.findings.WithLabelValues(step.Rule, step.Finding.Outcome.String()).Inc()
		}
	}
	cost := v.Cost()
	m.questions.Observe(float64(cost.Questions))
	m.rounds.Observe(float64(cost.Rounds))
	m.judgement.WithLabelValues(stage).Observe(cost.Duration.Seconds())
	for _, lookup := range v.Lookups() {
		if !lookup.Abandoned && lookup.Began >= 0 { // others were asked by an earlier judgement
			m.lookup.WithLabelValues(lookup.Type, strconv.FormatBool(failed(lookup.Err))).Observe(lookup.Duration.Seconds())
		}
	}
}

// Resolver adds the counters of a resolver.
func (m *Metrics) Resolver(stats func() resolver.Stats) {
	add := func(name, help string, value func(resolver.Stats) float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Namespace: "mxrules", Subsystem: "resolver", Name: name, Help: help}, func() float64 { return value(stats()) }))
	}
	add("cached_total", "Questions that the cache answered.", func(s resolver.Stats) float64 { return float64(s.Cached) })
	add("shared_total", "Questions that joined an equal one.", func(s resolver.Stats) float64 { return float64(s.Shared) })
	add("asked_total", "Questions that were sent to a server.", func(s resolver.Stats) float64 { return float64(s.Asked) })
	add("failed_total", "Questions that failed or timed out.", func(s resolver.Stats) float64 { return float64(s.Failed + s.TimedOut) })
	add("exchanges_total", "Messages that were sent to servers.", func(s resolver.Stats) float64 { return float64(s.Exchanges) })
	m.gauge("resolver_cache_bytes", "Memory of the answers in the cache.", func() float64 { return float64(stats().CacheBytes) })
}

// Greylist adds the number of records in a store of greylisting, such as the Len of a
// greylist.Memory.
func (m *Metrics) Greylist(size func() int) {
	m.gauge("greylist_records", "Records in the store of greylisting.", func() float64 { return float64(size()) })
}

func (m *Metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "mxrules", Name: name, Help: help}, value))
}

// Each returns a Report that calls several.
func Each(reports ...func(context.Context, verdict.Event)) func(context.Context, verdict.Event) {
	return func(ctx context.Context, event verdict.Event) {
		for _, report := range reports {
			report(ctx, event)
		}
	}
}

// Lines returns a Report that logs each reply in one line.
func Lines(log *slog.Logger) func(context.Context, verdict.Event) {
	return func(ctx context.Context, event verdict.Event) {
		log.LogAttrs(ctx, slog.LevelInfo, "reply", slog.Any("event", event))
	}
}
