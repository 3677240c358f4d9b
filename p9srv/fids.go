package p9srv

// fids is the table of a connection's fids. Clients count fids from zero, so
// these live in a slice and only the others in a map: a map alone was 13 % of
// the server's time at 256 requests in flight (BenchmarkReadDepth). The slice
// grows only as the table fills: one large fid does not make it large.
//
// It is used by the connection's goroutine only.
type fids struct {
	low   []*fid          // by number; nil: free
	high  map[uint32]*fid // those beyond low
	n     int
	first [firstFIDs]*fid // what low is at first: most clients need no more
}

// firstFIDs is how many fids take no memory of their own, which would be waited
// for with every message of a thousand connections.
const firstFIDs = 8

// lowFIDs is how many fids the slice may hold.
const lowFIDs = 4096

// get returns the fid of a number, or nil.
func (t *fids) get(number uint32) *fid {
	if number < uint32(len(t.low)) {
		return t.low[number]
	}
	return t.high[number]
}

// put enters a fid or replaces the one of its number.
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

// growFor doubles the slice until number lies in it, if a quarter of it would
// then be used; what the map has for the new places moves over.
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

// remove frees a fid.
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
