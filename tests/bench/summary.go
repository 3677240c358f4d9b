package main

import (
	"fmt"
	"io"
	"slices"
)

// cellResult is the result of a cell.
type cellResult struct {
	Cell    string         `json:"cell"`
	Servers []serverResult `json:"servers"`
}

// serverResult is the result of one server in a cell. Ratios are to the baseline. Numbers
// are medians over the rounds unless their names say otherwise.
type serverResult struct {
	Name           string  `json:"name"`
	Rate           float64 `json:"ops_per_second"`
	CPU            float64 `json:"cpu_us_per_op"`
	Ratio          float64 `json:"ratio"`
	RatioMin       float64 `json:"ratio_min"`
	RatioMax       float64 `json:"ratio_max"`
	RatioOfMedians float64 `json:"ratio_of_medians"`
	CPURatio       float64 `json:"cpu_ratio"`

	Rates []float64 `json:"ops_per_second_by_round"`
	CPUs  []float64 `json:"cpu_us_per_op_by_round"`
}

// summarise returns the result of a cell with the samples of each server. The first server
// is the baseline.
func summarise(cell string, servers []turn, samples [][]sample) cellResult {
	rate := func(s sample) float64 { return s.rate }
	cpu := func(s sample) float64 { return s.cpu }
	baseRates, baseCPUs := pick(samples[0], rate), pick(samples[0], cpu)
	result := cellResult{Cell: cell}
	for i, server := range servers {
		rates, cpus := pick(samples[i], rate), pick(samples[i], cpu)
		perRound := ratios(rates, baseRates)
		result.Servers = append(result.Servers, serverResult{
			Name:           server.name,
			Rate:           median(rates),
			CPU:            median(cpus),
			Ratio:          median(perRound),
			RatioMin:       slices.Min(perRound),
			RatioMax:       slices.Max(perRound),
			RatioOfMedians: median(rates) / median(baseRates),
			CPURatio:       median(ratios(cpus, baseCPUs)),
			Rates:          rates,
			CPUs:           cpus,
		})
	}
	return result
}

// server returns the result of a server, if it ran.
func (r cellResult) server(name string) (serverResult, bool) {
	i := slices.IndexFunc(r.Servers, func(s serverResult) bool { return s.Name == name })
	if i < 0 {
		return serverResult{}, false
	}
	return r.Servers[i], true
}

// describe prints what is compared, and the head of the table.
func (config speedConfig) describe(w io.Writer) {
	fmt.Fprintf(w, "Twrite and Tread of 4 bytes in turn over unix sockets; %d rounds of %v\n", config.n, config.length)
	for _, server := range config.servers {
		fmt.Fprintf(w, "  %-7s %s\n", server.name, server.what)
	}
	fmt.Fprintf(w, "\n%-8s %-7s %10s %10s   %-20s %7s %7s\n", "", "", "median", "CPU us", "ratio to "+baseline, "of", "CPU")
	fmt.Fprintf(w, "%-8s %-7s %10s %10s   %-20s %7s %7s\n", "cell", "server", "op/s", "an op", "median [min..max]", "medians", "ratio")
}

// print prints the rows of a cell.
func (r cellResult) print(w io.Writer) {
	fmt.Fprintln(w)
	for _, s := range r.Servers {
		spread := fmt.Sprintf("%.2f [%.2f..%.2f]", s.Ratio, s.RatioMin, s.RatioMax)
		fmt.Fprintf(w, "%-8s %-7s %10.0f %10.3f   %-20s %7.2f %7.2f\n",
			r.Cell, s.Name, s.Rate, s.CPU, spread, s.RatioOfMedians, s.CPURatio)
	}
	r.writeRatio(w, "%-8s %-29s", command, ours)
}

// ratio returns the ratio of a server's rate to another's in each round, and false if one of
// them did not run.
func (r cellResult) ratio(of, to string) ([]float64, bool) {
	a, ok := r.server(of)
	b, also := r.server(to)
	if !ok || !also {
		return nil, false
	}
	return ratios(a.Rates, b.Rates), true
}

// writeRatio prints the ratio of one server to another in a row of its own, if both ran.
func (r cellResult) writeRatio(w io.Writer, columns, of, to string) {
	if all, ok := r.ratio(of, to); ok {
		fmt.Fprintf(w, columns+"   %.2f [%.2f..%.2f]\n", r.Cell, of+"'s ratio to "+to, median(all), slices.Min(all), slices.Max(all))
	}
}

// writeRatesHead prints the head of a table of rates, with its words for a cell and a server,
// and the name of the server that ratios are to.
func writeRatesHead(w io.Writer, cell, server, base string) {
	fmt.Fprintf(w, "\n%-10s %-9s %10s %10s   ratio to %s, median [min..max]\n", cell, server, "op/s", "CPU us", base)
}

// writeRates prints the rows of a cell.
func (r cellResult) writeRates(w io.Writer) {
	fmt.Fprintln(w)
	for _, s := range r.Servers {
		fmt.Fprintf(w, "%-10s %-9s %10.0f %10.3f   %.2f [%.2f..%.2f]\n", r.Cell, s.Name, s.Rate, s.CPU, s.Ratio, s.RatioMin, s.RatioMax)
	}
}
