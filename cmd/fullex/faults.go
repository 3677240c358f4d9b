package main

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"fullex/device"
	"fullex/device/faults"
	"fullex/p9srv"
	"fullex/p9srv/faulty"
)

// faultFlags returns the flags about faults of a command that starts a server.
func faultFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "fault", Usage: "plant the wrong behaviour `NAME[=PARAM]`, to test tests (repeatable)"},
		&cli.BoolFlag{Name: "list-faults", Usage: "list the wrong behaviours of --fault and exit"},
	}
}

// wantsFaultList reports whether the flags ask for the list of faults.
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

// allFaults returns the faults of the device and those of the way to it.
func allFaults() []faults.Fault { return slices.Concat(faults.OfDevice(), faulty.OfTheWay()) }

// planting is the faults that are planted in a server. The zero planting has none.
type planting struct {
	device, way []faults.Planted
}

// parseFaults reads texts of the form NAME[=PARAM].
func parseFaults(texts []string) (planting, error) {
	var list planting
	for _, text := range texts {
		p, err := faults.Parse(allFaults(), text)
		if err != nil {
			return planting{}, fmt.Errorf("--fault %w", err)
		}
		if slices.ContainsFunc(list.all(), func(q faults.Planted) bool { return q.Name == p.Name }) {
			return planting{}, fmt.Errorf("--fault %s: given twice", p.Name)
		}
		if slices.Contains(faults.OfDevice(), p.Fault) {
			list.device = append(list.device, p)
		} else {
			list.way = append(list.way, p)
		}
	}
	return list, nil
}

func (f planting) all() []faults.Planted { return slices.Concat(f.device, f.way) }

// announce logs a warning for each fault. log must include warnings.
func (f planting) announce(log *slog.Logger) {
	for _, p := range f.all() {
		log.Warn("this server is faulty on purpose", "fault", p.String(), "what", p.Sentence)
	}
}

// newServer returns a server with faults, in which the named modules are loaded. Without
// names all modules are loaded.
func newServer(modules []string, f planting) (*p9srv.Server, error) {
	if name := new(device.FullEx).Name(); len(f.device) > 0 && len(modules) > 0 && !slices.Contains(modules, name) {
		return nil, fmt.Errorf("--fault %s: it needs module %s, which --module leaves out", f.device[0], name)
	}
	kernel, err := kernelWith(modules, f)
	if err != nil {
		return nil, err
	}
	server := &p9srv.Server{Kernel: kernel}
	if len(f.way) > 0 {
		if server.Layer, err = faulty.Layer(f.way...); err != nil {
			return nil, fmt.Errorf("--fault %w", err)
		}
	}
	return server, nil
}
