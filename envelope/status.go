package envelope

import "strconv"

// Status is an SMTP reply code with its enhanced status code (RFC 3463). The class of
// the enhanced code is the first digit of Code and is not stored separately, so that
// the two cannot disagree, as in 550 4.7.25.
//
//	envelope.Status{Code: 550, Subject: 7, Detail: 25} // 550 5.7.25
type Status struct {
	Code    uint16 // 200 to 599: RFC 5321, section 4.2
	Subject uint16 // 0 to 999
	Detail  uint16 // 0 to 999
}

// Class returns the first digit of the code, which is the class of the
// enhanced code too: 2, 4 or 5.
func (s Status) Class() int { return int(s.Code) / 100 }

// Enhanced returns the enhanced status code, such as "5.7.25".
func (s Status) Enhanced() string {
	return string(s.appendEnhanced(make([]byte, 0, 16)))
}

// String returns both codes, such as "550 5.7.25".
func (s Status) String() string {
	b := strconv.AppendUint(make([]byte, 0, 24), uint64(s.Code), 10)
	return string(s.appendEnhanced(append(b, ' ')))
}

func (s Status) appendEnhanced(b []byte) []byte {
	b = strconv.AppendUint(b, uint64(s.Class()), 10)
	b = strconv.AppendUint(append(b, '.'), uint64(s.Subject), 10)
	return strconv.AppendUint(append(b, '.'), uint64(s.Detail), 10)
}

// IsZero reports whether s is the zero Status.
func (s Status) IsZero() bool { return s == Status{} }

// IsFailure reports whether s is a valid permanent failure: a 5yz reply code that an
// RFC defines.
func (s Status) IsFailure() bool { return s.Class() == 5 && s.known() }

// IsDeferral reports whether s is a valid transient failure: a 4yz reply code that an
// RFC defines.
func (s Status) IsDeferral() bool { return s.Class() == 4 && s.known() }

// known reports whether RFC 5321 or an extension of it defines the code for a
// refusal, and the enhanced code is within the limits of RFC 3463, section 2.
func (s Status) known() bool {
	if s.Subject > 999 || s.Detail > 999 {
		return false
	}
	switch s.Code {
	case 421, 450, 451, 452, 455, // RFC 5321, section 4.2.3
		500, 501, 502, 503, 504, 550, 551, 552, 553, 554, 555,
		432, 454, 530, 534, 535, 538, // RFC 4954, section 6; RFC 3207
		521, 556: // RFC 7504
		return true
	}
	return false
}

// Deferral returns the transient failure that corresponds to s, with the same subject
// and detail:
//
//   - a deferral is returned unchanged;
//   - 550 becomes 450;
//   - every other failure becomes 451, because 404 for 504, for example, does not
//     exist;
//   - anything else becomes 451 4.7.0.
func (s Status) Deferral() Status {
	switch {
	case s.IsDeferral():
		return s
	case !s.IsFailure():
		return Status{Code: 451, Subject: 7}
	case s.Code == 550:
		s.Code = 450
	default:
		s.Code = 451
	}
	return s
}
