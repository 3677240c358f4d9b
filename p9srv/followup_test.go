package p9srv

import (
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"fullex/p9srv/wire"
)

// largest is the largest count of a Tread from the client of these tests.
const largest = maxMsize - wire.IOHeadSize

// startV9FS returns a client that attaches and asks for attributes as a Linux mount does.
func startV9FS(t *testing.T) *talk {
	t.Helper()
	k := newTalk(t, &Server{})
	k.start(1)
	k.want(wire.Tgetattr, uint32(0), uint64(v9fsMask))
	return k
}

// openV9FS opens the device as Linux does, and pushes values at offset 0.
func openV9FS(t *testing.T, k *talk, flags uint32, values ...int32) {
	t.Helper()
	k.walk(0, 1, "full_ex")
	k.want(wire.Tgetattr, uint32(1), uint64(v9fsMask))
	k.walk(1, 2)
	k.want(wire.Tlopen, uint32(2), flags)
	k.write(2, 0, []byte{100})
	k.push(2, 0, values...)
}

func TestFollowUpOfAShortReadIsEmpty(t *testing.T) {
	for _, test := range []struct {
		name         string
		count, again uint32
	}{
		{"nine bytes", 9, 5},
		{"a page", 4096, 4092},
		{"one less than the largest count", largest - 1, largest - 5},
		{"the largest count, for a read of just that", largest, largest - 4},
		{"the largest count, for a longer read", largest, largest},
		{"more than the largest count", 200_000, largest},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := startV9FS(t)
			openV9FS(t, k, 2, 2, 4, 6)
			v, ok := k.read(2, 4, test.count)
			assert.True(t, ok)
			assert.EqualValues(t, 2, v)
			_, ok = k.read(2, 8, test.again)
			assert.False(t, ok, "the follow-up")
			v, ok = k.read(2, 8, test.again)
			assert.True(t, ok, "the same Tread again is a new read")
			assert.EqualValues(t, 4, v)
		})
	}
}

func TestFollowUpMayAskForLessThanAValue(t *testing.T) {
	for count := uint32(5); count <= 8; count++ {
		k := startV9FS(t)
		openV9FS(t, k, 2, 2)
		k.read(2, 4, count)
		_, ok := k.read(2, 8, count-4)
		assert.False(t, ok, "%d bytes", count)
	}
}

func TestReadThatIsNotAFollowUpPops(t *testing.T) {
	for _, test := range []struct {
		name          string
		offset        uint64
		count, second uint32
	}{
		{"another offset", 100, 4096, 4092},
		{"another count", 8, 4096, 4000},
		{"after a read of four", 8, 4, 4},
		{"less than the rest of the largest count", 8, largest, largest - 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := startV9FS(t)
			openV9FS(t, k, 2, 2, 4, 6)
			k.read(2, 4, test.count)
			v, ok := k.read(2, test.offset, test.second)
			assert.True(t, ok)
			assert.EqualValues(t, 4, v)
		})
	}
}

func TestEachReadOfALibraryPopsOneValue(t *testing.T) {
	k := newTalk(t, &Server{})
	k.start(1)
	k.openDevice(1, "full_ex")
	k.write(1, 0, []byte{100})
	k.push(1, 1000, 2, 4)
	v, _ := k.read(1, 0, 4096)
	assert.EqualValues(t, 2, v)
	v, ok := k.read(1, 4, 4092)
	assert.True(t, ok)
	assert.EqualValues(t, 4, v)
}

func TestNonblockingReadOfLinux61HasNoFollowUp(t *testing.T) {
	k := startV9FS(t)
	openV9FS(t, k, 2|largeFile|nonBlocking, 2, 4)
	k.read(2, 4, 100)
	v, ok := k.read(2, 8, 96)
	assert.True(t, ok)
	assert.EqualValues(t, 4, v)
}

func TestFollowUpsOfThreadsMayComeInAnyOrder(t *testing.T) {
	k := startV9FS(t)
	openV9FS(t, k, 2, 2, 4, 6)
	k.read(2, 4, 100)
	k.read(2, 4, 200)
	k.read(2, 4, 100)
	for _, count := range []uint32{196, 96, 96} {
		_, ok := k.read(2, 8, count)
		assert.False(t, ok)
	}
	k.refuse(syscall.EACCES, wire.Tread, uint32(2), uint64(8), uint32(96))
}

func TestPendingReadsAreBounded(t *testing.T) {
	k := startV9FS(t)
	values := make([]int32, 2*maxPending+1)
	openV9FS(t, k, 2, values...)
	for i := range 2 * maxPending {
		k.read(2, 1000+uint64(i)*100, 8)
	}
	_, ok := k.read(2, 1004, 4)
	assert.True(t, ok, "the oldest was dropped")
	_, ok = k.read(2, 1004+100*(2*maxPending-1), 4)
	assert.False(t, ok, "the newest was kept")
}

func TestReadBelowTheEndIsRefusedBeforeItLosesValues(t *testing.T) {
	k := startV9FS(t)
	openV9FS(t, k, 2)
	k.refuse(syscall.EACCES, wire.Tread, uint32(2), uint64(0), uint32(4096))
	k.push(2, 10, 2, 4) // now the client believes that the file has 14 bytes
	k.refuse(syscall.ESPIPE, wire.Tread, uint32(2), uint64(0), uint32(4096))
	k.refuse(syscall.ESPIPE, wire.Tread, uint32(2), uint64(9), uint32(5))
	k.refuse(syscall.EINVAL, wire.Tread, uint32(2), uint64(0), uint32(0))
	k.refuse(syscall.EINVAL, wire.Tread, uint32(2), uint64(0), uint32(3))
	v, _ := k.read(2, 0, 4)
	assert.EqualValues(t, 2, v, "four bytes always work")
	v, _ = k.read(2, 10, 4096)
	assert.EqualValues(t, 4, v, "any count works where the last write ended")
	k.refuse(syscall.EACCES, wire.Tread, uint32(2), uint64(0), uint32(4096))
}

// TestReadsAreRefusedWhereOthersMayMoveTheEnd opens two files of one inode. A write to one may
// come after the reply to a read of the other, but before the client looks at the size.
func TestReadsAreRefusedWhereOthersMayMoveTheEnd(t *testing.T) {
	k := startV9FS(t)
	open := func(fid uint32) {
		k.want(wire.Twalk, uint32(0), fid, uint16(2), "each", "full_ex")
		k.want(wire.Tlopen, fid, uint32(2))
		k.write(fid, 0, []byte{9})
		k.push(fid, 0, 2)
	}
	open(2)
	open(3)
	k.refuse(syscall.ESPIPE, wire.Tread, uint32(2), uint64(0), uint32(8))
	k.refuse(syscall.ESPIPE, wire.Tread, uint32(2), uint64(othersReach-1), uint32(8))
	v, ok := k.read(2, 0, 4)
	assert.True(t, ok)
	assert.EqualValues(t, 2, v, "four bytes always work")
	_, ok = k.read(3, othersReach, 8)
	assert.True(t, ok, "no writer can move the end so far")
	k.push(3, 0, 4)
	k.want(wire.Tclunk, uint32(2))
	_, ok = k.read(3, 0, 8)
	assert.True(t, ok, "the other file is closed")
}

func TestReadsOfLinux61AreNotRefused(t *testing.T) {
	k := startV9FS(t)
	openV9FS(t, k, 2|largeFile, 2)
	k.push(2, 1000, 4)
	v, ok := k.read(2, 0, 4096)
	assert.True(t, ok)
	assert.EqualValues(t, 2, v)
}

func TestEndIsForgottenWhenAttributesOfAClosedFileAreAskedFor(t *testing.T) {
	k := startV9FS(t)
	openV9FS(t, k, 2, 2)
	k.push(2, 1000, 4)
	k.want(wire.Tgetattr, uint32(1), uint64(v9fsMask))
	k.refuse(syscall.ESPIPE, wire.Tread, uint32(2), uint64(0), uint32(8))
	k.want(wire.Tclunk, uint32(2))

	k.walk(1, 2) // the client still has the inode
	k.want(wire.Tlopen, uint32(2), uint32(2))
	k.write(2, 0, []byte{9})
	k.push(2, 0, 2)
	k.refuse(syscall.ESPIPE, wire.Tread, uint32(2), uint64(0), uint32(8))
	k.want(wire.Tclunk, uint32(2))

	k.want(wire.Tgetattr, uint32(1), uint64(v9fsMask))
	openAgain := func() { k.walk(1, 2); k.want(wire.Tlopen, uint32(2), uint32(2)) }
	openAgain()
	k.write(2, 0, []byte{9})
	k.push(2, 0, 2)
	_, ok := k.read(2, 0, 8)
	assert.True(t, ok)
}

func TestSizeThatWasSetCountsAsWritten(t *testing.T) {
	k := startV9FS(t)
	openV9FS(t, k, 2, 2)
	const sizeAndTimes = 0x68
	zeros := make([]byte, 4*8)
	k.want(wire.Tsetattr, uint32(2), uint32(sizeAndTimes), uint32(0), uint32(0), uint32(0), uint64(500), zeros)
	k.refuse(syscall.ESPIPE, wire.Tread, uint32(2), uint64(100), uint32(8))
	_, ok := k.read(2, 500, 8)
	assert.True(t, ok)
}

// TestManyWrittenInodesAreFolded writes more inodes than may have an extent, as a client of
// /pid/N may do. The memory is bounded, and no inode gets an end that is too low.
func TestManyWrittenInodesAreFolded(t *testing.T) {
	k := startV9FS(t)
	k.walk(0, 1, "pid", "1", "full_ex")
	k.want(wire.Tgetattr, uint32(1), uint64(v9fsMask))
	for i := range uint64(3 * maxIdleExtents) {
		k.walk(0, 5, "pid", strconv.FormatUint(i+1, 10), "full_ex")
		k.want(wire.Tgetattr, uint32(5), uint64(v9fsMask))
		k.walk(5, 6)
		k.want(wire.Tlopen, uint32(6), uint32(2))
		k.write(6, i, []byte{1})
		k.want(wire.Tclunk, uint32(6))
		k.want(wire.Tclunk, uint32(5))
	}
	assert.LessOrEqual(t, len(k.extents.byPath), maxIdleExtents+1)

	k.walk(1, 2) // pid 1; the client asked for its attributes before the folds
	k.want(wire.Tlopen, uint32(2), uint32(2))
	assert.Positive(t, k.files(2).follow.extent.end)
	k.want(wire.Tclunk, uint32(2))
	k.want(wire.Tgetattr, uint32(1), uint64(v9fsMask))
	k.walk(1, 2)
	k.want(wire.Tlopen, uint32(2), uint32(2))
	assert.Zero(t, k.files(2).follow.extent.end)
}

// files returns the fid of a number.
func (k *talk) files(number uint32) *fid { return k.fids.get(number) }
