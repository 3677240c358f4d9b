package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"fullex/p9srv/client/load"
)

// Settings are the settings of a run, for the report.
type Settings struct {
	Targets  []string `json:"targets"`
	Conns    int      `json:"conns"`
	Depth    int      `json:"depth"`
	Mix      string   `json:"mix"`            // write:read:open
	Rate     float64  `json:"rate,omitempty"` // operations a second that were due; 0: as many as possible
	Duration float64  `json:"duration_s"`
}

// report is the JSON form of a run. Names of fields end in the unit of a duration, in s or
// ns.
type report struct {
	Settings
	Results []resultJSON    `json:"results"`           // one for each target
	Compare *comparisonJSON `json:"compare,omitempty"` // ratios of the second target to the first
	Error   string          `json:"error,omitempty"`   // why the run ended early
}

type resultJSON struct {
	Target   string              `json:"target"`
	Elapsed  float64             `json:"elapsed_s"`
	Ops      int64               `json:"ops"`
	Rate     float64             `json:"ops_per_s"`
	Missed   int64               `json:"missed"`
	Overlong int64               `json:"overlong"`
	Latency  latencyJSON         `json:"latency_ns"`
	Kinds    map[string]kindJSON `json:"kinds"`
	Counts   []barJSON           `json:"distribution"`
}

type kindJSON struct {
	Ops     int64       `json:"ops"`
	Refused int64       `json:"refused"`
	Latency latencyJSON `json:"latency_ns"`
}

// latencyJSON is in nanoseconds.
type latencyJSON struct {
	Min  int64 `json:"min"`
	Mean int64 `json:"mean"`
	P50  int64 `json:"p50"`
	P90  int64 `json:"p90"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p99_9"`
	Max  int64 `json:"max"`
}

type barJSON struct {
	From  int64 `json:"from_ns"`
	To    int64 `json:"to_ns"` // exclusive
	Count int64 `json:"count"`
}

type spreadJSON struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

type comparisonJSON struct {
	Rate spreadJSON `json:"ops_per_s"`
	P50  spreadJSON `json:"p50"`
	P99  spreadJSON `json:"p99"`
}

// WriteJSON prints the results as one object. They are in the order of the targets. compared
// is nil if there is one target. failed is the error that ended the run early, or nil.
func WriteJSON(w io.Writer, s Settings, results []*Result, compared *Comparison, failed error) error {
	out := report{Settings: s, Results: []resultJSON{}}
	if failed != nil {
		out.Error = failed.Error()
	}
	for i, r := range results {
		out.Results = append(out.Results, r.json(s.Targets[i]))
	}
	if compared != nil {
		out.Compare = &comparisonJSON{spreadJSON(compared.Rate), spreadJSON(compared.P50), spreadJSON(compared.P99)}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

func (r *Result) json(name string) resultJSON {
	out := resultJSON{
		Target: name, Elapsed: r.Elapsed.Seconds(), Ops: r.Total(), Rate: r.Rate(), Missed: r.Missed, Overlong: r.Overlong,
		Latency: r.Latencies().json(), Kinds: make(map[string]kindJSON),
	}
	for _, k := range load.Kinds {
		out.Kinds[k.String()] = kindJSON{r.Ops(k), r.Refused[k], r.Latency(k).json()}
	}
	for _, b := range r.Bars() {
		out.Counts = append(out.Counts, barJSON{int64(b.From), int64(b.To), b.Count})
	}
	return out
}

func (l Latency) json() latencyJSON {
	ns := time.Duration.Nanoseconds
	return latencyJSON{ns(l.Min), ns(l.Mean), ns(l.P50), ns(l.P90), ns(l.P99), ns(l.P999), ns(l.Max)}
}
