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

// Kinds are all of them.
var Kinds = []Kind{Write, Read, Open}

// String returns the kind's name.
func (k Kind) String() string { return [kinds]string{"write", "read", "open"}[k] }

// Mix is how often each kind is chosen, in parts of their sum.
type Mix [kinds]int

// maxWeight keeps sums far from overflowing.
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

// pick chooses a kind at random.
func (m Mix) pick(random *rand.Rand) Kind {
	n := random.IntN(m.sum())
	for _, k := range Kinds {
		if n < m[k] {
			return k
		}
		n -= m[k]
	}
	return Open
}
