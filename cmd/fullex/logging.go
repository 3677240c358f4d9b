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

// logLevelFlag chooses the least level of a server's log.
func logLevelFlag(level string) cli.Flag {
	return &cli.StringFlag{Name: "log-level", Value: level, Usage: "log messages of `LEVEL` and above: debug, info, warn or error"}
}

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
