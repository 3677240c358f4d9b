// Package contract says what the device full_ex does: the rows of its contract, one
// model of them, and the format of recorded sessions.
//
// # Rows
//
// A [Row] names a call, the state that it meets, and the result. The first row that
// fits decides. The rows were measured on the kernel module (Linux 6.1). In those
// marked * the module is wrong, or a kernel forces the device, and the device differs.
// Values are int32 in little-endian byte order on every machine. A negative odd
// number is odd. Offsets mean nothing. A refused call changes nothing.
//
// # Model
//
// A [Model] is one session, whose values are a slice. It returns every [Answer] that
// is right for a call, each with the session that follows. Where several are right,
// the caller goes on with the one that it saw. A [Device] answers calls itself.
// Tests compare the deque, the device and the server with the model, so this package
// imports none of them.
//
// # Traces
//
// A [Trace] is a recorded session. Each line has a call and its result:
//
//	open -> ok
//	open again -> EACCES          a second open while the first is open
//	write 488f084d -> 4           bytes in hexadecimal; how many were taken
//	read 200000 -> 4 2bb9084b     size of the buffer; how many came, and which
//	read 4 -> EACCES
//	close -> ok
//
// A read of N passes a buffer of N bytes. A 9P client without a kernel asks for
// min(N, msize-24) bytes in one Tread, at any offset. Traces that were recorded
// from the kernel module in a real kernel decide what is right.
package contract
