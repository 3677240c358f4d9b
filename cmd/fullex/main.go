// Command fullex serves the deque device full_ex over 9P2000.L.
//
// See the README, or fullex help.
package main

import (
	"fmt"
	"os"
)

func main() {
	args, err := asCalled(os.Args)
	if err == nil {
		err = newApp(os.Stdin, os.Stdout, os.Stderr).Run(args)
	}
	status, tell := ending(err)
	if tell != nil {
		fmt.Fprintln(os.Stderr, "fullex:", tell)
	}
	if status != 0 {
		os.Exit(status)
	}
}
