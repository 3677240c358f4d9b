package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// isTerminal says whether what is printed is for a person to see at once.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
