package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/target"
	"fullex/p9srv/endpoint"
)

// endpointHelp is a part of the description of each command that needs a target.
var endpointHelp = "TARGET is an endpoint (" + endpoint.ClientForms() + ")\n" +
	"or the path of a mount."

// targetHelp is the same for commands whose target has a default.
var targetHelp = endpointHelp + " The default is the server that \"fullex serve\"\n" +
	"without flags starts on this machine."

// connectTime is how long a command waits for its target to accept it.
const connectTime = 10 * time.Second

// arguments returns the arguments of a command. If they are fewer than least or more than
// most, it returns an error with the usage of the command.
func arguments(c *cli.Context, least, most int) ([]string, error) {
	args := c.Args().Slice()
	switch {
	case len(args) < least:
		return nil, fmt.Errorf("%s: want %s", c.Command.Name, c.Command.ArgsUsage)
	case len(args) > most:
		return nil, fmt.Errorf("%s: unexpected argument %q, want %s (flags come first)", c.Command.Name, args[most], c.Command.ArgsUsage)
	}
	return args, nil
}

// targetOnly returns the target of a command that takes nothing else.
func targetOnly(c *cli.Context) (name target.Name, err error) {
	args, err := arguments(c, 0, 1)
	if err != nil {
		return name, err
	}
	name, _, err = optionalTarget(args, 0)
	return name, err
}

// optionalTarget returns the target and the other arguments, of which others must be there.
// If no argument is left for the target, it is the default one.
func optionalTarget(args []string, others int) (name target.Name, rest []string, err error) {
	if len(args) > others {
		name, err = target.ParseName(args[0])
		return name, args[1:], err
	}
	return target.AtEndpoint(defaultTarget(os.Geteuid())), args, nil
}

// defaultTarget returns where serve without flags listens for a user: the unix socket if it
// exists, else TCP.
func defaultTarget(uid int) endpoint.Endpoint {
	if path, err := socketPath(uid); err == nil {
		if _, err := os.Stat(path); err == nil {
			return endpoint.Unix(path)
		}
	}
	return defaultTCP
}

// onTarget opens a target and calls do with it. All calls at a path come from one thread,
// because the kernel module distinguishes threads.
func onTarget(ctx context.Context, name target.Name, do func(target.Target) error) error {
	if _, ok := name.Endpoint(); !ok {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	opening, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	t, err := target.Open(opening, name)
	if err != nil {
		return err
	}
	return errors.Join(do(t), t.Close())
}

// onTargetNamed is onTarget for a target as the user wrote it.
func onTargetNamed(ctx context.Context, text string, do func(target.Target) error) error {
	name, err := target.ParseName(text)
	if err != nil {
		return err
	}
	return onTarget(ctx, name, do)
}

// readFile copies a file of a target to w, to its end.
func readFile(t target.Target, path string, w io.Writer) error {
	f, err := t.Open(path, os.O_RDONLY)
	if err != nil {
		return err
	}
	return errors.Join(copyFile(f, path, w), f.Close())
}

func copyFile(f target.File, path string, w io.Writer) error {
	p := make([]byte, 32<<10)
	for {
		n, err := f.Read(p)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if n == 0 {
			return nil
		}
		if _, err := w.Write(p[:n]); err != nil {
			return fmt.Errorf("print %s: %w", path, err)
		}
	}
}

// writeFile opens a file of a target and writes p to it with one call.
func writeFile(t target.Target, path string, p []byte) error {
	if err := target.RefuseOrdinary(t, path); err != nil {
		return err
	}
	f, err := t.Open(path, os.O_WRONLY)
	if err != nil {
		return err
	}
	n, err := f.Write(p)
	switch {
	case err != nil:
		err = fmt.Errorf("write to %s: %w", path, err)
	case n < len(p):
		err = fmt.Errorf("write to %s: %d of %d bytes were taken", path, n, len(p))
	}
	return errors.Join(err, f.Close())
}
