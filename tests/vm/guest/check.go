//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"
)

// check collects the failures of a scenario.
type check struct {
	failures []string
	// closesLate means that close(2) returns before the server has got Tclunk, so that
	// the next open may be refused at first. Linux 7.2 with cache=loose does that.
	closesLate bool
}

// errStopped is the value of the panic that ends a scenario early.
var errStopped = errors.New("stopped")

// errorf reports a failure. The scenario continues.
func (c *check) errorf(format string, args ...any) {
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

// fatalf reports a failure and ends the scenario.
func (c *check) fatalf(format string, args ...any) {
	c.errorf(format, args...)
	panic(errStopped)
}

// must ends the scenario if err is not nil.
func (c *check) must(doing string, err error) {
	if err != nil {
		c.fatalf("%s: %v", doing, err)
	}
}

// same reports a failure if the result of a call is not the wanted one.
func (c *check) same(call string, got, want any) {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.errorf("%s: got %v, want %v", call, got, want)
	}
}

// report prints the outcome on the console. A scenario that failed gets a line for each
// failure, up to 20.
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
