package p9srv

// fids is the table of a connection's fids. Clients count fids from zero, so
// these live in a slice and only the others in a map: a map alone was 13 % of
// the server's time at 256 requests in flight (BenchmarkReadDepth). The slice
// grows only as the table fills: one large fid does not make it large.
//
// It is used by the connection's goroutine only.
type fids struct {
	low   []*file          // by fid; nil: free
	high  map[uint32]*file // those beyond low
	n     int
	first [firstFIDs]*file // what low is at first: most clients need no more
}

// firstFIDs is how many fids take no memory of their own, which would be waited
// for with every message of a thousand connections.
const firstFIDs = 8

// lowFIDs is how many fids the slice may hold.
const lowFIDs = 4096

// get returns the file of a fid, or nil.
func (t *fids) get(fid uint32) *file {
	if fid < uint32(len(t.low)) {
		return t.low[fid]
	}
	return t.high[fid]
}

// put enters a fid or replaces its file.
func (t *fids) put(fid uint32, f *file) {
	if t.get(fid) == nil {
		t.n++
	}
	t.growFor(fid)
	if fid < uint32(len(t.low)) {
		t.low[fid] = f
		return
	}
	if t.high == nil {
		t.high = make(map[uint32]*file)
	}
	t.high[fid] = f
}

// growFor doubles the slice until fid lies in it, if a quarter of it would
// then be used; what the map has for the new places moves over.
func (t *fids) growFor(fid uint32) {
	if t.low == nil {
		t.low = t.first[:]
	}
	size := len(t.low)
	for size <= int(fid) {
		size *= 2
	}
	if size == len(t.low) || size > lowFIDs || t.n < size/4 {
		return
	}
	t.low = append(t.low, make([]*file, size-len(t.low))...)
	for high, f := range t.high {
		if high < uint32(size) {
			t.low[high] = f
			delete(t.high, high)
		}
	}
}

// remove frees a fid.
func (t *fids) remove(fid uint32) {
	if t.get(fid) == nil {
		return
	}
	t.n--
	if fid < uint32(len(t.low)) {
		t.low[fid] = nil
		return
	}
	delete(t.high, fid)
}

// all calls visit for every file in the table.
func (t *fids) all(visit func(*file)) {
	for _, f := range t.low {
		if f != nil {
			visit(f)
		}
	}
	for _, f := range t.high {
		visit(f)
	}
}
