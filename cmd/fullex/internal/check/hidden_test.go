package check

import (
	"context"
	"errors"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
)

// hiding are the options of a run with three hidden cases: one passes, one fails and one is
// skipped. A fourth case passes and is not hidden.
var hiding = Options{Only: []string{"open.new", "capacity.0", "read.empty", "fork.own"}, Hide: []string{"open.", "read.empty", "fork.own"}, Repeat: "do so"}

func TestHiddenCasesCountAndAreNotNamed(t *testing.T) {
	shown := hiding
	shown.Hide = nil
	want, got := runOn(t, &faulty{zero: true}, shown), runOn(t, &faulty{zero: true}, hiding)
	for _, s := range []Status{Passed, Failed, Skipped, NotRun} {
		cases, weight := want.Count(s)
		hiddenCases, hiddenWeight := got.Count(s)
		assert.Equal(t, []int{cases, weight}, []int{hiddenCases, hiddenWeight}, s)
	}
	assert.Equal(t, want.Exit(), got.Exit())
	for format, lines := range map[string][]string{
		"human": {`^ok       hidden case 1$`, `^FAILED   hidden case 2$`, `^skipped  hidden case 3$`, `^ok       capacity.0             a write of the byte 0 `},
		"ktap":  {`^ok 1 hidden case 1$`, `^ok 2 capacity.0$`, `^not ok 3 hidden case 2$`, `^ok 4 hidden case 3 # SKIP$`},
		"junit": {
			`^ *<testcase classname="full_ex.hidden" name="hidden case 1" time="0.000"></testcase>$`,
			`^ *<testcase classname="full_ex.hidden" name="hidden case 2" time="0.000">\n *<failure message="" type="contract"></failure>$`,
			`^ *<testcase classname="full_ex.hidden" name="hidden case 3" time="0.000">\n *<skipped message=""></skipped>$`,
		},
		"json":       {`"id": "hidden case 2",\n *"title": "",\n *"row": "",\n *"weight": 3,\n *"status": "failed",\n *"calls": \[\],\n *"hidden": true,\n *"nanoseconds": 0\n`},
		"gradescope": {`"name": "hidden case 2",\n *"number": "hidden case 2",\n *"score": 0,\n *"max_score": 3,\n *"status": "failed",\n *"output": ""\n`},
	} {
		text := printed(t, got, format)
		for _, line := range lines {
			assert.Regexp(t, `(?m)`+line, text, format)
		}
		for _, c := range want.Cases {
			if c.ID == "capacity.0" {
				assert.Contains(t, text, c.ID, format)
				continue
			}
			for _, secret := range append(c.explanation(), c.ID, c.Title, c.Row) {
				assert.NotRegexp(t, regexp.QuoteMeta(secret), text, format)
			}
		}
	}
	assert.Len(t, formats, 5, "the table above has lines of each format")
}

func TestRunStoppedInAHiddenCaseDoesNotNameIt(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	d := &faulty{hang: make(chan struct{})}
	defer close(d.hang)
	clients := 0
	open := func() (Client, error) {
		if clients++; clients > 1 {
			cancel(errors.New("told to"))
		}
		return d.client()
	}
	r, err := Run(ctx, open, Options{Only: []string{"read.empty"}, Hide: []string{"read."}})
	assert.EqualError(t, err, "stopped in hidden case 1: told to")
	assert.Equal(t, "hidden case 1", r.Cases[0].ID)
	assert.NotContains(t, printed(t, r, "json"), "read")
}

func TestRunThatCannotBeginHidesItsCases(t *testing.T) {
	for _, o := range []Options{hiding, {Only: []string{"nope"}, Hide: hiding.Hide}, {Hide: append(hiding.Hide, "nope")}} {
		text := printed(t, Unrun(o, errors.New("gone")), "json")
		for _, secret := range []string{"open.new", "read.empty", "fork.own"} {
			assert.NotContains(t, text, `"id": "`+secret+`"`)
		}
		assert.Contains(t, text, "hidden case 3")
	}
}

func TestUnknownCaseIsAnErrorWithSuggestions(t *testing.T) {
	for want, o := range map[string]Options{
		"--hide nope: no such case (see --list)":                                                        {Hide: []string{"nope"}},
		"--hide open.twise: no such case (see --list), did you mean open.twice?":                        {Hide: []string{"open.twise"}},
		"--only write: no such case (see --list), did you mean write.?":                                 {Only: []string{"write"}},
		"--skip read.long: no such case (see --list), did you mean read.one, read.long.5, read.long.8?": {Skip: []string{"read.long"}},
	} {
		_, err := o.Chosen()
		assert.EqualError(t, err, want)
	}
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "axc", 1}, {"abc", "ac", 1}, {"kitten", "sitting", 3}} {
		assert.Equal(t, test.want, distance(test.a, test.b), test)
		assert.Equal(t, test.want, distance(test.b, test.a), test)
	}
}

func TestFailedRunPrintsTheCommandThatRepeatsIt(t *testing.T) {
	for _, failed := range []bool{true, false} {
		r := sample
		r.Repeat = "fullex check --seed 9 /mnt"
		if !failed {
			r.Cases = r.Cases[:1]
		}
		for _, format := range Formats {
			text := printed(t, r, format)
			assert.Contains(t, text, "9223372036854775809", format)
			if failed || format == "json" || format == "junit" {
				assert.Contains(t, text, "fullex check --seed 9 /mnt", format)
			} else {
				assert.NotContains(t, text, "repeat", format)
			}
		}
	}
}
