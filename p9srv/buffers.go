package p9srv

import "sync"

// What a connection borrows while data is in flight: a buffer for what arrived,
// which holds any legal frame, and while it answers one for the replies. A
// connection that waits within a large frame keeps the first only.
var (
	inPool  = sync.Pool{New: func() any { return new(inBuffer) }}
	outPool = sync.Pool{New: func() any { return &outBuffer{make([]byte, 0, outSize)} }}
)

type inBuffer [maxMsize]byte

// outBuffer grows if a reply needs it, and is kept so.
type outBuffer struct{ b []byte }
