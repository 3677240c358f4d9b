package p9srv

import "math"

// The Linux client (v9fs) sends another Tread after a short reply. So one read(2) of more
// than four bytes would pop several values, and the client would lose some of them. The code
// in this file makes it pop one value. It applies only to connections of the Linux client.
// For other clients each Tread pops one value.
//
// # The follow-up
//
// If the reply to Tread(o, n) has four bytes, v9fs asks for the rest at o+4. It returns the
// bytes of both replies (net/9p/client.c, p9_client_read). The second Tread is the follow-up.
// So the front notes (o+4, n-4) as pending and answers exactly that Tread with no bytes.
// Threads may read at the same time, so each file has a list of pending reads.
//
// The count of the follow-up is n-4, with one exception. v9fs reduces n to the largest
// count, max. After such a read, the count of the follow-up is between max-4 and max. Linux
// 6.1 with O_NONBLOCK sends no follow-up, so the front notes none (p9_client_read_once).
//
// # The end of the file
//
// Linux 6.8 and later believe in a size of the file. They ask again while that size is beyond
// the bytes they have. If this fails, they drop all bytes of the read (fs/9p/vfs_addr.c,
// v9fs_issue_read). Every write moves the size, for all users of a mount.
//
// A value popped for such a read would be lost, so the front refuses the read with ESPIPE.
// It never refuses a read of four bytes. Nor does it refuse a read at the position where the
// last write ended. If another file of the inode is open, that position may be too low:
// another user may write meanwhile.
//
// An [extent] records the size that a client believes in.
//
// # Texts
//
// So the front reports the size 0 for text files, as Linux does for files in /proc (getattr).
// Any other size could be wrong: the client asks for the attributes of the name, not of the
// open file, and at any time. The text may shrink before its open or grow after it. Then the
// client would believe in more bytes than it can get.
//
// Linux 6.12 then asks for the rest for ever, in a read that no signal ends. Linux 7.2 fails
// the read with ENODATA and drops the bytes it has. With the size 0, every read goes on to
// the end, also sendfile(2).

// followup is what the front knows about the reads of an open file.
type followup struct {
	extent  *extent // shared by the open files of one inode; nil: the client is not v9fs
	pending []pendingRead
}

// pendingRead is a follow-up that v9fs will send. Its reply has no bytes.
type pendingRead struct {
	offset uint64
	lo, hi uint32 // least and greatest count
}

// maxPending bounds the pending reads of a file. So many threads can read one open file at
// the same time. With more threads, the oldest pending read is dropped, and its follow-up
// pops a value.
const maxPending = 16

// take reports whether a read is a pending follow-up. If so, it removes it from the list.
func (u *followup) take(offset uint64, count uint32) bool {
	for i, p := range u.pending {
		if p.offset == offset && p.lo <= count && count <= p.hi {
			u.pending = append(u.pending[:i], u.pending[i+1:]...)
			return true
		}
	}
	return false
}

// expect notes the follow-up of a read of count bytes whose reply has size bytes. largest is
// the largest count of the connection.
func (u *followup) expect(offset uint64, count, size, largest uint32) {
	p := pendingRead{offset: offset + uint64(size), lo: count - size, hi: count - size}
	if count >= largest {
		p.hi = count
	}
	if u.pending == nil {
		u.pending = make([]pendingRead, 0, maxPending)
	}
	if len(u.pending) == maxPending {
		copy(u.pending, u.pending[1:])
		u.pending = u.pending[:maxPending-1]
	}
	u.pending = append(u.pending, p)
}

// losesValues reports whether v9fs would drop the value of a read that asks for more than one
// value. It does so if it believes that the file is longer. A file without a value size loses
// nothing, as its reads pop nothing.
func (f *fid) losesValues(offset uint64) bool {
	if f.valueSize == 0 || f.follow.extent == nil || f.Flags()&largeFile != 0 {
		return false
	}
	end := f.follow.extent.end
	if f.follow.extent.open > 1 {
		end = min(end, math.MaxUint64-othersReach) + othersReach
	}
	return offset+uint64(f.valueSize) < end
}

// othersReach is how far, in bytes, other open files of the inode may move the end while a
// read is in flight. v9fs looks at the size only after the reply.
const othersReach = 64 << 10

// asksAgain reports whether v9fs will send a follow-up after a short reply. O_LARGEFILE shows
// that the client is Linux 6.1: later versions do not send it.
func (f *fid) asksAgain() bool {
	const once = largeFile | nonBlocking
	return f.Flags()&once != once
}
