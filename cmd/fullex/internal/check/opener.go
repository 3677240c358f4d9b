package check

import (
	"io/fs"
)

// Opener is one client of the device: a process or a connection. It is safe for
// concurrent use.
type Opener interface {
	// Open opens the device with the flags of open(2).
	Open(flags int) (File, error)
	// Kill ends the client at once, as kill -9 does, with calls that wait. It may
	// be called twice.
	Kill() error
	// Traits is what the way to the device hides from its client, or adds.
	Traits() Traits
}

// File is the open device. Every method is one call at it, of any size. A refusal
// is a syscall.Errno, wrapped or not. It is safe for concurrent use.
type File interface {
	Read(p []byte) (int, error)
	Write(p []byte) (int, error)
	Close() error
}

// Traits is what a way to the device does to calls. The zero value is for a way
// that brings everything to the device as it is.
type Traits struct {
	// Path is the device's, as open calls show it.
	Path string
	// NoEmptyCalls says why calls of 0 bytes do not arrive, or is "".
	NoEmptyCalls string
	// NoFlags says why no flags but the access mode arrive, or is "".
	NoFlags string
	// OneClient says why every Opener is the same client to the device, or is "".
	OneClient string
	// EachOpen says why every open is a client of its own, or is "".
	EachOpen string
	// LongReads says why a read of more than 4 bytes may be refused with ESPIPE
	// and pop nothing, or is "".
	LongReads string
}

// An Opener may be more than that. What a case needs of these and the Opener
// lacks is a reason to skip the case.
type (
	// Forker is a client that can have a child process.
	Forker interface {
		// Fork starts a child that has the open file, and returns it and the
		// file as the child has it.
		Fork(f File) (Opener, File, error)
	}
	// Threader is a client that has threads.
	Threader interface {
		// Thread returns the client as its thread of that number makes calls, and
		// an open file of it. A nil file stays nil.
		Thread(number int, f File) (Opener, File)
	}
	// Tree is a client that reaches the other files of a server.
	Tree interface {
		OpenFile(path string, flags int) (File, error)
	}
	// Describer tells what stat(2) does of the device.
	Describer interface {
		Stat() (mode fs.FileMode, size int64, err error)
	}
	// Changer makes the calls that change a file by its path, or seem to.
	Changer interface {
		// Truncate is truncate(2) to 0.
		Truncate() error
		// Touch is utimes(2), to now.
		Touch() error
	}
	// Placed is a File whose calls can say where.
	Placed interface {
		ReadAt(p []byte, offset int64) (int, error)
		WriteAt(p []byte, offset int64) (int, error)
	}
)
