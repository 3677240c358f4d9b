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

// TestMain makes the test binary a worker where it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerWord {
		if err := caller.Work(os.Stdin, os.Stdout, workerCommand()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return
	}
	m.Run() // the exit status is its result
}

// at is At for what a user writes.
func at(text string, door Door, start func() (*caller.Process, error)) (func() (Client, error), error) {
	name, err := target.ParseName(text)
	if err != nil {
		return nil, err
	}
	return At(name, caller.Starter(name, start), door)
}

// behindAPipe returns a process that is at the other end of one.
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
