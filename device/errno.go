package device

import "syscall"

// The errno of each refusal, named after its reason. The original module has few
// numbers for many reasons, so several names here share a number.
const (
	errOpenTwice     = syscall.EACCES // this client has the device open already
	errUninitialised = syscall.EACCES // a value or a read before the capacity is set
	errFull          = syscall.EACCES // no room for the value
	errEmpty         = syscall.EACCES // no value to pop
	errCapacity      = syscall.EINVAL // a capacity of 0 or above 100
	errSize          = syscall.EINVAL // a number of bytes that full_ex never accepts here
	errLong          = syscall.EINVAL // a line of 0 bytes, or of more than MaxLine
	errNoReading     = syscall.EIO    // the file has nothing to read
	errUnloaded      = syscall.EIO    // the module was unloaded during the session
	errNoFile        = syscall.ENOENT // no loaded module has that file
	errClosed        = syscall.EBADF  // use after close
	errTooMany       = syscall.ENFILE // MaxSessions sessions are open
	errLoaded        = syscall.EEXIST // the module is loaded already
	errNotLoaded     = syscall.ENOENT // the module is not loaded
	errNoModule      = syscall.EINVAL // no such module is registered
	errOffset        = syscall.EINVAL // a negative offset
	errFileName      = syscall.EINVAL // a name that no file can have
	errFileTaken     = syscall.EEXIST // another file has that name
	errControl       = syscall.EINVAL // a text that is neither insmod nor rmmod
)
