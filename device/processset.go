package device

import (
	"math/bits"
	"slices"
)

// processSet is a set of process numbers that counts how often each was added. It
// finds the next number quickly, so a long directory can be listed in small parts. A
// number is a bit in a page, and pages are few. Kernel.mu guards it.
type processSet struct {
	counts map[uint32]int          // by process; never 0
	pages  map[uint32]*processPage // by process / pageSize; never empty
	order  []uint32                // keys of pages, ascending
}

// processPage has one bit for each of pageSize consecutive numbers.
type processPage struct {
	words [pageSize / 64]uint64
	used  int // number of bits that are set
}

const pageSize = 4096

func newProcessSet() *processSet {
	return &processSet{counts: make(map[uint32]int), pages: make(map[uint32]*processPage)}
}

func (s *processSet) empty() bool { return len(s.counts) == 0 }

// add adds change to the count of a process. The set contains the process while its
// count is not 0.
func (s *processSet) add(process uint32, change int) {
	before := s.counts[process]
	after := before + change
	if after == 0 {
		delete(s.counts, process)
	} else {
		s.counts[process] = after
	}
	if before == 0 || after == 0 {
		s.flip(process)
	}
}

// flip inverts the bit of a process. It adds a missing page and removes an empty one.
func (s *processSet) flip(process uint32) {
	number := process / pageSize
	page := s.pages[number]
	i, _ := slices.BinarySearch(s.order, number)
	if page == nil {
		page = new(processPage)
		s.pages[number] = page
		s.order = slices.Insert(s.order, i, number)
	}
	word, bit := process%pageSize/64, uint64(1)<<(process%64)
	page.words[word] ^= bit
	if page.words[word]&bit != 0 {
		page.used++
		return
	}
	page.used--
	if page.used == 0 {
		delete(s.pages, number)
		s.order = slices.Delete(s.order, i, i+1)
	}
}

// next returns the smallest number above after, and false if there is none.
func (s *processSet) next(after uint32) (uint32, bool) {
	from := after + 1
	i, _ := slices.BinarySearch(s.order, from/pageSize)
	for ; i < len(s.order); i++ {
		number := s.order[i]
		start := uint32(0)
		if number == from/pageSize {
			start = from % pageSize
		}
		if found, ok := s.pages[number].next(start); ok {
			return number*pageSize + found, true
		}
	}
	return 0, false
}

// next returns the smallest number of the page that is from or more, and false if
// there is none.
func (p *processPage) next(from uint32) (uint32, bool) {
	for word := from / 64; word < uint32(len(p.words)); word++ {
		w := p.words[word]
		if word == from/64 {
			w &= ^uint64(0) << (from % 64)
		}
		if w != 0 {
			return word*64 + uint32(bits.TrailingZeros64(w)), true
		}
	}
	return 0, false
}
