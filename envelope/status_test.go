package envelope_test

import (
	"strconv"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

func TestTheTwoCodesNeverDisagree(t *testing.T) {
	for code := range uint16(1000) {
		s := envelope.Status{Code: code, Subject: 7, Detail: 25}
		plain, enhanced, _ := strings.Cut(s.String(), " ")
		if plain != strconv.Itoa(int(code)) || enhanced != s.Enhanced() {
			t.Fatalf("%#v is written %q", s, s)
		}
		if class, _, _ := strings.Cut(enhanced, "."); class != strconv.Itoa(int(code)/100) {
			t.Fatalf("%#v is written %q", s, s)
		}
		if s.IsFailure() && s.IsDeferral() {
			t.Fatalf("%s both refuses and defers", s)
		}
	}
}

func TestStatusKinds(t *testing.T) {
	for _, tc := range []struct {
		status            envelope.Status
		failure, deferral bool
	}{
		{envelope.Status{Code: 550, Subject: 7, Detail: 25}, true, false},
		{envelope.Status{Code: 550}, true, false}, // 5.0.0, RFC 3463, section 3.1
		{envelope.Status{Code: 521, Subject: 3, Detail: 2}, true, false},
		{envelope.Status{Code: 556, Subject: 1, Detail: 10}, true, false},
		{envelope.Status{Code: 530, Subject: 7}, true, false},
		{envelope.Status{Code: 450, Subject: 7, Detail: 25}, false, true},
		{envelope.Status{Code: 421, Subject: 4, Detail: 2}, false, true},
		{envelope.Status{Code: 454, Subject: 7}, false, true},
		{envelope.Status{}, false, false},
		{envelope.Status{Code: 250, Subject: 1, Detail: 5}, false, false},
		{envelope.Status{Code: 354}, false, false},
		{envelope.Status{Code: 404, Subject: 5, Detail: 4}, false, false}, // no such code in mail
		{envelope.Status{Code: 599}, false, false},
		{envelope.Status{Code: 5500}, false, false},
		{envelope.Status{Code: 550, Subject: 1000}, false, false},
		{envelope.Status{Code: 450, Detail: 1000}, false, false},
		{envelope.Status{Code: 550, Subject: 999, Detail: 999}, true, false},
	} {
		if got := tc.status.IsFailure(); got != tc.failure {
			t.Errorf("%s: IsFailure() = %t", tc.status, got)
		}
		if got := tc.status.IsDeferral(); got != tc.deferral {
			t.Errorf("%s: IsDeferral() = %t", tc.status, got)
		}
	}
	if !(envelope.Status{}).IsZero() || (envelope.Status{Code: 550}).IsZero() || (envelope.Status{Detail: 1}).IsZero() {
		t.Error("IsZero is true for something, or false for nothing")
	}
}

func TestDeferralKeepsSubjectAndDetail(t *testing.T) {
	for _, tc := range []struct {
		status envelope.Status
		want   string
	}{
		{envelope.Status{Code: 550, Subject: 7, Detail: 25}, "450 4.7.25"},
		{envelope.Status{Code: 550, Subject: 1, Detail: 8}, "450 4.1.8"},
		{envelope.Status{Code: 554, Subject: 7, Detail: 1}, "451 4.7.1"},
		{envelope.Status{Code: 500, Subject: 5, Detail: 2}, "451 4.5.2"},
		{envelope.Status{Code: 501, Subject: 5, Detail: 4}, "451 4.5.4"},
		{envelope.Status{Code: 502, Subject: 5, Detail: 1}, "451 4.5.1"},
		{envelope.Status{Code: 503, Subject: 5, Detail: 1}, "451 4.5.1"},
		{envelope.Status{Code: 504, Subject: 5, Detail: 4}, "451 4.5.4"},
		{envelope.Status{Code: 521, Subject: 3, Detail: 2}, "451 4.3.2"},
		{envelope.Status{Code: 530, Subject: 7}, "451 4.7.0"},
		{envelope.Status{Code: 535, Subject: 7, Detail: 8}, "451 4.7.8"},
		{envelope.Status{Code: 551, Subject: 1, Detail: 6}, "451 4.1.6"},
		{envelope.Status{Code: 552, Subject: 2, Detail: 2}, "451 4.2.2"},
		{envelope.Status{Code: 553, Subject: 7, Detail: 1}, "451 4.7.1"},
		{envelope.Status{Code: 555, Subject: 5, Detail: 4}, "451 4.5.4"},
		{envelope.Status{Code: 556, Subject: 1, Detail: 10}, "451 4.1.10"},
		// A deferral is not changed.
		{envelope.Status{Code: 421, Subject: 4, Detail: 2}, "421 4.4.2"},
		{envelope.Status{Code: 450, Subject: 7, Detail: 25}, "450 4.7.25"},
		{envelope.Status{Code: 451, Subject: 7, Detail: 1}, "451 4.7.1"},
		{envelope.Status{Code: 452, Subject: 2, Detail: 2}, "452 4.2.2"},
		{envelope.Status{Code: 454, Subject: 7}, "454 4.7.0"},
		{envelope.Status{Code: 455, Subject: 5, Detail: 4}, "455 4.5.4"},
		// Replies that are not refusals, and invalid codes.
		{envelope.Status{}, "451 4.7.0"},
		{envelope.Status{Code: 250, Subject: 1, Detail: 5}, "451 4.7.0"},
		{envelope.Status{Code: 354}, "451 4.7.0"},
		{envelope.Status{Code: 404, Subject: 5, Detail: 4}, "451 4.7.0"},
		{envelope.Status{Code: 999, Subject: 9, Detail: 9}, "451 4.7.0"},
		{envelope.Status{Code: 550, Subject: 1000, Detail: 1}, "451 4.7.0"},
		{envelope.Status{Code: 450, Subject: 1, Detail: 65535}, "451 4.7.0"},
	} {
		if got := tc.status.Deferral().String(); got != tc.want {
			t.Errorf("the deferral of %s is %s, want %s", tc.status, got, tc.want)
		}
	}
}

func TestDeferralIsADeferral(t *testing.T) {
	for code := range uint16(1000) {
		s := envelope.Status{Code: code, Subject: 5, Detail: 4}
		deferral := s.Deferral()
		if !deferral.IsDeferral() {
			t.Errorf("the deferral of %s is %s, which defers nothing", s, deferral)
		}
		if again := deferral.Deferral(); again != deferral {
			t.Errorf("the deferral of %s changes from %s to %s when taken twice", s, deferral, again)
		}
	}
}
