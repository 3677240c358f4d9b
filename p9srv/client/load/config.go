package load

// Limits and defaults.
const (
	// MaxDepth is the most operations that may be under way on a connection: their
	// requests have tags of 16 bits.
	MaxDepth = 4096
	// Capacity is that of every deque, in values: the largest.
	Capacity = 100
	// Half is the Fill with which pushes and pops in turn are never refused.
	Half = Capacity / 2
	// valueSize is the size of a value at the device, in bytes.
	valueSize = 4
)

// Check says what results are compared with.
type Check int

// The checks. A server that does nothing can be measured beside one that serves the device:
// the same work is done for both.
const (
	// Deque wants what a deque gives.
	Deque Check = iota
	// Counts wants four bytes for each push and pop, whichever they are.
	Counts
	// Fixed wants an Rread of four zero bytes for each request.
	Fixed
)

// Config is what a worker does. It must not change afterwards.
type Config struct {
	// Path leads to the device from the directory that is attached; of a Caller it is
	// not used.
	Path []string
	// Depth is how many operations are under way on a connection, at most MaxDepth. A
	// Caller has one.
	Depth int
	// Sessions is how many devices are open. Operations are divided among them. With
	// none, the Mix must be of opens. A Caller has one.
	Sessions int
	// Fill is how many values each deque has at the start.
	Fill int
	// Mix says how often each kind of operation is chosen, at random. The zero Mix is a
	// push and a pop in turn.
	Mix Mix
	// Seed makes the choices of a worker differ from those of others.
	Seed uint64
	// Check says what results are compared with.
	Check Check
	// OpenPath returns where an operation of kind Open leads, each time; nil: Path. What
	// it returns may change when it is called again.
	OpenPath func() []string
	// Initialise makes an operation of kind Open set the capacity, too.
	Initialise bool
	// Recorder is told of all operations; nil: they are counted only.
	Recorder Recorder
}
