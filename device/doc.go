// Package device implements the device files: the modules that register them, the
// sessions and their clients, the errno of every refusal, and the log. It does not
// know how clients reach the files.
//
// # Terms
//
// A [Kernel] stands for the kernel that the tutorial's modules are loaded into.
// Where the real one is meant, this package says Linux. A [Module] registers
// files while it is loaded.
//
// A [Session] is one open of such a file by one [Client]. It ends when the
// client closes it, or when the module is unloaded. A [Handle] is the module's
// part of a session.
//
// An [Identity] says which opens count as the same client. A file may be
// exclusive, as full_ex is: then an identity has one session of it at a time.
//
// # Contract of full_ex
//
// Package contract lists what each call to full_ex does. Tests compare the
// device with the model in that package.
//
// # Errors
//
// Every error is a [syscall.Errno]. The file errno.go lists all of them.
//
// # The log
//
// [Log] keeps a bounded number of lines, as Linux does for dmesg(1). Clients cause
// lines, so the log limits the rate at which a user may add some.
//
// # Concurrency
//
// All exported functions and methods are safe for concurrent use unless their
// comment says otherwise. Locks are taken in this order:
//
//	Kernel.loading
//	  module.opening
//	    Kernel.mu
//	      Session.mu
//	        LogReader.mu
//	          Log.mu
package device
