package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/target"
)

func lsCommand() *cli.Command {
	return &cli.Command{
		Name:         "ls",
		Usage:        "list a directory of a server",
		ArgsUsage:    "[TARGET [PATH]]",
		Description:  "    fullex ls -l tcp:127.0.0.1:5640 /pid\n\n" + targetHelp,
		Flags:        []cli.Flag{&cli.BoolFlag{Name: "l", Usage: "print inode, mode, links, owner, group, size, time and name"}},
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 0, 2)
			if err != nil {
				return err
			}
			name, rest, err := optionalTarget(args, 0)
			if err != nil {
				return err
			}
			dir := "/"
			if len(rest) > 0 {
				dir = rest[0]
			}
			return onTarget(c.Context, name, func(t target.Target) error {
				return list(t, dir, c.Bool("l"), c.App.Writer)
			})
		},
	}
}

// list prints the entries of a directory, or the entry of a file.
func list(t target.Target, at string, long bool, w io.Writer) error {
	self, err := t.Stat(at)
	if err != nil {
		return err
	}
	entries := []target.Entry{self}
	if self.Mode.IsDir() {
		if entries, err = t.List(at); err != nil {
			return err
		}
	}
	table := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.AlignRight)
	for _, e := range entries {
		if !long {
			fmt.Fprintln(table, e.Name)
			continue
		}
		if self.Mode.IsDir() {
			e, err = t.Stat(path.Join(at, e.Name))
			if errors.Is(err, syscall.ENOENT) {
				continue // it was removed meanwhile
			}
			if err != nil {
				return err
			}
		}
		fmt.Fprintf(table, "%d\t%s\t%d\t%d\t%d\t%d\t%s\t %s\n", e.Inode, e.Mode, e.Links, e.UID, e.GID, e.Size,
			e.Modified.Format("2006-01-02 15:04:05"), e.Name)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

func catCommand() *cli.Command {
	return &cli.Command{
		Name:         "cat",
		Usage:        "print files of a server",
		ArgsUsage:    "TARGET PATH...",
		Description:  "    fullex cat tcp:127.0.0.1:5640 modules kmsg\n\n" + endpointHelp,
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 2, c.NArg())
			if err != nil {
				return err
			}
			return onTargetNamed(c.Context, args[0], func(t target.Target) error {
				for _, path := range args[1:] {
					if err := readFile(t, path, c.App.Writer); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

func writeCommand() *cli.Command {
	return &cli.Command{
		Name:      "write",
		Usage:     "write to a file of a server, with one call",
		ArgsUsage: "TARGET PATH [TEXT...]",
		Description: "Writes the words of TEXT and a line end, as echo does. Without TEXT it writes\n" +
			"the standard input.\n\n" +
			"    fullex write tcp:127.0.0.1:5640 minimal_proc_lkm hello\n\n" + endpointHelp,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "n", Usage: "write no line end"},
			&cli.BoolFlag{Name: "hex", Usage: "read TEXT as bytes in hexadecimal, such as 64 or 01000000"},
		},
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 2, c.NArg())
			if err != nil {
				return err
			}
			p, err := payload(args[2:], c.Bool("hex"), c.Bool("n"), c.App.Reader)
			if err != nil {
				return err
			}
			return onTargetNamed(c.Context, args[0], func(t target.Target) error {
				return writeFile(t, args[1], p)
			})
		},
	}
}

// maxPayload is the most that write reads from its standard input, in bytes. Every file of
// the tree accepts less.
const maxPayload = 64 << 10

// payload returns the bytes to write: the words, or the standard input without words.
func payload(words []string, asHex, noLineEnd bool, in io.Reader) ([]byte, error) {
	switch {
	case len(words) == 0:
		p, err := io.ReadAll(io.LimitReader(in, maxPayload+1))
		if err == nil && len(p) > maxPayload {
			err = fmt.Errorf("more than %d bytes", maxPayload)
		}
		if err != nil {
			return nil, fmt.Errorf("read the standard input: %w", err)
		}
		return p, nil
	case slices.Contains([]string{"-n", "--hex", "-hex"}, words[0]):
		return nil, fmt.Errorf("write: %s after TARGET: flags come first", words[0])
	case asHex:
		p, err := hex.DecodeString(strings.Join(words, ""))
		if err != nil {
			return nil, fmt.Errorf("--hex %s: want an even number of hexadecimal digits", strings.Join(words, " "))
		}
		return p, nil
	case noLineEnd:
		return []byte(strings.Join(words, " ")), nil
	}
	return []byte(strings.Join(words, " ") + "\n"), nil
}

func insmodCommand() *cli.Command {
	return controlCommand("insmod", "load a module (administrator only)")
}

func rmmodCommand() *cli.Command {
	return controlCommand("rmmod", "unload a module, even in use (administrator only)")
}

// controlCommand returns a command that writes verb and the name of a module to ctl.
func controlCommand(verb, usage string) *cli.Command {
	return &cli.Command{
		Name:      verb,
		Usage:     usage,
		ArgsUsage: "[TARGET] NAME",
		Description: "Only root and the user who runs the server may do this, over its unix socket.\n\n" +
			"    fullex " + verb + " full_ex\n\n" + targetHelp,
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 1, 2)
			if err != nil {
				return err
			}
			name, rest, err := optionalTarget(args, 1)
			if err != nil {
				return err
			}
			if strings.ContainsAny(rest[0], ":/ ") {
				return fmt.Errorf("%s: %q is not a module name, want [TARGET] NAME", verb, rest[0])
			}
			return onTarget(c.Context, name, func(t target.Target) error {
				if _, err := t.Stat("ctl"); err != nil {
					return fmt.Errorf("%s is not the tree of a server: %w", name, err)
				}
				if err := writeFile(t, "ctl", []byte(verb+" "+rest[0]+"\n")); err != nil {
					return fmt.Errorf("%s %s: %w%s", verb, rest[0], err, controlHint(verb, err))
				}
				return nil
			})
		},
	}
}

func lsmodCommand() *cli.Command {
	return &cli.Command{
		Name:         "lsmod",
		Usage:        "list the loaded modules",
		ArgsUsage:    "[TARGET]",
		Description:  "    fullex lsmod\n\n" + targetHelp,
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			name, err := targetOnly(c)
			if err != nil {
				return err
			}
			return onTarget(c.Context, name, func(t target.Target) error {
				return readFile(t, "modules", c.App.Writer)
			})
		},
	}
}
