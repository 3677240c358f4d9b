package check

// row is a row of the contract: call, state and result. The first that fits a
// call decides. In the rows with a star the original module is wrong, or a kernel
// forces the device, and it differs. All but the last three are those of the README.
type row string

const (
	rowOpen        row = "open | this client has no session | a new session, uninitialised"
	rowOpenTwice   row = "open | this client has one open | EACCES, the first is untouched"
	rowWriteEmpty  row = "write of 0 bytes | any | EINVAL"
	rowCapacity    row = "write of 1 byte, 1..100 | uninitialised | sets the capacity; returns 1"
	rowCapacityBad row = "write of 1 byte, 0 or above 100 | uninitialised | EINVAL"
	rowWriteNew    row = "write of 2 bytes or more | uninitialised | EACCES"
	rowPush        row = "write of 4 bytes | room left | odd: pushed left, even: pushed right; returns 4"
	rowFull        row = "write of 4 bytes | full | EACCES"
	rowWriteSize   row = "write of any other size | initialised | EINVAL"
	rowReadEmpty   row = "read of 0 bytes | any | EINVAL"
	rowNothing     row = "read | uninitialised or empty | EACCES"
	rowReadKept    row = "read of more than 4 bytes * | not empty, before the end of what Linux 6.8 or later believes is written | ESPIPE, nothing is lost"
	rowPop         row = "read of 4 bytes or more | not empty | pops the leftmost; returns 4"
	rowReadShort   row = "read of 1..3 bytes * | not empty | EINVAL, nothing is popped"
	rowClose       row = "close | | frees the session; the next open starts anew"
	rowUnload      row = "any call after the module was unloaded * | | EIO; close works"
	rowShared      row = "open fd used by a thread or a forked child * | any | works: the session belongs to the open file"
	rowReply       row = "any call | any | returns at once, in its turn"
	rowFile        row = "the file | any | regular, mode 0666, size 0; offsets, O_TRUNC, O_APPEND, O_CREAT, truncate and utimes change nothing"
)
