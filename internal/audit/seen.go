package audit

import "hash/maphash"

// remembered is how many lines are remembered to drop repetitions.
const remembered = 4096

// seenLines knows the last lines by their hashes. Lines are compared, not audit IDs: those
// may be chosen by the client, which could hide its requests. It is a ring of them, and for each of as many
// buckets a chain through the ring, the newest first.
type seenLines struct {
	seed  maphash.Seed
	sums  [remembered]uint64
	after [remembered]uint16 // the next older place of the same bucket, and one; 0 at the end
	first [remembered]uint16 // the newest place of a bucket, and one; 0 when it is empty
	count int                // of lines ever added
}

// add tells whether a line is one of the last; if not, it is from now on.
func (s *seenLines) add(line []byte) bool {
	sum := maphash.Bytes(s.seed, line)
	bucket := &s.first[sum%remembered]
	for at := *bucket; at != 0; at = s.after[at-1] {
		if s.sums[at-1] == sum {
			return true
		}
	}
	place := s.count % remembered
	if s.count >= remembered {
		s.forget(place)
	}
	s.sums[place], s.after[place], *bucket = sum, *bucket, uint16(place+1) //nolint:gosec // below 4097
	s.count++
	return false
}

// forget takes the oldest line out: it is the last of its chain.
func (s *seenLines) forget(place int) {
	at := &s.first[s.sums[place]%remembered]
	for int(*at) != place+1 {
		at = &s.after[*at-1]
	}
	*at = 0
}
