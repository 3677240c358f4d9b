package p9srv

import "sync"

// Connections borrow buffers from these pools while data is in flight. A buffer of inPool is
// for the bytes that arrived; every legal frame fits it. A buffer of outPool is for replies.
// A connection that waits for the rest of a large frame keeps only the former.
var (
	inPool  = sync.Pool{New: func() any { return new(inBuffer) }}
	outPool = sync.Pool{New: func() any { return &outBuffer{make([]byte, 0, outSize)} }}
)

type inBuffer [maxMsize]byte

// outBuffer grows if a reply needs more room. The pool keeps the larger buffer.
type outBuffer struct{ b []byte }
