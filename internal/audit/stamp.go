package audit

import (
	"bytes"
	"time"
)

// stamps reads times. A log's are all of the same few days.
type stamps struct {
	date     [len("2026-11-23")]byte
	midnight int64 // of date, in seconds since 1970
}

// read reads a time with its quotes, as time.Time does of JSON.
func (s *stamps) read(raw []byte, into *time.Time) bool {
	if seconds, nanos, ok := s.quick(raw); ok {
		*into = time.Unix(s.midnight+seconds, nanos).UTC()
		return true
	}
	if into.UnmarshalJSON(raw) != nil {
		return false
	}
	if year := into.Year(); len(raw) > len(s.date) && raw[len(raw)-2] == 'Z' && year >= 0 {
		copy(s.date[:], raw[1:])
		s.midnight = time.Date(year, into.Month(), into.Day(), 0, 0, 0, 0, time.UTC).Unix()
	}
	return true
}

// quick reads a time of the day that was last seen, written as Kubernetes does:
// "2026-11-23T15:21:54.320859Z", or without the fraction.
func (s *stamps) quick(raw []byte) (seconds, nanos int64, ok bool) {
	const whole = len(`"2026-11-23T15:21:54`)
	if len(raw) < whole+2 || len(raw) > whole+len(`.123456789Z"`) || !bytes.Equal(raw[1:1+len(s.date)], s.date[:]) {
		return 0, 0, false
	}
	if raw[11] != 'T' || raw[14] != ':' || raw[17] != ':' || raw[len(raw)-2] != 'Z' {
		return 0, 0, false
	}
	hour, minute, second := twoDigits(raw[12:]), twoDigits(raw[15:]), twoDigits(raw[18:])
	if hour > 23 || minute > 59 || second > 59 {
		return 0, 0, false
	}
	nanos, ok = fraction(raw[whole : len(raw)-2])
	return hour*3600 + minute*60 + second, nanos, ok
}

// fraction is the nanoseconds that ".320859" says; nothing says none.
func fraction(text []byte) (nanos int64, ok bool) {
	if len(text) == 0 {
		return 0, true
	}
	if text[0] != '.' || len(text) == 1 {
		return 0, false
	}
	scale := int64(1e8)
	for _, digit := range text[1:] {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		nanos += int64(digit-'0') * scale
		scale /= 10
	}
	return nanos, true
}

// twoDigits is 100 of what are not two digits.
func twoDigits(text []byte) int64 {
	tens, ones := text[0]-'0', text[1]-'0'
	if tens > 9 || ones > 9 {
		return 100
	}
	return int64(tens)*10 + int64(ones)
}
