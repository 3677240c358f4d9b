package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"fullex/cmd/fullex/internal/caller"
	"fullex/cmd/fullex/internal/check"
	"fullex/cmd/fullex/internal/private"
	"fullex/cmd/fullex/internal/target"
	"fullex/device/faults"
)

// selfTestFaults are parameters for the faults that need one, or that are tested better with
// one.
var selfTestFaults = map[string]string{"error": "0.02:1", "delay": "20ms", "drop": "60", "capacity-range": "2:99"}

// selfTestTime is how long a case may take. It is less than for other targets, because a
// fault can make many cases hang.
const selfTestTime = 3 * time.Second

// selfTest runs the cases against the sound device and against each fault, and
// prints which cases notice it: a table, or in another format a case for each. The sound
// device is what the contract says. It fails if a fault is not noticed that the contract
// does not allow, or if the sound device is not passed.
func selfTest(ctx context.Context, w io.Writer, o check.Options, format string) error {
	o.Timeout = min(o.Timeout, selfTestTime)
	o.Dangerous = true // nobody else uses the server
	table := w
	if format != "human" {
		table = io.Discard
	}
	results := check.Results{Target: "self-test", Profile: o.Contract.Profile, Contract: o.ContractFile, Seed: o.Seed, Sessions: o.Sessions, Repeat: o.Repeat, Start: time.Now()}
	_, stopped := fmt.Fprintf(table, "%-22s %-8s %s\n", "FAULT", "CASES", "CAUGHT BY")
	for _, f := range append([]faults.Fault{{}}, allFaults()...) {
		r := faultCase(f)
		if stopped == nil {
			stopped = tryFault(ctx, table, f, o, &r)
		}
		if r.Status == check.NotRun {
			r.Reason = stopped.Error()
			results.Stopped = r.Reason
		}
		results.Cases = append(results.Cases, r)
	}
	results.Time = time.Since(results.Start)
	if format != "human" {
		if err := results.Print(w, format); err != nil {
			return notRun(err)
		}
	}
	return selfVerdict(results, stopped)
}

// faultCase returns the result of a fault that was not tried yet. The fault without a name
// stands for the sound device.
func faultCase(f faults.Fault) check.Result {
	r := check.Result{ID: "self-test.sound", Title: "no case fails at the sound device", Weight: 1, Status: check.NotRun, Calls: []string{}}
	if f.Name != "" {
		r.ID, r.Title = "self-test."+f.Name, "a case catches "+withParam(f)
	}
	r.Row = r.Title
	return r
}

// withParam returns a fault in the form of --fault.
func withParam(f faults.Fault) string {
	if param := selfTestFaults[f.Name]; param != "" {
		return f.Name + "=" + param
	}
	return f.Name
}

// tryFault runs the cases against a fault, sets its result and prints its line. The error
// says why the self-test cannot go on.
func tryFault(ctx context.Context, table io.Writer, f faults.Fault, o check.Options, r *check.Result) error {
	start := time.Now()
	text := withParam(f)
	caught, err := checkPlanted(ctx, plantedFor(o.Contract, text), forFault(f, o))
	r.Time = time.Since(start)
	switch {
	case err != nil && f.Name != "":
		return fmt.Errorf("--fault %s: %w", text, err)
	case err != nil:
		return err
	}
	r.Status = check.Passed
	if len(caught) > 0 {
		r.Notes = []string{"caught by " + shortened(ids(caught))}
	}
	name, shown := text, shortened(ids(caught))
	switch {
	case f.Name == "":
		name, shown = "none: the sound device", strings.Join(ids(caught), " ")
		if len(caught) > 0 {
			r.Status, r.Reason = check.Failed, "the sound device fails "+caught[0].ID+": "+caught[0].Reason
		}
	case len(caught) == 0 && allows(o.Contract, f):
		shown, r.Notes = "the contract allows it", []string{"no case catches it: the contract allows it"}
	case len(caught) == 0:
		r.Status, r.Reason = check.Failed, "no case catches "+text
	}
	if _, err := fmt.Fprintf(table, "%-22s %-8d %s\n", name, len(caught), shown); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// selfVerdict returns the command's error, or nil if no case failed and nothing stopped the
// self-test.
func selfVerdict(results check.Results, stopped error) error {
	var wrong []string
	for _, r := range results.Cases {
		if r.Status == check.Failed {
			wrong = append(wrong, r.Reason)
		}
	}
	if stopped != nil {
		wrong = append(wrong, stopped.Error())
	}
	if len(wrong) == 0 {
		return nil
	}
	return exitStatus{results.Exit(), errors.New("check: " + strings.Join(wrong, "; "))}
}

// forFault returns the options for a fault. For a delay it leaves out the cases that would
// only take longer.
func forFault(f faults.Fault, o check.Options) check.Options {
	if f.Name == "delay" && len(o.Only) == 0 {
		o.Only = []string{"reply.", "open."}
	}
	return o
}

func ids(cases []check.Result) (list []string) {
	for _, c := range cases {
		list = append(list, c.ID)
	}
	return list
}

// shortened names a few cases of a list.
func shortened(ids []string) string {
	const most = 5
	if len(ids) <= most {
		return strings.Join(ids, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:most], " "), len(ids)-most)
}

// checkPlanted starts a server with faults and returns the cases that fail.
func checkPlanted(ctx context.Context, texts []string, o check.Options) (caught []check.Result, err error) {
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

// failing runs the cases and returns those that fail.
func failing(ctx context.Context, name target.Name, o check.Options) (failed []check.Result, err error) {
	open, err := check.At(name, caller.Starter(name, startCaller), check.Plain)
	if err != nil {
		return nil, err
	}
	results, err := check.Run(ctx, open, o)
	if err != nil {
		return nil, err
	}
	for _, r := range results.Cases {
		switch r.Status {
		case check.Failed:
			failed = append(failed, r)
		case check.NotRun:
			return nil, fmt.Errorf("%s: %s", r.ID, r.Reason)
		}
	}
	return failed, nil
}
