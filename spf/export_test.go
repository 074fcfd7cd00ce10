package spf

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
