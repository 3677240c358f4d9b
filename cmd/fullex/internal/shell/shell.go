// Package shell implements the commands of fullex shell. A line has one command, which makes
// one or a few calls at a device file.
//
// # Errors
//
// [Shell.Do] returns an error if a command is wrong or a call fails. If the device refused
// the call, the error names the errno and says what it means on this device. The shell can
// go on after any of these errors.
package shell

import (
	"errors"
	"fmt"
	"io"
	"os"
	gopath "path"
	"slices"
	"strings"
	"syscall"

	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// Shell runs commands at a target. It has at most one file open. It is not safe for
// concurrent use.
type Shell struct {
	target target.Target
	out    *output
	file   target.File // nil: none is open
	device bool        // the file is a full_ex, whose errors have a meaning
}

// New returns a shell that prints results to out. It does not close the target.
func New(t target.Target, out io.Writer) *Shell { return &Shell{target: t, out: &output{w: out}} }

// output is a writer that keeps its first error.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// command is a command of the shell.
type command struct {
	name string
	args string                              // arguments, for help
	what string                              // purpose, for help
	run  func(s *Shell, args []string) error // nil: Do runs it
}

// commands are all commands, in the order of help. The function init sets the variable: an
// initializer would depend on itself, because help uses the variable.
var commands []command

func init() {
	commands = []command{
		{"open", "[PATH]", "open the device, or another file of the tree: each/full_ex, pid/7/full_ex", (*Shell).open},
		{"init", "N", "write one byte: the capacity, 1..100", (*Shell).init},
		{"push", "N...", "write int32 values: odd ones go left, even ones right", (*Shell).push},
		{"pop", "[N]", "read N values from the left, 1 by default", (*Shell).pop},
		{"write", "HEX...", "write bytes with one call, as in write 0a 00 00 00; without HEX, write 0 bytes", (*Shell).write},
		{"read", "[COUNT]", "read with one call of COUNT bytes, 4 by default", (*Shell).read},
		{"close", "", "close the file, which frees the session", (*Shell).close},
		{"help", "", "print this list", (*Shell).help},
		{"quit", "", "end the shell, as the end of the input does", nil},
	}
}

// Words returns the names of the commands, for completion.
func Words() []string {
	var words []string
	for _, c := range commands {
		words = append(words, c.name)
	}
	return words
}

// Do runs the command of a line. It ignores an empty line and one that begins with #. quit
// is true if the command ends the shell, or if results cannot be printed any more.
func (s *Shell) Do(line string) (quit bool, err error) {
	words := strings.Fields(line)
	if len(words) == 0 || words[0][0] == '#' {
		return false, nil
	}
	name := words[0]
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == name })
	switch {
	case name == "quit" || name == "exit":
		return true, nil
	case i < 0:
		return false, fmt.Errorf("%s: no such command, see help", name)
	}
	if err := commands[i].run(s, words[1:]); err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	if s.out.err != nil {
		return true, fmt.Errorf("%s: print: %w", name, s.out.err)
	}
	return false, nil
}

// Close closes the open file, if there is one.
func (s *Shell) Close() error {
	if s.file == nil {
		return nil
	}
	return s.close(nil)
}

func (s *Shell) help(args []string) error {
	if len(args) > 0 {
		return errArguments("help")
	}
	for _, c := range commands {
		fmt.Fprintf(s.out, "%-14s %s\n", strings.TrimSpace(c.name+" "+c.args), c.what)
	}
	return nil
}

func (s *Shell) open(args []string) error {
	path := s.target.Device()
	switch {
	case len(args) > 1:
		return errArguments("open [PATH]")
	case len(args) == 1:
		path = args[0]
	}
	device := path == "" || gopath.Base(path) == "full_ex"
	flags := os.O_RDWR // even if the file of the module has mode 0444, because root may write
	var err error
	if !device {
		flags, err = s.flagsFor(path)
	}
	if err != nil {
		return explained("open", false, err)
	}
	// A file may be open already. The shell opens another all the same, because a user
	// learns from the refusal of a second open.
	if flags != os.O_RDONLY {
		err = target.RefuseOrdinary(s.target, path)
	}
	if err != nil {
		return explained("open", false, err)
	}
	file, err := s.target.Open(path, flags)
	if err != nil {
		return explained("open", device, err)
	}
	if s.file != nil {
		err = s.file.Close()
	}
	s.file, s.device = file, device
	return err
}

// flagsFor returns the flags for opening a file: O_RDWR, but O_RDONLY if its mode lets nobody
// write, and O_WRONLY if its mode lets nobody read.
func (s *Shell) flagsFor(path string) (int, error) {
	e, err := s.target.Stat(path)
	switch {
	case err != nil:
		return 0, err
	case e.Mode&0o222 == 0:
		return os.O_RDONLY, nil
	case e.Mode&0o444 == 0:
		return os.O_WRONLY, nil
	}
	return os.O_RDWR, nil
}

func (s *Shell) close(args []string) error {
	switch {
	case len(args) > 0:
		return errArguments("close")
	case s.file == nil:
		return errNotOpen
	}
	file := s.file
	s.file = nil
	return file.Close()
}

// explained returns an error with the name of the errno in err and its meaning. At a device,
// the meaning is that for the command, if there is one. Otherwise it is the system's text.
// An error without an errno is returned unchanged.
func explained(command string, device bool, err error) error {
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return err
	}
	name := contract.ErrnoName(errno)
	if meaning := meanings[command][errno]; meaning != "" && (device || errno == syscall.ENOENT) {
		return fmt.Errorf("%s: %s", name, meaning)
	}
	return fmt.Errorf("%s: %s", name, errno.Error())
}

// meanings are the meanings of the errors in the contract, by command.
var meanings = map[string]map[syscall.Errno]string{
	"open": {
		syscall.EACCES: "this client has it open already; try each/full_ex or pid/N/full_ex",
		syscall.ENOENT: "no such file, or its module is not loaded",
	},
	"init": {
		syscall.EINVAL: "the capacity is 1..100, and is set once",
		syscall.EIO:    unloaded,
	},
	"push": {
		syscall.EACCES: "there is no room, or no capacity yet",
		syscall.EIO:    unloaded,
	},
	"pop": {
		syscall.EACCES: "there is no value, or no capacity yet",
		syscall.EIO:    unloaded,
	},
	"write": {
		syscall.EACCES: "there is no room, or no capacity yet",
		syscall.EINVAL: "the device takes one byte first, 1..100, and then four at a time",
		syscall.EIO:    unloaded,
	},
	"read": {
		syscall.EACCES: "there is no value, or no capacity yet",
		syscall.EINVAL: "a value has four bytes, and a shorter read pops none",
		syscall.ESPIPE: "this kernel would lose the value; read 4 bytes at a time",
	},
}

const unloaded = "the module was unloaded"
