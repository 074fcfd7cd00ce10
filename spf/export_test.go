package spf

// EvaluateHelo is evaluateHelo, for tests.
var EvaluateHelo = (*Checker).evaluateHelo

// The kinds of problems, for tests.
const (
	DNSFailure         = dnsFailure
	UnknownClient      = unknownClient
	BadSyntax          = badSyntax
	SeveralRecords     = severalRecords
	RecordTooLong      = recordTooLong
	NoRecord           = noRecord
	TooManyLookups     = tooManyLookups
	TooManyVoidLookups = tooManyVoidLookups
	TooManyMX          = tooManyMX
	TooManyQuestions   = tooManyQuestions
)
