// Package device is what a device file is, without any way to reach it: modules
// that register files, sessions and the clients they belong to, the errno of
// every refusal, and the log.
//
// # Terms
//
// A [Kernel] has modules, loaded or not. A [Module] registers files while it is
// loaded. A session is one open of such a file by one [Client], and ends with
// the close or with the unload of its module. Who counts as the same client is
// an [Identity]: of a file that is exclusive, as full_ex is, an identity has
// one session at a time.
//
// # Contract of full_ex
//
// The first row that fits decides. It was measured on the kernel module
// (Linux 6.1); in the rows marked * the module is wrong and the device differs.
//
//	open                     no session of this client      a new session, uninitialised
//	open                     one is open                    EACCES, the first is untouched
//	write of 0 bytes         any                            EINVAL
//	write of 1 byte, 1..100  uninitialised                  sets the capacity, returns 1
//	write of 1 byte, others  uninitialised                  EINVAL
//	write of 2 or more       uninitialised                  EACCES
//	write of 4 bytes         room left                      odd: pushed left, even: right; returns 4
//	write of 4 bytes         full                           EACCES
//	write of other sizes     initialised                    EINVAL
//	read of 0 bytes          any                            EINVAL
//	read                     uninitialised or empty         EACCES
//	read of 4 or more        not empty                      pops the leftmost; returns 4
//	read of 1..3 *           not empty                      EINVAL, nothing is popped
//	close                                                   frees the session
//	unload while open *                                     later calls EIO, close works
//
// Values are int32 in little-endian byte order on every machine. A negative
// odd number is odd. Offsets do not exist here: each call works at the device.
// A refused call changes nothing.
//
// # Errors
//
// Every error is a [syscall.Errno]; errno.go has them all.
//
// # Concurrency
//
// Everything exported is safe for concurrent use unless it says otherwise.
// Lock order:
//
//	Kernel.loading
//	  loaded.opening
//	    Kernel.mu
//	      Session.mu
//	        Log.mu
package device
