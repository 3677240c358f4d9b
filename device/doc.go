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
// Package contract has the rows, and a model of them that tests compare with the
// device.
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
//	        LogReader.mu
//	          Log.mu
package device
