package device

import "io/fs"

// Module is a device's code: one type, registered with one line in a list of
// modules (see [NewKernel]). A Kernel calls its methods one at a time.
type Module interface {
	// Name is what insmod and rmmod call it.
	Name() string
	// Load makes the module ready and returns its files, which appear in the
	// tree. Log lines of its own go to the kernel's log.
	Load(log *Log) []File
	// Unload is called when its files are gone and every session has ended.
	Unload(log *Log)
}

// File is a device file that a module registers.
type File struct {
	Name      string      // in the tree: no "/", at most 255 bytes; in no other module
	Mode      fs.FileMode // permission bits, such as 0666
	Exclusive bool        // an identity may have it open once: EACCES
	// ValueSize, if not 0, says that a read takes one value of so many bytes
	// away, however much is asked for. Its Handle should be [Readable]: a
	// value that a client would lose must be refused before it is taken. 0: a
	// read gives what it gives.
	ValueSize int
	// Open starts the module's part of a session. An error is a
	// [syscall.Errno].
	Open func(c Client) (Handle, error)
}

// Sized is for a Module whose sessions hold values, to be listed.
type Sized interface {
	// Size returns how many bytes the values of all its sessions may take. It
	// may be called at the same time as everything else, and takes constant
	// time.
	Size() int
}

// Noted is for a Module of which listings say more.
type Noted interface {
	// Note returns one word, which is not empty.
	Note() string
}

// Handle is the module's part of a session. Its session makes the calls one at
// a time, and none after Close. Errors are [syscall.Errno] values. It must not
// block and not keep p.
type Handle interface {
	// Read puts what a read of len(p) bytes gives into p.
	Read(p []byte) (int, error)
	// Write takes what a write of p takes.
	Write(p []byte) (int, error)
	// Close frees what the session holds.
	Close()
}

// Readable is for a Handle that can say beforehand whether a read would fail.
type Readable interface {
	// Readable returns the error that a read of count bytes would give, and
	// changes nothing.
	Readable(count int) error
}

// Gauge is for a Handle that holds values, to be listed.
type Gauge interface {
	// Gauge returns how many values fit and how many there are.
	Gauge() (capacity, length int)
}

// Valued is for a Handle that has a deque.
type Valued interface {
	// Values returns the values, leftmost first, and how many fit. The slice is the
	// caller's.
	Values() (values []int32, capacity int)
}
