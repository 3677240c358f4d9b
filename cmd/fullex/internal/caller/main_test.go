package caller

import (
	"fmt"
	"os"
	"testing"
)

const workerWord = "caller-worker"

// TestMain runs the tests, or a worker if the command line asks for one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerWord {
		if err := Work(os.Stdin, os.Stdout, workerCommand()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return
	}
	m.Run() // the exit status is its result
}

func startWorker() (*Process, error) { return Start(workerCommand()) }

func workerCommand() []string { return []string{os.Args[0], workerWord} }
