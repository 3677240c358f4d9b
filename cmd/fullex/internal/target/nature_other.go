//go:build !linux

package target

// lookAtMount is for Linux, whose clients of a server change calls.
func (n *Nature) lookAtMount() {}
