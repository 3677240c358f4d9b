package check

import "fullex/cmd/fullex/internal/target"

// Traits is what a way to the device does to calls. The zero value is for a way
// that brings everything to the device as it is.
type Traits struct {
	// Path is the device's, as open calls show it.
	Path string
	// NoEmptyCalls says why calls of 0 bytes do not arrive, or is "".
	NoEmptyCalls string
	// NoFlags says why no flags but the access mode arrive, or is "".
	NoFlags string
	// OneClient says why all clients are one to the device, or is "".
	OneClient string
	// EachOpen says why every open is a client of its own, or is "".
	EachOpen string
	// LongReads says why a read of more than 4 bytes may be refused with ESPIPE
	// and pop nothing, or is "".
	LongReads string
}

// An Opener may be one of these, too, or a [target.Mounted], and its files [target.Placed]. A
// case is skipped where it needs one and the client is none.
type (
	// Forker is a client that can have a child process.
	Forker interface {
		// Fork starts a child that has the open file, and returns it and the
		// file as the child has it.
		Fork(f target.File) (target.Opener, target.File, error)
	}
	// Threader is a client that has threads.
	Threader interface {
		// Thread returns the client as its thread of that number makes calls, and
		// an open file of it. A nil file stays nil.
		Thread(number int, f target.File) (target.Opener, target.File)
	}
	// Stater tells what stat(2) does.
	Stater interface {
		Stat(path string) (target.Entry, error)
	}
	// Orderer is a client that can send requests without waiting for replies.
	Orderer interface {
		// Order opens a file, makes n reads at once, and returns their numbers,
		// from 0, in the order of their replies.
		Order(path string, n int) ([]int, error)
	}
)
