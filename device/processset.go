package device

import (
	"math/bits"
	"slices"
)

// processSet holds process numbers with how often each was added. It finds the
// next number without looking at all, so that a directory of them can be
// listed in small pieces: numbers are bits in pages, and pages are few.
type processSet struct {
	counts map[uint32]int
	pages  map[uint32]*processPage
	order  []uint32 // of the pages there are, ascending
}

// processPage has a bit for each of pageSize numbers.
type processPage struct {
	words [pageSize / 64]uint64
	used  int // bits set
}

const pageSize = 4096

func newProcessSet() *processSet {
	return &processSet{counts: make(map[uint32]int), pages: make(map[uint32]*processPage)}
}

func (s *processSet) empty() bool { return len(s.counts) == 0 }

// add changes the count of a process, which is in the set while that is not 0.
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

// flip changes the bit of a process, and drops a page without bits.
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

// next returns the smallest number above one.
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

// next returns the smallest number of the page that is not below one.
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
