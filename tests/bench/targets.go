package main

import (
	"fmt"
	"strings"
)

// The targets. Those of speed are ratios to the baseline of the same round.
const (
	maxCPURatio  = 1.25
	minDiodTimes = 20 // at diodCell
	diodCell     = "1x64"

	// minEmbedded and minEmbeddedOfC are the least rates of a mount with its own server,
	// as ratios to those of files that do nothing, in Go and in C. maxUnix is the most
	// time of an operation on a mount of a server at a unix socket, as a ratio to the
	// time of an operation on the file in Go and of a round trip together.
	minEmbedded    = 0.95
	minEmbeddedOfC = 0.9
	maxUnix        = 1.15

	// minCommand is the least rate of the server under fullex bench, at commandCell, as a
	// ratio to the rate under the same load without latencies.
	minCommand  = 0.8
	commandCell = "1x64"

	// minTraced is the least rate of a connection through fullex trace, as a ratio to
	// that of a direct one.
	minTraced = 0.25

	// maxIdleKiB is the most memory of an idle connection with an open session.
	maxIdleKiB = 9
	// maxLiveRatio is the most time of an operation with many live sessions, as a ratio
	// to the time with few.
	maxLiveRatio = 1.2
	// maxGrowthKiB is by how much a server's memory may grow after the first quarter of
	// many opens and closes: the noise of the garbage collector. A leak of one word for
	// each of the other 750,000 would be twice that.
	maxGrowthKiB = 3 << 10

	// maxPause is the longest median pause of an upgrade, in milliseconds, with at most
	// fewConns connections, and maxLongPause with at most manyConns.
	maxPause     = 50
	fewConns     = 100
	maxLongPause = 500
	manyConns    = 5000
)

// minRatios are the targets for the rate, by cell.
var minRatios = map[string]float64{
	"1x1":    0.95,
	"1x16":   0.9,
	"1x64":   0.9,
	"1x256":  0.9,
	"64x1":   0.85,
	"64x16":  0.85,
	"1000x1": 0.85,

	"1x1:open":  0.6,
	"1x64:open": 0.25,
}

// speedMisses returns a line for each target that our server missed. A cell without a target
// of its own has only the target of CPU time.
func speedMisses(results []cellResult) []string {
	var misses []string
	for _, r := range results {
		fullex, ok := r.server(ours)
		if !ok {
			continue
		}
		if want, ok := minRatios[r.Cell]; ok && fullex.Ratio < want {
			misses = append(misses, fmt.Sprintf("%s: ratio to %s %.2f, want %.2f%s", r.Cell, baseline, fullex.Ratio, want, r.noise()))
		}
		if fullex.CPURatio > maxCPURatio && !strings.HasSuffix(r.Cell, opensMark) {
			misses = append(misses, fmt.Sprintf("%s: CPU time %.2f of that of %s, want at most %.2f", r.Cell, fullex.CPURatio, baseline, maxCPURatio))
		}
		if diod, ok := r.server("diod"); ok && r.Cell == diodCell && fullex.Rate < minDiodTimes*diod.Rate {
			misses = append(misses, fmt.Sprintf("%s: %.1f times diod, want %d", r.Cell, fullex.Rate/diod.Rate, minDiodTimes))
		}
		if bench, ok := r.ratio(command, ours); ok && r.Cell == commandCell && median(bench) < minCommand {
			misses = append(misses, fmt.Sprintf("%s: fullex bench %.2f of %s, want %.2f%s", r.Cell, median(bench), ours, minCommand, r.noise()))
		}
	}
	return misses
}

// noise returns a note with the ratio of the baseline's twin, or "" if that did not run.
func (r cellResult) noise() string {
	twin, ok := r.server("twin")
	if !ok {
		return ""
	}
	return fmt.Sprintf(" (twin %.2f)", twin.Ratio)
}

// traceMisses returns a line for each way of tracing that missed its target.
func traceMisses(results []cellResult) []string {
	var misses []string
	for _, r := range results {
		for _, way := range r.Servers {
			if way.Ratio < minTraced {
				misses = append(misses, fmt.Sprintf("%s: %s %.2f of %s, want %.2f", r.Cell, way.Name, way.Ratio, direct, minTraced))
			}
		}
	}
	return misses
}

// upgradeMisses returns a line for each row whose pauses are too long, or in which anything
// failed.
func upgradeMisses(results []upgradeResult) []string {
	var misses []string
	for _, r := range results {
		row := fmt.Sprintf("%d of %d connections busy", r.Busy, r.Conns)
		if r.Failed > 0 {
			misses = append(misses, fmt.Sprintf("%s: %d failed", row, r.Failed))
		}
		most := float64(maxPause)
		if r.Conns > fewConns {
			most = maxLongPause
		}
		if r.Conns <= manyConns && r.Median > most {
			misses = append(misses, fmt.Sprintf("%s: a pause of %.1f ms, want at most %.0f", row, r.Median, most))
		}
	}
	return misses
}

// fuseMisses returns a line for each target that our mounts missed. maxUnix is for one
// process: with many, rates do not say how long an operation takes.
func fuseMisses(results []cellResult) []string {
	var misses []string
	for _, r := range results {
		embedded, _ := r.server(embeddedMount)
		if embedded.Ratio < minEmbedded {
			misses = append(misses, fmt.Sprintf("%s processes: embedded %.2f of bare, want %.2f%s", r.Cell, embedded.Ratio, minEmbedded, r.noise()))
		}
		if ofC, ok := r.ratio(embeddedMount, cMount); ok && median(ofC) < minEmbeddedOfC {
			misses = append(misses, fmt.Sprintf("%s processes: embedded %.2f of c, want %.2f%s", r.Cell, median(ofC), minEmbeddedOfC, r.noise()))
		}
		if times := r.unixTimes(); r.Cell == "1" && times > maxUnix {
			misses = append(misses, fmt.Sprintf("unix: %.2f times a bare operation and a round trip, want at most %.2f", times, maxUnix))
		}
	}
	return misses
}

// unixTimes returns the time of an operation on the mount of a server at a unix socket, as a
// ratio to the time of an operation on the bare file and of a round trip together.
func (r cellResult) unixTimes() float64 {
	bare, _ := r.server(bareMount)
	echo, _ := r.server(echoTrip)
	unix, _ := r.server(unixMount)
	times := make([]float64, len(unix.Rates))
	for i := range times {
		times[i] = (1 / unix.Rates[i]) / (1/bare.Rates[i] + 1/echo.Rates[i])
	}
	return median(times)
}
