package drillapp

import "sync"

// sessions is the service's memory: a cache of customer sessions that fills up to
// its bound under real requests and then recycles the oldest, and the blocks that a
// leaking version never gives back.
type sessions struct {
	mu     sync.Mutex
	size   int64 // of one session
	bound  int   // most sessions kept
	blocks [][]byte
	ids    []string       // by block
	byID   map[string]int // block by session
	oldest int            // recycled next
	leaked [][]byte
	leak   int64 // bytes so far
}

func newSessions(workingSet, size int64) *sessions {
	return &sessions{size: size, bound: int((workingSet + size - 1) / size), byID: map[string]int{}}
}

// visit looks the customer's session up and makes one when there is none.
func (s *sessions) visit(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.byID[id]; known || s.bound == 0 {
		return nil
	}
	if len(s.blocks) < s.bound {
		block, err := allocate(s.size)
		if err != nil {
			return err
		}
		touch(block)
		s.byID[id] = len(s.blocks)
		s.blocks, s.ids = append(s.blocks, block), append(s.ids, id)
		return nil
	}
	delete(s.byID, s.ids[s.oldest])
	touch(s.blocks[s.oldest])
	s.ids[s.oldest], s.byID[id] = id, s.oldest
	s.oldest = (s.oldest + 1) % s.bound
	return nil
}

// lose keeps n bytes for ever.
func (s *sessions) lose(n int64) error {
	if n == 0 {
		return nil
	}
	block, err := allocate(n)
	if err != nil {
		return err
	}
	touch(block)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaked, s.leak = append(s.leaked, block), s.leak+n
	return nil
}

// stats are the sessions kept and the memory they take. What leaked is not in it: a
// service knows nothing of its leaks, only the kernel does.
func (s *sessions) stats() (count int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.blocks), int64(len(s.blocks)) * s.size
}

// touch writes to every page: only then does the kernel count it as resident.
func touch(block []byte) {
	const page = 4096
	for i := 0; i < len(block); i += page {
		block[i]++
	}
}
