package load

// Limits and defaults.
const (
	// MaxDepth is the most operations that may be under way on a connection: their
	// requests have tags of 16 bits.
	MaxDepth = 4096
	// Capacity is the capacity of every deque, in values. It is the largest possible.
	Capacity = 100
	// Half is a Fill. Alternating pushes and pops that begin with it are never refused.
	Half = Capacity / 2
	// valueSize is the size of a value at the device, in bytes.
	valueSize = 4
)

// Check says which results are right.
type Check int

// The checks. With Fixed a server that does nothing can be compared with one that serves the
// device: the client does the same work for both.
const (
	// Deque accepts only the results of a correct deque.
	Deque Check = iota
	// Counts accepts any four bytes for each push and pop, and every EACCES.
	Counts
	// Fixed accepts only an Rread of four zero bytes, for each request.
	Fixed
)

// Config says what a worker does. It must not change while the worker exists.
type Config struct {
	// Path is the device's path below the attached directory. A Caller does not use it.
	Path []string
	// Depth is how many operations are under way on a connection, at most MaxDepth. A
	// Caller has one.
	Depth int
	// Sessions is how many devices are open. Operations are divided among them. With 0 the
	// Mix must have opens only. A Caller has one.
	Sessions int
	// Fill is how many values each deque has at the start.
	Fill int
	// Mix says how often each kind of operation is chosen, at random. The zero Mix
	// alternates pushes and pops.
	Mix Mix
	// Seed makes the choices of a worker differ from those of others.
	Seed uint64
	// Check says which results are right.
	Check Check
	// OpenPath returns the path for one operation of kind Open; nil: Path. The slice is
	// valid until the next call.
	OpenPath func() []string
	// Initialise makes an operation of kind Open set the capacity, too.
	Initialise bool
	// Recorder receives all operations that have ended; nil: they are only counted.
	Recorder Recorder
}
