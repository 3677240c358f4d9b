package p9srv

// fids is the table of a connection's fids by number. Clients count fids from zero, so small
// numbers are in a slice and only the others in a map. A map alone took 13 % of the server's
// time at 256 requests in flight (BenchmarkReadDepth). The slice grows only as the table
// fills, so one large number does not make it large.
//
// Only the connection's goroutine uses it.
type fids struct {
	low   []*fid          // by number; nil: no such fid
	high  map[uint32]*fid // numbers from len(low) on
	n     int             // number of fids
	first [firstFIDs]*fid // low at first; most clients need no more
}

// firstFIDs is how many fids need no slice of their own. With a thousand connections, each
// message would wait for the memory of that slice.
const firstFIDs = 8

// lowFIDs is the greatest length of the slice.
const lowFIDs = 4096

// get returns the fid of a number, or nil if there is none.
func (t *fids) get(number uint32) *fid {
	if number < uint32(len(t.low)) {
		return t.low[number]
	}
	return t.high[number]
}

// put enters a fid under a number, or replaces the fid that has it.
func (t *fids) put(number uint32, f *fid) {
	if t.get(number) == nil {
		t.n++
	}
	t.growFor(number)
	if number < uint32(len(t.low)) {
		t.low[number] = f
		return
	}
	if t.high == nil {
		t.high = make(map[uint32]*fid)
	}
	t.high[number] = f
}

// growFor doubles the slice until number lies in it, if a quarter of the slice would then be
// used. It moves the fids that now lie in the slice out of the map.
func (t *fids) growFor(number uint32) {
	if t.low == nil {
		t.low = t.first[:]
	}
	size := len(t.low)
	for size <= int(number) {
		size *= 2
	}
	if size == len(t.low) || size > lowFIDs || t.n < size/4 {
		return
	}
	t.low = append(t.low, make([]*fid, size-len(t.low))...)
	for high, f := range t.high {
		if high < uint32(size) {
			t.low[high] = f
			delete(t.high, high)
		}
	}
}

// remove removes the fid of a number, if there is one.
func (t *fids) remove(number uint32) {
	if t.get(number) == nil {
		return
	}
	t.n--
	if number < uint32(len(t.low)) {
		t.low[number] = nil
		return
	}
	delete(t.high, number)
}

// each calls visit for every fid in the table.
func (t *fids) each(visit func(number uint32, f *fid)) {
	for number, f := range t.low {
		if f != nil {
			visit(uint32(number), f)
		}
	}
	for number, f := range t.high {
		visit(number, f)
	}
}
