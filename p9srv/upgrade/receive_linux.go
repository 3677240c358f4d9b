package upgrade

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"fullex/p9srv"
)

// Receive returns the state that the program before this one has left, or nil if there was
// none. A program calls it first, before it opens any file. Receive makes the descriptors
// of the state close-on-exec again.
func Receive() (*State, error) {
	text, ok := os.LookupEnv(stateVariable)
	if !ok {
		return nil, nil
	}
	if err := os.Unsetenv(stateVariable); err != nil {
		return nil, fmt.Errorf("take the state: %w", err)
	}
	fd, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return nil, fmt.Errorf("%s=%q: want the number of a descriptor: %w", stateVariable, text, err)
	}
	f := os.NewFile(uintptr(fd), "state")
	if f == nil {
		return nil, fmt.Errorf("%s=%d: there is no such descriptor", stateVariable, fd)
	}
	defer f.Close()
	s, err := ReadState(f)
	if err != nil {
		return nil, err
	}
	if err := keepName(); err != nil {
		return nil, err
	}
	for _, fd := range s.descriptors() {
		if err := setCloseOnExec(fd, true); err != nil {
			return nil, fmt.Errorf("take over descriptor %d: %w", fd, err)
		}
	}
	return s, nil
}

// keepName gives the process its name in ps(1) back. After exec by a descriptor, the name
// is the number of that descriptor (execve(2), PR_SET_NAME).
func keepName() error {
	if err := os.WriteFile("/proc/self/comm", []byte(filepath.Base(os.Args[0])), 0); err != nil {
		return fmt.Errorf("name the process: %w", err)
	}
	return nil
}

// Tried reports whether this process is only a trial run of the new program. If so, it does
// what the trial asks for. Then the process must end, with status 0 if there is no error.
// server returns a new server for [fullex/p9srv.Server.Check].
func Tried(in io.Reader, out io.Writer, server func() (*p9srv.Server, error)) (tried bool, err error) {
	switch os.Getenv(tryVariable) {
	case "":
		return false, nil
	case formatsWord:
		for _, format := range formats {
			fmt.Fprintln(out, format)
		}
		return true, nil
	case checkWord:
		return true, check(in, server)
	}
	return true, fmt.Errorf("%s: want %s or %s", tryVariable, formatsWord, checkWord)
}

func check(in io.Reader, server func() (*p9srv.Server, error)) error {
	s, err := ReadState(in)
	if err != nil {
		return err
	}
	made, err := server()
	if err != nil {
		return err
	}
	return made.Check(s.Server)
}
