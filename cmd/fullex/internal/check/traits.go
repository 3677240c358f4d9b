package check

import "fullex/cmd/fullex/internal/target"

// Traits describes what the way to the device does to calls. The zero value is for a way
// that changes nothing.
type Traits struct {
	// Path is the path of the device in recorded calls.
	Path string
	// NoEmptyCalls is why calls of 0 bytes do not arrive; "": they do.
	NoEmptyCalls string
	// NoFlags is why only the access mode of the open flags arrives; "": all arrive.
	NoFlags string
	// OneClient is why the device sees all clients as one; "": it does not.
	OneClient string
	// EachOpen is why each open is a client of its own; "": it is not.
	EachOpen string
	// LongReads is why a read of more than 4 bytes may fail with ESPIPE and pop
	// nothing; "": it may not.
	LongReads string
}

// An Opener may implement these interfaces or [target.Mounted], and its files may
// implement [target.Placed] and [target.OtherReads]. A case that needs one of them is
// skipped for other clients.
type (
	// Forker is a client that can have a child process.
	Forker interface {
		// Fork starts a child that inherits the open file. It returns the child
		// and the file of the child.
		Fork(f target.File) (target.Opener, target.File, error)
	}
	// Threader is a client that has threads.
	Threader interface {
		// Thread returns the client and one of its open files, with their calls
		// made by the numbered thread. A nil file stays nil.
		Thread(number int, f target.File) (target.Opener, target.File)
	}
	// Stater is a client that can call stat(2).
	Stater interface {
		Stat(path string) (target.Entry, error)
	}
	// Orderer is a client that can send requests without waiting for replies.
	Orderer interface {
		// Order opens a file, sends n reads at once and closes the file. It returns
		// the numbers of the reads, from 0, in the order of their replies.
		Order(path string, n int) ([]int, error)
	}
)
