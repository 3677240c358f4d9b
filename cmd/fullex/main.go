package main

import (
	"fmt"
	"os"

	"fullex/cmd/fullex/internal/logs"
)

func main() {
	if status := withOrphans(work); status != 0 {
		os.Exit(status)
	}
}

// work runs the command line, prints its error, and returns the status to end with.
func work() int {
	stdout, stderr := outputs(os.Args)
	ended := make(chan error, 1)
	go func() {
		args, err := asCalled(os.Args)
		if err == nil {
			err = newApp(os.Stdin, stdout, stderr).Run(args)
		}
		ended <- err
	}()
	var err error
	select {
	case err = <-ended:
	case err = <-cutShort:
	}
	status, tell := ending(err)
	if tell == nil {
		return status
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		fmt.Fprintln(logs.Patient{Out: stderr}, "fullex:", tell)
	}()
	select {
	case <-told:
	case <-cutShort: // a signal ends the program while nobody reads the error
	}
	return status
}
