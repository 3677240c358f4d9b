// Package wire speaks 9P2000.L as text, for tests. A message is a line that a
// person can write and read, and a transcript is a file of such lines. The
// package shares no code with the server that it tests.
//
// # Messages
//
// A message is its name and its fields in the order of the protocol
// description (table.go has them all), separated by blanks:
//
//	Tversion 65536 9P2000.L
//	Tattach 0 NOFID "" "" NOUID
//	Twalk 0 1 pid 7 full_ex
//	Twrite 1 0 hex:05
//	Rlerror EACCES
//
// How fields are written:
//
//	number   5, 0x17ff, 0100644, an errno as ENOENT, a name of the list in
//	         names.go (NOFID, NOUID, NOTAG, MYUID, O_RDWR, ...), ~0 for all bits
//	         set, or several joined by |: O_RDWR|O_TRUNC
//	string   a word, or one of the forms of bytes
//	bytes    "..." as in Go, with \x00 and the like
//	         hex:05ff
//	         int:7,-3        values of the device: four bytes each, lowest first
//	         repeat:256:x    256 times what follows, which is a string or bytes
//	qid      TYPE:PATH or TYPE:PATH:VERSION; TYPE is dir, file or a number;
//	         without VERSION it is 0
//	names    the strings that remain, however many; so are qids
//	entries  the directory entries that remain: NAME,OFFSET,DTYPE,QID, where
//	         DTYPE is 4 for a directory and 8 for a file (readdir(3), d_type)
//
// A message without a name is type:100 and its body as bytes.
//
// Words after the fields of a request spoil it on purpose:
//
//	add:05ff   adds bytes (hexadecimal) after the body
//	cut:3      cuts bytes off the end of the body
//	size:9     writes this size instead of that of the frame
//
// # Replies
//
// In an expected reply, a field may also be
//
//	$name    anything the first time, and from then on the same; two names
//	         stand for two different things: file:$door
//	*        anything; within a qid or an entry, any such part: dir:*
//	...      last: whatever fields follow
//
// # Transcripts
//
// See [ParseTranscript].
package wire
