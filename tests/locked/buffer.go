// Package locked has a buffer for the output of several goroutines.
package locked

import (
	"strings"
	"sync"
)

// Buffer keeps what is written to it. The zero value is empty and ready. Its methods are
// safe for concurrent use.
type Buffer struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

// Write appends p. It never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns all that was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
