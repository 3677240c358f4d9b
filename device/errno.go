package device

import "syscall"

// The errno of each refusal, named after its reason. The module answers with
// few numbers for many reasons, so several names share one.
const (
	errOpenTwice     = syscall.EACCES // this client has the device open
	errUninitialised = syscall.EACCES // a value or a read before the capacity
	errFull          = syscall.EACCES // no room for the value
	errEmpty         = syscall.EACCES // nothing to pop
	errCapacity      = syscall.EINVAL // a capacity of 0 or above 100
	errSize          = syscall.EINVAL // a count that no row of the contract takes
	errLong          = syscall.EINVAL // more bytes than a line may have
	errNoReading     = syscall.EIO    // the file has nothing to read
	errUnloaded      = syscall.EIO    // the module went away while this was open
	errNoFile        = syscall.ENOENT // no loaded module has that file
	errClosed        = syscall.EBADF  // use after close
	errTooMany       = syscall.ENFILE // MaxSessions are open
	errLoaded        = syscall.EEXIST // the module is loaded already
	errNotLoaded     = syscall.ENOENT // the module is not loaded
	errNoModule      = syscall.EINVAL // there is no such module
	errOffset        = syscall.EINVAL // before the start of a file
	errFileName      = syscall.EINVAL // a name that no file can have
	errFileTaken     = syscall.EEXIST // another module has a file of that name
	errControl       = syscall.EINVAL // a text that is neither insmod nor rmmod
)
