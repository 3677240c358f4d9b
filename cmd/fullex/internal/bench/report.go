package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"fullex/p9srv/client/load"
)

// WriteTable prints a result as a table, then warnings, then the distribution.
func (r *Result) WriteTable(w io.Writer, name string) error {
	fmt.Fprintf(w, "%s: %s op/s, %d operations in %.2f s\n", name, countText(r.Rate()), r.Total(), r.Elapsed.Seconds())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\toperations\trefused\tmin\tmean\tp50\tp90\tp99\tp99.9\tmax\t")
	shown := 0
	for _, k := range load.Kinds {
		if r.Ops(k) > 0 {
			shown++
			writeRow(table, k.String(), r.Ops(k), r.Refused[k], r.Latency(k))
		}
	}
	if shown > 1 {
		var refused int64
		for _, n := range r.Refused {
			refused += n
		}
		writeRow(table, "all", r.Total(), refused, r.Latencies())
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	r.warn(w)
	return r.writePlot(w)
}

func writeRow(w io.Writer, name string, ops, refused int64, l Latency) {
	fmt.Fprintf(w, "%s\t%d\t%d\t", name, ops, refused)
	for _, d := range []time.Duration{l.Min, l.Mean, l.P50, l.P90, l.P99, l.P999, l.Max} {
		fmt.Fprintf(w, "%s\t", durationText(d))
	}
	fmt.Fprintln(w)
}

// warn prints why numbers of the result may mislead.
func (r *Result) warn(w io.Writer) {
	if r.Missed > r.Total()/100 { // some are always missed: they are due at the very end
		fmt.Fprintf(w, "the rate was not kept: %d operations were due but never began\n", r.Missed)
	}
	if r.Overlong > 0 {
		fmt.Fprintf(w, "%d operations took more than a minute and count as a minute\n", r.Overlong)
	}
}

// barWidth is how long the longest bar is, in characters.
const barWidth = 40

// writePlot prints the distribution, with one line for each doubling of the latency. A line
// has the upper end, a bar, the percentage of operations in it, and that up to it.
func (r *Result) writePlot(w io.Writer) error {
	bars := r.Bars()
	var most, total int64
	for _, b := range bars {
		most = max(most, b.Count)
		total += b.Count
	}
	sum := int64(0)
	for _, b := range bars {
		sum += b.Count
		length := int((b.Count*barWidth + most - 1) / most) // rounded up, so that one operation is visible
		_, err := fmt.Fprintf(w, "  < %7s |%-*s| %6.2f %% %7.2f %%\n", durationText(b.To), barWidth,
			strings.Repeat("#", length), percent(b.Count, total), percent(sum, total))
		if err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}

func percent(part, of int64) float64 { return 100 * float64(part) / float64(of) }

// durationText formats a duration with at most three digits and a unit.
func durationText(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%dns", d)
	case d < time.Millisecond:
		return fmt.Sprintf("%.3gus", threeDigits(float64(d)/1e3))
	case d < time.Second:
		return fmt.Sprintf("%.3gms", threeDigits(float64(d)/1e6))
	}
	return fmt.Sprintf("%.3gs", d.Seconds())
}

// threeDigits keeps %.3g from writing 1000 as 1e+03.
func threeDigits(v float64) float64 { return min(v, 999) }

// countText formats a rate with a useful number of digits.
func countText(n float64) string {
	if n < 100 {
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.0f", n)
}

// WriteTable prints both results, and the ratios of the second to the first.
func (c *Comparison) WriteTable(w io.Writer, names [2]string) error {
	for i, r := range c.Results {
		if err := r.WriteTable(w, names[i]); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintf(w, "ratio of %s to %s, median [min..max] of the turns:\n  op/s %s, p50 %s, p99 %s\n",
		names[1], names[0], c.Rate, c.P50, c.P99)
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// String returns the median and the extremes: "1.000 [0.900..1.100]".
func (s Spread) String() string { return fmt.Sprintf("%.3f [%.3f..%.3f]", s.Median, s.Min, s.Max) }
