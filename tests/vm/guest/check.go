//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"
)

// check collects what a scenario finds wrong.
type check struct {
	failures []string
	// closesLate says that close(2) does not wait for the file's Tclunk, so that
	// the next open may come before it: Linux 7.2 with cache=loose.
	closesLate bool
}

var errStopped = errors.New("stopped")

func (c *check) errorf(format string, args ...any) {
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

// fatalf is errorf for what the rest of the scenario cannot do without.
func (c *check) fatalf(format string, args ...any) {
	c.errorf(format, args...)
	panic(errStopped)
}

// must stops the scenario on an error.
func (c *check) must(doing string, err error) {
	if err != nil {
		c.fatalf("%s: %v", doing, err)
	}
}

// same compares what a call gave with what it must give.
func (c *check) same(call string, got, want any) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.errorf("%s: got %v, want %v", call, got, want)
	}
}

// report writes the outcome to the console, a line for each failure.
func (c *check) report(name string) {
	if len(c.failures) == 0 {
		fmt.Println("@@ PASS " + name)
	}
	const most = 20
	for i, failure := range c.failures {
		if i == most {
			fmt.Printf("@@ FAIL %s: and %d more\n", name, len(c.failures)-most)
			return
		}
		fmt.Printf("@@ FAIL %s: %s\n", name, strings.ReplaceAll(failure, "\n", " "))
	}
}
