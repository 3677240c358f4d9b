package check

import (
	"fmt"
	"os"
	"testing"

	"fullex/cmd/fullex/internal/target"
)

const workerWord = "check-worker"

// TestMain makes the test binary a worker where it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerWord {
		if err := Work(os.Stdin, os.Stdout, workerCommand()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return
	}
	m.Run() // the exit status is its result
}

// at is At for what a user writes.
func at(t *testing.T, text string, door Door, command []string) (func() (Opener, error), error) {
	t.Helper()
	name, err := target.ParseName(text)
	if err != nil {
		return nil, err
	}
	return At(t.Context(), name, door, command)
}

func workerCommand() []string { return []string{os.Args[0], workerWord} }
