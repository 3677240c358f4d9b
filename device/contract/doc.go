// Package contract specifies the device full_ex. It has the rows of the contract, one
// model that implements them, and the format of recorded sessions.
//
// The original is the tutorial's kernel module for Linux. The device is fullex's.
//
// # Rows
//
// A [Row] names a call, the state of the session, and the result. The first row that
// fits decides. The rows were measured on the original (Linux 6.1). In a row marked *
// the device differs from it: the original is wrong there, or Linux leaves no choice.
//
// Values are little-endian int32 on every machine. Negative numbers can be odd, too.
// Offsets have no meaning. A refused call changes nothing.
//
// # Contracts
//
// A [Contract] says which answers are correct. [Of] returns that of a [Profile]: the rows
// as they are, or less strict ones. It has a [Rule] for each row, and for each part of a
// row that it may treat in its own way. A teacher's contract is a changed copy.
//
// # Model
//
// A [Model] is the state of one session, with its values in a slice. For a call it
// returns every correct [Answer], each with the session that follows. If there are
// several, the caller goes on with the answer that it saw. A [Device] chooses one
// itself.
//
// Tests compare the deque, the device and the server with the model, so this package
// imports none of them.
//
// # Traces
//
// A [Trace] is the record of a session. Each line has a call and its result:
//
//	open -> ok
//	open again -> EACCES          a second open while the first is open
//	write 488f084d -> 4           bytes in hexadecimal; returned count
//	read 200000 -> 4 2bb9084b     size of the buffer; returned count and bytes
//	read 4 -> EACCES
//	close -> ok
//
// "read N" is a read with a buffer of N bytes. A 9P library sends it as one Tread with
// the count min(N, msize-24), at any offset. The traces that were recorded from the
// original on Linux decide what is correct.
package contract
