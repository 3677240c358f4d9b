package main

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/logs"
)

// flushTime is how long a command that ends waits for the reader of its last lines.
const flushTime = 300 * time.Millisecond

// logLevelFlag returns the flag for the lowest level of a server's log, with its default.
func logLevelFlag(level string) cli.Flag {
	return &cli.StringFlag{Name: "log-level", Value: level, Usage: "log messages of `LEVEL` and above: debug, info, warn or error"}
}

// logLines returns the writer for a log. Where lines are missing it adds a line about that in
// the form that the flags describe.
func (config serveConfig) logLines(w io.Writer) *logs.Writer {
	return logs.New(w, func(lines int) string {
		var line bytes.Buffer
		config.logger(&line).Error("log lines are missing: nobody read them in time", "lines", lines)
		return line.String()
	})
}

// lostLines returns the line about missing lines for an output that is not a log.
func lostLines(lines int) string {
	return fmt.Sprintf("fullex: %d lines are missing: nobody read them in time\n", lines)
}
