package device

import "io/fs"

// Module is the code of a device: one type, registered by one line in a list of
// modules (see [NewKernel]). A Kernel calls Load and Unload one at a time. It may
// call Name at any time.
type Module interface {
	// Name returns the name for insmod and rmmod. It is always the same.
	Name() string
	// Load prepares the module and returns its files, which then appear in the
	// tree. It may write lines to log.
	Load(log *Log) []File
	// Unload is called after the files have disappeared and every session has ended.
	Unload(log *Log)
}

// File is a device file that a module registers.
type File struct {
	Name      string      // in the tree: 1..255 bytes without "/" and NUL, different from all others
	Mode      fs.FileMode // permission bits, such as 0666
	Exclusive bool        // an identity may have the file open once; a second open returns EACCES
	// ValueSize is the size of a value, in bytes. It is 0 unless every read removes
	// one value, whatever the size of its buffer. If it is not 0, the Handle should
	// be [Readable]: a read whose value the client would lose must be refused before
	// the value is removed.
	ValueSize int
	// Open starts the module's part of a session. An error is a
	// [syscall.Errno].
	Open func(c Client) (Handle, error)
	// Restore, if not nil, starts the module's part of a session that goes on in
	// this process. saved is what the handle's Save ([Saver]) returned in another
	// one. Restore must check it. An error ends the attempt.
	Restore func(c Client, saved []byte) (Handle, error)
}

// Sized is implemented by a Module whose sessions contain values.
type Sized interface {
	// Size returns how many bytes the values of all sessions may take. It may be
	// called at any time and takes constant time.
	Size() int
}

// Noted is implemented by a Module that adds a word to its line in ListModules.
type Noted interface {
	// Note returns the word, which is not empty.
	Note() string
}

// Handle is the module's part of a session. The session makes all calls one at a
// time, and none after Close. Errors are [syscall.Errno] values. No method may
// block, or keep p after it returns.
type Handle interface {
	// Read reads into p and returns the number of bytes that the client gets.
	Read(p []byte) (int, error)
	// Write writes p and returns the number of bytes that were taken.
	Write(p []byte) (int, error)
	// Close frees the session's values.
	Close()
}

// Readable is implemented by a Handle that can predict the error of a read.
type Readable interface {
	// Readable returns an error if it finds that a read of count bytes would
	// return that error, and otherwise nil. It changes nothing.
	Readable(count int) error
}

// Gauge is implemented by a Handle that contains values.
type Gauge interface {
	// Gauge returns how many values fit and how many there are.
	Gauge() (capacity, length int)
}

// Valued is implemented by a Handle that has a deque.
type Valued interface {
	// Values returns the values, leftmost first, and how many fit. The slice
	// belongs to the caller.
	Values() (values []int32, capacity int)
}
