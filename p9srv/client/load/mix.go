package load

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Kind is a kind of operation.
type Kind int

// The kinds, in the order of a [Mix].
const (
	Write Kind = iota // a push of 4 bytes
	Read              // a pop of 4 bytes
	Open              // an open and close of the device
	kinds
)

// Kinds are all kinds.
var Kinds = []Kind{Write, Read, Open}

// String returns the kind's name.
func (k Kind) String() string { return [kinds]string{"write", "read", "open"}[k] }

// Mix is how often each kind is chosen: its weight, in parts of the sum of all weights.
type Mix [kinds]int

// maxWeight is the largest weight. Sums of weights do not overflow.
const maxWeight = 1_000_000

// ParseMix reads WRITE:READ:OPEN.
func ParseMix(s string) (Mix, error) {
	var m Mix
	parts := strings.Split(s, ":")
	if len(parts) != len(m) {
		return m, fmt.Errorf("%q: want three weights, write:read:open, such as 1:1:0", s)
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > maxWeight {
			return m, fmt.Errorf("%q: want a weight from 0 to %d", part, maxWeight)
		}
		m[i] = int(n)
	}
	if m.sum() == 0 {
		return m, fmt.Errorf("%q: one weight must be above 0", s)
	}
	return m, nil
}

// String returns the form that ParseMix reads.
func (m Mix) String() string { return fmt.Sprintf("%d:%d:%d", m[Write], m[Read], m[Open]) }

func (m Mix) sum() int { return m[Write] + m[Read] + m[Open] }

// chooser chooses kinds at random, as often as a Mix says. Not safe for concurrent use.
type chooser struct {
	random rand.PCG
	writes uint64 // numbers from 0 to below writes stand for a write,
	moves  uint64 // from writes to below moves for a read,
	all    uint64 // and from moves to below all for an open
}

func newChooser(m Mix, seed, number uint64) *chooser {
	c := &chooser{writes: uint64(m[Write]), moves: uint64(m[Write] + m[Read]), all: uint64(m.sum())}
	c.random.Seed(seed, number)
	return c
}

// next returns a kind. It is written for code without branches, because the processor would
// predict many of them wrongly.
func (c *chooser) next() (k Kind) {
	n := c.random.Uint64() >> 32 * c.all >> 32
	if n >= c.writes {
		k = Read
	}
	if n >= c.moves {
		k = Open
	}
	return k
}
