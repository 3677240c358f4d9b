package main

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"fullex/device"
	"fullex/p9srv"
	"fullex/p9srv/faulty"
)

// faultFlags are those of commands that start a server.
func faultFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "fault", Usage: "`NAME[=PARAM]` of a wrong behaviour to plant, repeatable, for those who test their tests; help lists them"},
		&cli.BoolFlag{Name: "list-faults", Usage: "list the faults, and do nothing else"},
	}
}

// wantsFaultList says whether the faults shall be listed.
func wantsFaultList(c *cli.Context) bool {
	return c.Bool("list-faults") || slices.Contains(c.StringSlice("fault"), "help")
}

// listFaults prints a line for each fault.
func listFaults(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range allFaults() {
		fmt.Fprintf(table, "%s%s\t%s\n", f.Name, f.Param, f.Sentence)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// allFaults returns those of the device and those of the wire.
func allFaults() []device.Fault { return slices.Concat(device.Faults(), faulty.OfTheWay()) }

// faults are what is planted in a server. The zero faults are none.
type faults struct {
	device, wire []device.Planted
}

// parseFaults reads texts of the form NAME[=PARAM].
func parseFaults(texts []string) (faults, error) {
	var list faults
	for _, text := range texts {
		p, err := device.ParseFault(allFaults(), text)
		if err != nil {
			return faults{}, fmt.Errorf("--fault %w", err)
		}
		if slices.ContainsFunc(list.all(), func(q device.Planted) bool { return q.Name == p.Name }) {
			return faults{}, fmt.Errorf("--fault %s: given twice", p.Name)
		}
		if slices.Contains(device.Faults(), p.Fault) {
			list.device = append(list.device, p)
		} else {
			list.wire = append(list.wire, p)
		}
	}
	return list, nil
}

func (f faults) all() []device.Planted { return slices.Concat(f.device, f.wire) }

// announce tells of each fault, whatever the level of the log.
func (f faults) announce(log *slog.Logger) {
	for _, p := range f.all() {
		log.Warn("this server is faulty on purpose", "fault", p.String(), "what", p.Sentence)
	}
}

// newServer returns a server with the modules named loaded, or all if none is,
// and with faults.
func newServer(modules []string, f faults) (*p9srv.Server, error) {
	if name := new(device.FullEx).Name(); len(f.device) > 0 && len(modules) > 0 && !slices.Contains(modules, name) {
		return nil, fmt.Errorf("--fault %s: it is of module %s, which --module leaves out", f.device[0], name)
	}
	kernel, err := kernelWith(modules, f.device...)
	if err != nil {
		return nil, err
	}
	if len(f.wire) == 0 {
		return &p9srv.Server{Kernel: kernel}, nil
	}
	layer, err := faulty.Layer(f.wire...)
	if err != nil {
		return nil, fmt.Errorf("--fault %w", err)
	}
	kernel.Planted = f.wire
	return &p9srv.Server{Kernel: kernel, Layer: layer}, nil
}
