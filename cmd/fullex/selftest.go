package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"fullex/cmd/fullex/internal/check"
	"fullex/cmd/fullex/internal/private"
	"fullex/cmd/fullex/internal/target"
	"fullex/device"
)

// selfTestFaults are parameters for the faults that need one, or are better with
// one.
var selfTestFaults = map[string]string{"error": "0.02:1", "delay": "20ms", "drop": "60"}

// selfTestTime is what a case may take: less than against others, as a fault can
// make many of them hang.
const selfTestTime = 3 * time.Second

// selfTest runs the cases against the sound device and against each fault, and
// prints which cases notice it. It fails if one is not noticed, or the sound device
// is not passed.
func selfTest(ctx context.Context, w io.Writer, o check.Options) error {
	o.Timeout = min(o.Timeout, selfTestTime)
	o.Dangerous = true                                      // the server is its own
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a reader that ends must not leave a socket behind
	if err := printRow(w, "FAULT", "CASES", "CAUGHT BY"); err != nil {
		return err
	}
	caught, err := checkPlanted(ctx, "", o)
	if err != nil {
		return notRun(err)
	}
	if err := printRow(w, "none: the sound device", len(caught), strings.Join(caught, " ")); err != nil {
		return err
	}
	var wrong []string
	if len(caught) > 0 {
		wrong = append(wrong, "the sound device fails "+caught[0])
	}
	for _, f := range allFaults() {
		text := f.Name
		if param := selfTestFaults[f.Name]; param != "" {
			text += "=" + param
		}
		caught, err := checkPlanted(ctx, text, forFault(f, o))
		if err != nil {
			return notRun(fmt.Errorf("--fault %s: %w", text, err))
		}
		if err := printRow(w, text, len(caught), shortened(caught)); err != nil {
			return err
		}
		if len(caught) == 0 {
			wrong = append(wrong, "no case notices "+text)
		}
	}
	if len(wrong) > 0 {
		return exitStatus{check.ExitFailed, errors.New("check: " + strings.Join(wrong, "; "))}
	}
	return nil
}

// printRow prints a line of the table.
func printRow(w io.Writer, fault string, cases any, caughtBy string) error {
	if _, err := fmt.Fprintf(w, "%-22s %-8v %s\n", fault, cases, caughtBy); err != nil {
		return notRun(fmt.Errorf("print: %w", err))
	}
	return nil
}

// forFault leaves out what a fault makes last, and says nothing about it.
func forFault(f device.Fault, o check.Options) check.Options {
	if f.Name == "delay" && len(o.Only) == 0 {
		o.Only = []string{"reply.", "open."}
	}
	return o
}

// shortened names a few cases of a list.
func shortened(ids []string) string {
	const most = 5
	if len(ids) <= most {
		return strings.Join(ids, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:most], " "), len(ids)-most)
}

// checkPlanted starts a server with a fault, or none, and returns the cases that
// fail.
func checkPlanted(ctx context.Context, fault string, o check.Options) (caught []string, err error) {
	var texts []string
	if fault != "" {
		texts = append(texts, fault)
	}
	planted, err := parseFaults(texts)
	if err != nil {
		return nil, err
	}
	server, err := newServer(nil, planted)
	if err != nil {
		return nil, err
	}
	dir, err := private.MakeDir()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	e, serves, err := serveUnix(ctx, server, dir.Socket())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Close(), <-serves) }()
	return failing(ctx, target.AtEndpoint(e), o)
}

// failing runs the cases and returns the ids of those that fail.
func failing(ctx context.Context, name target.Name, o check.Options) (ids []string, err error) {
	open, err := check.At(ctx, name, check.Plain, nil)
	if err != nil {
		return nil, err
	}
	results, err := check.Run(ctx, open, o)
	if err != nil {
		return nil, err
	}
	for _, r := range results.Cases {
		if r.Status == check.Failed {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}
