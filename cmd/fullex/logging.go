package main

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"fullex/cmd/fullex/internal/logs"
)

// flushTime is how long a command that ends waits for the reader of its last lines.
const flushTime = 300 * time.Millisecond

// logLines returns the writer of a log in the form that the flags describe.
func (config serveConfig) logLines(w io.Writer) *logs.Writer {
	return logs.New(w, func(lines int) string {
		var line bytes.Buffer
		config.logger(&line).Error("log lines are missing: nobody took them in time", "lines", lines)
		return line.String()
	})
}

// lostLines says in plain words that lines are missing.
func lostLines(lines int) string {
	return fmt.Sprintf("fullex: %d lines are missing: nobody took them in time\n", lines)
}
