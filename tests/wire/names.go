package wire

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// constants are the numbers that have a name, except errors. The open flags
// are those of Linux on x86-64, which 9P2000.L has on every system (diod
// protocol.md, lopen).
var constants = map[string]uint64{
	"NOFID": 0xffffffff,
	"NOUID": 0xffffffff,
	"NOTAG": 0xffff,
	"MYUID": uint64(uint32(os.Geteuid())), // of the user who runs the test

	"O_RDONLY":    0,
	"O_WRONLY":    1,
	"O_RDWR":      2,
	"O_CREAT":     0o100,
	"O_EXCL":      0o200,
	"O_TRUNC":     0o1000,
	"O_APPEND":    0o2000,
	"O_NONBLOCK":  0o4000,
	"O_LARGEFILE": 0o100000,
}

// errnos are the errors that a 9P2000.L server may give (Linux
// include/uapi/asm-generic/errno-base.h and errno.h).
var errnos = map[string]uint64{
	"EPERM": 1, "ENOENT": 2, "EIO": 5, "EBADF": 9, "EAGAIN": 11, "ENOMEM": 12,
	"EACCES": 13, "EFAULT": 14, "EBUSY": 16, "EEXIST": 17, "ENOTDIR": 20,
	"EISDIR": 21, "EINVAL": 22, "ENFILE": 23, "EMFILE": 24, "ENOSPC": 28,
	"ESPIPE": 29, "EROFS": 30, "ENAMETOOLONG": 36, "ENOSYS": 38,
	"ENOTEMPTY": 39, "ENODATA": 61, "EPROTO": 71, "EMSGSIZE": 90,
	"EOPNOTSUPP": 95, "ENOBUFS": 105,
}

// errnoNames has the name of each number in errnos.
var errnoNames = func() map[uint64]string {
	names := make(map[uint64]string, len(errnos))
	for name, number := range errnos {
		names[number] = name
	}
	return names
}()

// parseNumber reads a number of at most size bytes.
func parseNumber(text string, size int) (uint64, error) {
	var sum uint64
	for term := range strings.SplitSeq(text, "|") {
		n, err := parseTerm(term, size)
		if err != nil {
			return 0, err
		}
		sum |= n
	}
	if sum > allOnes(size) {
		return 0, fmt.Errorf("%s does not fit %d bytes", text, size)
	}
	return sum, nil
}

func parseTerm(term string, size int) (uint64, error) {
	if term == "~0" {
		return allOnes(size), nil
	}
	if n, ok := constants[term]; ok {
		return n, nil
	}
	if n, ok := errnos[term]; ok {
		return n, nil
	}
	n, err := strconv.ParseUint(term, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number, nor the name of one", term)
	}
	return n, nil
}

// allOnes is the largest number of size bytes.
func allOnes(size int) uint64 { return ^uint64(0) >> (64 - 8*size) }
