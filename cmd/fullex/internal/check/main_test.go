package check

import (
	"fmt"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"fullex/cmd/fullex/internal/caller"
	"fullex/cmd/fullex/internal/target"
)

const workerWord = "check-worker"

// TestMain runs the tests, or a worker if the command line asks for one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerWord {
		if err := caller.Work(os.Stdin, os.Stdout, workerCommand()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return
	}
	m.Run() // the exit status is its result
}

// at calls At for a target as a user writes it.
func at(text string, door Door, start func() (*caller.Process, error)) (func() (Client, error), error) {
	name, err := target.ParseName(text)
	if err != nil {
		return nil, err
	}
	return At(name, caller.Starter(name, start), door)
}

// behindAPipe returns a worker at the other end of a pipe.
func behindAPipe(t *testing.T) *caller.Process {
	t.Helper()
	near, far := net.Pipe()
	worked := make(chan error, 1)
	go func() { worked <- caller.Work(far, far, workerCommand()) }()
	t.Cleanup(func() {
		require.NoError(t, near.Close())
		require.NoError(t, <-worked)
	})
	return caller.Over(near, near)
}

func startWorker() (*caller.Process, error) { return caller.Start(workerCommand()) }

func workerCommand() []string { return []string{os.Args[0], workerWord} }
