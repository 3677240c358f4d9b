//go:build !linux

package target

// lookAtMount does nothing: only the clients of Linux change calls.
func (n *Nature) lookAtMount() {}
