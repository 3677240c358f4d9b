package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/v9fs"
	"fullex/p9srv"
)

func mountCommand() *cli.Command {
	return &cli.Command{
		Name:      "mount",
		Usage:     "mount a server at a directory",
		ArgsUsage: "[TARGET] DIR",
		Description: "With --v9fs it is the kernel's 9p client that mounts, which needs root. TARGET is\n" +
			"an endpoint: unix:PATH, tcp:HOST:PORT, vsock:CID:PORT or fd:N; without it, it is\n" +
			"where fullex serve listens on this machine if told nothing else. Installed as\n" +
			"/sbin/mount.fullex it serves mount -t fullex and fstab.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "v9fs", Usage: "mount with the kernel's 9p client"},
			&cli.StringSliceFlag{Name: "o", Usage: "`OPTIONS` of the mount, separated by commas, such as aname=/each,ro; trans=fd connects here instead of in the kernel"},
			&cli.BoolFlag{Name: "fake", Aliases: []string{"f"}, Usage: "check everything and do not mount, as mount -f"},
			&cli.StringFlag{Name: "print", Usage: "print how to do it instead: `FORM` is mount, for a command, or fstab"},
		},
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 1, 2)
			if err != nil {
				return err
			}
			if !c.Bool("v9fs") {
				return fmt.Errorf("mount: want --v9fs (flags come first), to mount with the kernel's 9p client")
			}
			name, rest := optionalTarget(args, 1)
			return mount(c, c.String("print"), name, rest[0], v9fs.ParseOptions(c.StringSlice("o")...))
		},
	}
}

// mount mounts a server, or prints how to.
func mount(c *cli.Context, form, name, dir string, options v9fs.Options) error {
	e, err := p9srv.ParseEndpoint(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context, connectTime)
	defer cancel()
	m := v9fs.Mount{Endpoint: e, Dir: dir, Options: options, Fake: c.Bool("fake")}
	var text string
	switch form {
	case "":
		return m.Do(ctx)
	case "mount":
		text, err = m.Line(ctx)
	case "fstab":
		text, err = m.Fstab(ctx)
	default:
		return fmt.Errorf("--print %s: want mount or fstab", form)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.App.Writer, text)
	return err
}

func umountCommand() *cli.Command {
	return &cli.Command{
		Name:         "umount",
		Usage:        "end a mount of a server",
		ArgsUsage:    "DIR",
		Flags:        []cli.Flag{&cli.BoolFlag{Name: "lazy", Aliases: []string{"l"}, Usage: "also if something of it is in use: it ends with that"}},
		OnUsageError: oneLine,
		Action: func(c *cli.Context) error {
			args, err := arguments(c, 1, 1)
			if err != nil {
				return err
			}
			return v9fs.Unmount(args[0], c.Bool("lazy"))
		},
	}
}
