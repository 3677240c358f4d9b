package shell

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// valueSize is the size of a value at the device: an int32, little-endian.
const valueSize = 4

// maxRead is the largest COUNT of read, in bytes.
const maxRead = 1 << 20

var errNotOpen = errors.New("nothing is open, see open")

func errArguments(usage string) error { return fmt.Errorf("want %s", usage) }

// send writes p with one call. command is the command whose meanings the errors get.
func (s *Shell) send(command string, p []byte) error {
	if s.file == nil {
		return errNotOpen
	}
	n, err := s.file.Write(p)
	if err != nil {
		return explained(command, s.device, err)
	}
	if n != len(p) {
		return fmt.Errorf("%d of %d bytes were taken", n, len(p))
	}
	return nil
}

// receive reads into p with one call and returns the bytes that came.
func (s *Shell) receive(command string, p []byte) ([]byte, error) {
	if s.file == nil {
		return nil, errNotOpen
	}
	n, err := s.file.Read(p)
	if err != nil {
		return nil, explained(command, s.device, err)
	}
	return p[:n], nil
}

// init sends any byte, because the device decides which capacities it refuses.
func (s *Shell) init(args []string) error {
	if len(args) != 1 {
		return errArguments("init N")
	}
	n, err := strconv.ParseUint(args[0], 0, 8)
	if err != nil {
		return fmt.Errorf("%q: want a number that fits a byte, 0..255", args[0])
	}
	return s.send("init", []byte{byte(n)})
}

// push checks all values before it writes the first.
func (s *Shell) push(args []string) error {
	if len(args) == 0 {
		return errArguments("push N...")
	}
	values := make([]int32, len(args))
	for i, arg := range args {
		n, err := strconv.ParseInt(arg, 0, 32)
		if err != nil {
			return fmt.Errorf("%q: want a number from -2147483648 to 2147483647", arg)
		}
		values[i] = int32(n)
	}
	for _, v := range values {
		if err := s.send("push", binary.LittleEndian.AppendUint32(nil, uint32(v))); err != nil {
			return fmt.Errorf("%d: %w", v, err)
		}
	}
	return nil
}

func (s *Shell) pop(args []string) error {
	count, err := number(args, 1, 1<<31-1, "pop [N]")
	if err != nil {
		return err
	}
	for range count {
		p, err := s.receive("pop", make([]byte, valueSize))
		if err != nil {
			return err
		}
		if len(p) != valueSize {
			return fmt.Errorf("%d bytes came, a value has %d", len(p), valueSize)
		}
		fmt.Fprintln(s.out, int32(binary.LittleEndian.Uint32(p)))
	}
	return nil
}

func (s *Shell) write(args []string) error {
	p, err := hex.DecodeString(strings.Join(args, ""))
	if err != nil {
		return fmt.Errorf("%q: want bytes in hexadecimal, such as 0a 00 00 00", strings.Join(args, " "))
	}
	if err := s.send("write", p); err != nil {
		return err
	}
	fmt.Fprintln(s.out, len(p))
	return nil
}

// read prints the number of bytes that came, and the bytes.
func (s *Shell) read(args []string) error {
	count, err := number(args, valueSize, maxRead, "read [COUNT]")
	if err != nil {
		return err
	}
	p, err := s.receive("read", make([]byte, count))
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, strings.TrimSpace(fmt.Sprintf("%d: % x", len(p), p)))
	return nil
}

// number returns the number that is the only argument of a command. Without an argument it
// returns without.
func number(args []string, without, most int, usage string) (int, error) {
	switch len(args) {
	case 0:
		return without, nil
	case 1:
		n, err := strconv.ParseUint(args[0], 0, 32)
		if err != nil || n > uint64(most) {
			return 0, fmt.Errorf("%q: want a number from 0 to %d", args[0], most)
		}
		return int(n), nil
	}
	return 0, errArguments(usage)
}
