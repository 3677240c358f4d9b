package p9srv

import "math"

// The Linux client does not take a short read for an answer, so read(2) of
// more than four bytes would pop more than one value, and lose some. This file
// keeps it to one. It applies to connections of the Linux client only (v9fs);
// others get one pop a Tread.
//
// # The follow-up
//
// After Tread(o, n) was answered with four bytes, v9fs asks for the rest at
// o+4 and returns what both gave (net/9p/client.c, p9_client_read). So the
// front notes (o+4, n-4) as pending and answers that very question with no
// bytes. Threads interleave: a file has a list of them. The count of the
// follow-up is n-4 unless v9fs had cut n to the largest count, max: then it is
// anything from max-4 to max. Linux 6.1 with O_NONBLOCK asks once only, so
// that nothing is noted (p9_client_read_once).
//
// # The end of the file
//
// Linux 6.8 and later ask again as long as their own idea of the file's size
// lies beyond what they have, and throw all of it away when that fails
// (fs/9p/vfs_addr.c, v9fs_issue_read). Every write moves that size, for all
// users of a mount. A value popped for such a read would be lost, so it is
// refused before: ESPIPE. Reads of four bytes never get there, nor does a read
// of any size at the position where the last write ended, unless others have the
// inode open, who may write meanwhile.
//
// The size a client has in mind is an [extent].
//
// # Texts
//
// So the client is told that text files have the size 0, as those of /proc (getattr). It
// asks for the attributes of the name, not of the open file, at any time: of a text that
// has shrunk before its open, or grown after it, it would believe in more than it gets.
// Linux 6.12 then asks for the rest for ever, in a read that no signal ends, and 7.2
// fails the read with ENODATA and drops what it has, whichever call reads. With the size 0
// every read, sendfile(2) too, goes on to the end.

// followup is what an open file knows of its reads.
type followup struct {
	extent  *extent // shared by the open files of one inode; nil: not v9fs
	pending []pendingRead
}

// pendingRead is a question that v9fs will ask, to be answered with no bytes.
type pendingRead struct {
	offset uint64
	lo, hi uint32 // of count
}

// maxPending bounds the list of a file. It is as many threads as may read one
// open file at the same time; the oldest is dropped, whose follow-up pops.
const maxPending = 16

// take says whether a read is a pending follow-up, and forgets it.
func (u *followup) take(offset uint64, count uint32) bool {
	for i, p := range u.pending {
		if p.offset == offset && p.lo <= count && count <= p.hi {
			u.pending = append(u.pending[:i], u.pending[i+1:]...)
			return true
		}
	}
	return false
}

// expect notes the follow-up of a read that was answered with size bytes.
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

// losesValues says whether v9fs would throw away the value that a read of more
// gives, because it believes that the file goes on behind it. What a read gives
// without taking it away cannot be lost.
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

// othersReach is how far, in bytes, others who have the inode open may move the end
// while v9fs has a read in hand: it looks at the size after the reply.
const othersReach = 64 << 10

// asksAgain says whether v9fs will ask for the rest of a read of more than it
// got. Linux 6.1 is told by O_LARGEFILE, which later kernels do not send.
func (f *fid) asksAgain() bool {
	const once = largeFile | nonBlocking
	return f.Flags()&once != once
}
