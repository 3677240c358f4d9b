package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"fullex/p9srv/endpoint"
)

// vhostCapabilities is what --print-capabilities prints (QEMU's
// docs/interop/vhost-user.json, "VHostUserBackendType").
const vhostCapabilities = `{"type": "9p"}`

// vhostCommand follows the conventions for back-ends that managers of virtual machines start
// (QEMU's docs/interop/vhost-user.rst, "Backend program conventions").
func vhostCommand() *cli.Command {
	return &cli.Command{
		Name:  vhostBackend,
		Usage: "serve the virtio-9p device of one virtual machine",
		Description: "For programs that manage virtual machines and start a back-end for each. To\n" +
			"serve many machines, use \"fullex serve --listen vhost-user:PATH\".\n\n" +
			"    fullex vhost-user-9p --socket-path=/run/vm1.sock\n\n" +
			"Managers find it by its type if it is installed as /usr/libexec/vhost-user-9p,\n" +
			"and 50-fullex-9p.json in /usr/share/qemu/vhost-user.\n\n" +
			limitHelp,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "socket-path", Usage: "listen at `PATH`"},
			&cli.IntFlag{Name: "fd", Value: -1, DefaultText: "none", Usage: "serve the inherited socket `N`, listening or connected"},
			&cli.StringFlag{Name: "tag", Value: "fullex", Usage: "name the device `TAG`, by which the guest mounts it"},
			&cli.BoolFlag{Name: "print-capabilities", Usage: "print the type of the back-end as JSON and exit"},
		}, limitFlags()...),
		OnUsageError: oneLine,
		Action:       vhost,
	}
}

func vhost(c *cli.Context) error {
	if c.Bool("print-capabilities") { // by the conventions all other arguments are ignored then
		_, err := fmt.Fprintln(c.App.Writer, vhostCapabilities)
		return err
	}
	if err := noArguments(c); err != nil {
		return err
	}
	if c.IsSet("socket-path") == c.IsSet("fd") {
		return errors.New("vhost-user-9p: want either --socket-path=PATH or --fd=N")
	}
	var config serveConfig
	if err := config.takeLimits(c); err != nil {
		return fmt.Errorf("vhost-user-9p: %w", err)
	}
	ctx, stop := untilTold(c.Context)
	defer stop()
	s, err := vhostSource(ctx, c)
	if err != nil {
		return err
	}
	server, err := newServer(nil, planting{})
	if err != nil {
		return errors.Join(err, s.close())
	}
	lines := config.logLines(c.App.ErrWriter)
	defer lines.Close(flushTime)
	server.Kernel.MaxSessions = config.sessions
	server.Limits, server.Log = config.limits, config.logger(lines)
	up, err := newUpgrader(server, nil, errors.New("virtual machines cannot be carried"), server.Log)
	if err != nil {
		return err
	}
	defer up.close()
	return serveAll(ctx, server, []source{s}, server.Log, up)
}

// vhostSource opens the socket that the flags name.
func vhostSource(ctx context.Context, c *cli.Context) (source, error) {
	if c.IsSet("fd") {
		if c.Int("fd") < 0 {
			return source{}, fmt.Errorf("--fd %d: want fd:N, the number of an inherited socket", c.Int("fd"))
		}
		l, conn, err := endpoint.InheritVhost(c.Int("fd"), c.String("tag"))
		return source{endpoint: endpoint.FD(c.Int("fd")), listener: l, conn: conn}, err
	}
	e, err := endpoint.Vhost(c.String("socket-path"), c.String("tag"))
	if err != nil {
		return source{}, err
	}
	return openSource(ctx, e)
}
