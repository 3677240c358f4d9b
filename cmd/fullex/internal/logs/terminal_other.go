//go:build !linux

package logs

import "io"

// WriteInBackground does nothing on this system. After stty tostop the terminal stops a
// process that writes in the background.
func WriteInBackground(io.Writer) {}
