package check

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device/contract"
)

// of returns the result of one case.
func of(t *testing.T, r Results, id string) Result {
	t.Helper()
	for _, c := range r.Cases {
		if c.ID == id {
			return c
		}
	}
	require.Fail(t, "no case "+id)
	return Result{}
}

func runOn(t *testing.T, d *faulty, o Options) Results {
	t.Helper()
	r, err := Run(t.Context(), d.client, o)
	require.NoError(t, err)
	return r
}

// notInMemory are the cases that need more than the methods of an Opener.
var notInMemory = []string{
	"open.each", "file.kind", "file.change", "file.offsets", "read.submitted", "read.sent", "close.frees",
	"fork.shared", "fork.outlives", "fork.own", "reply.order", "unload.open",
}

func TestOpenerWithoutOtherMethodsPasses(t *testing.T) {
	assertSound(t, runOn(t, &faulty{}, Options{}), notInMemory...)
}

func TestPlantedFaultsAreFound(t *testing.T) {
	for name, test := range map[string]struct {
		device *faulty
		fails  map[string]string // the reasons, by the ids of cases
	}{
		"second open": {&faulty{secondOpen: true}, map[string]string{
			"open.twice": "second open by the same client succeeded, must fail with EACCES"}},
		"capacity off by one": {&faulty{oneMore: true}, map[string]string{
			"write.full":     "write to a full deque returned 4, must fail with EACCES",
			"capacity.exact": "write to a full deque, with 1 of 1 values, returned 4, must fail with EACCES"}},
		"EINVAL instead of EACCES": {&faulty{invalid: true}, map[string]string{
			"read.empty":  "read on an empty deque failed with EINVAL, must fail with EACCES",
			"write.new.4": "write of 4 bytes to a new session failed with EINVAL, must fail with EACCES"}},
		"0 bytes from an empty deque": {&faulty{zero: true}, map[string]string{
			"read.empty": "read on an empty deque returned 0, must fail with EACCES"}},
		"odd values go right": {&faulty{mirrored: true}, map[string]string{
			"write.odd": "read returned the value 1, must return 5, the leftmost"}},
		"short reads pop": {&faulty{popsShort: true}, map[string]string{
			"read.short.3": "read of 3 bytes on a deque that is not empty returned 4, must fail with EINVAL"}},
		"values outlive a close": {&faulty{keepsValues: true}, map[string]string{
			"close.resets": "read on a new session returned 4, must fail with EACCES"}},
		"one deque for all": {&faulty{shared: true}, map[string]string{
			"process.own": "write of the capacity 2 to a new session failed with EINVAL, must return 1"}},
		"a refused push removes a value": {&faulty{dropsOnRefuse: true}, map[string]string{
			"write.full": "write of an odd value to a full deque returned 4, must fail with EACCES"}},
	} {
		r := runOn(t, test.device, Options{Seed: 9, Timeout: time.Second})
		assert.Equal(t, ExitFailed, r.Exit(), name)
		for id, sentence := range test.fails {
			c := of(t, r, id)
			assert.Equal(t, Failed, c.Status, "%s: %s", name, id)
			assert.Equal(t, sentence, c.Reason, "%s: %s", name, id)
			assert.NotEmpty(t, c.Row)
		}
		if name != "second open" && name != "values outlive a close" && name != "one deque for all" && name != "short reads pop" {
			random := of(t, r, "random.sessions")
			assert.Equal(t, Failed, random.Status, name)
			assert.Contains(t, random.Reason, "seed 9", name)
		}
	}
}

func TestFirstWrongCallIsTheLastPrinted(t *testing.T) {
	c := of(t, runOn(t, &faulty{zero: true}, Options{Only: []string{"read.empty"}}), "read.empty")
	assert.Equal(t, []string{
		`open("/memory", O_RDWR) = 3`,
		`write(3, "\2", 1) = 1`,
		`read(3, "", 4) = 0`,
	}, c.Calls)
}

func TestModuleProfileAcceptsShortReadsThatPop(t *testing.T) {
	r := runOn(t, &faulty{popsShort: true}, Options{Contract: contract.Of(contract.Module)})
	for _, id := range []string{"read.short.1", "read.short.2", "read.short.3"} {
		c := of(t, r, id)
		assert.Equal(t, Passed, c.Status, c.Reason)
		assert.Contains(t, strings.Join(c.Notes, " "), "as the original does")
	}
	assert.Equal(t, ExitPassed, r.Exit())
}

func TestHangFailsItsCaseAndTheRunGoesOn(t *testing.T) {
	d := &faulty{hang: make(chan struct{})}
	defer close(d.hang)
	start := time.Now()
	r := runOn(t, d, Options{Timeout: 20 * time.Millisecond, Only: []string{"read.one", "open.again", "capacity.1"}})
	assert.Less(t, time.Since(start), 10*time.Second)
	assert.Equal(t, Passed, of(t, r, "open.again").Status, "the other cases go on")
	c := of(t, r, "read.one")
	assert.Equal(t, Failed, c.Status)
	assert.True(t, c.Timeout)
	assert.Equal(t, "read did not return within 20ms", c.Reason)
	assert.Equal(t, `read(3, <unfinished ...>`, c.Calls[len(c.Calls)-1])
}

func TestReasonDistinguishesASlowDeviceFromAHang(t *testing.T) {
	r := runOn(t, &faulty{slow: time.Millisecond}, Options{Timeout: 100 * time.Millisecond, Only: []string{"close.cycles"}})
	assert.Regexp(t, `^the case did not end within 100ms, in which it made \d+ calls \(see --timeout\)$`, r.Cases[0].Reason)
	assert.True(t, r.Cases[0].Timeout)
}

func TestPanicEndsItsCaseAndTheRunGoesOn(t *testing.T) {
	only := []string{"read.one", "process.race", "process.many", "open.again"}
	r := runOn(t, &faulty{panics: true}, Options{Only: only, Timeout: 2 * time.Second})
	assert.Equal(t, Passed, of(t, r, "open.again").Status, "the other cases go on")
	for _, id := range only[:3] {
		c := of(t, r, id)
		assert.Equal(t, NotRun, c.Status, id)
		assert.Equal(t, "fullex has a defect: panic: as planted", c.Reason, id)
		assert.Contains(t, strings.Join(c.Notes, "\n"), "faulty_test.go", "the stack of the panic")
	}
	assert.Equal(t, ExitNotRun, r.Exit(), "the device did not fail")
	for _, format := range Formats {
		assert.NotEmpty(t, printed(t, r, format))
	}
	_, err := parseKTAP(printed(t, r, "ktap"))
	assert.NoError(t, err)
}

// TestResultsOfAStoppedRunHaveAllCases also checks the status of cases that did not run.
func TestResultsOfAStoppedRunHaveAllCases(t *testing.T) {
	for name, test := range map[string]struct {
		device *faulty
		exit   int
	}{"sound": {&faulty{}, ExitNotRun}, "faulty": {&faulty{secondOpen: true}, ExitFailed}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		test.device.hang = make(chan struct{})
		clients := 0
		open := func() (Client, error) {
			if clients++; clients > 4 {
				cancel(errors.New("told to"))
			}
			return test.device.client()
		}
		r, err := Run(ctx, open, Options{Only: []string{"read.one", "open.twice", "open.twice.new", "file.kind"}})
		close(test.device.hang)
		assert.EqualError(t, err, "stopped in read.one: told to", name)
		assert.Equal(t, err.Error(), r.Stopped, name)
		require.Len(t, r.Cases, 4, name)
		assert.Equal(t, NotRun, r.Cases[3].Status, name)
		assert.Equal(t, test.exit, r.Exit(), name)
	}
}

func TestSameSeedMakesTheSameCalls(t *testing.T) {
	calls := func(seed uint64) []string {
		return of(t, runOn(t, &faulty{}, Options{Seed: seed, Sessions: 3, Only: []string{"random.sessions"}}), "random.sessions").Calls
	}
	assert.Equal(t, calls(7), calls(7))
	assert.NotEqual(t, calls(7), calls(8))
}

func TestSeveralRunsAtTheSameTime(t *testing.T) {
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { assertSound(t, runOn(t, &faulty{}, Options{}), notInMemory...) })
	}
	all.Wait()
}

func TestOptionsChooseCases(t *testing.T) {
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{Only: []string{"open.twice"}}, "open.twice"},
		{Options{Only: []string{"kill.", "read.zero"}}, "read.zero kill.frees"},
		{Options{Only: []string{"open.twice", "open.twice.", "read.zero"}, Skip: []string{"open.twice."}}, "open.twice read.zero"},
	} {
		cases, err := test.o.Chosen()
		require.NoError(t, err)
		var ids []string
		for _, c := range cases {
			ids = append(ids, c.ID)
		}
		assert.Equal(t, test.want, strings.Join(ids, " "))
	}
	for want, o := range map[string]Options{
		"--only nope: no such case": {Only: []string{"nope"}},
		"--skip write: no such":     {Skip: []string{"write"}},
		"no case is left":           {Only: []string{"open."}, Skip: []string{"open."}},
	} {
		_, err := Run(t.Context(), (&faulty{}).client, o)
		assert.ErrorContains(t, err, want)
	}
}

func TestRunThatCannotBeginIsAnError(t *testing.T) {
	gone := errors.New("gone")
	_, err := Run(t.Context(), func() (Client, error) { return Client{}, gone }, Options{})
	assert.ErrorIs(t, err, gone)
	_, err = Run(t.Context(), func() (Client, error) { select {} }, Options{Timeout: time.Millisecond})
	assert.EqualError(t, err, "no answer within 1ms")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Run(ctx, (&faulty{}).client, Options{})
	assert.ErrorIs(t, err, context.Canceled)
}

// TestEveryRowHasACase also checks that cases name no other rows.
func TestEveryRowHasACase(t *testing.T) {
	rows, ids := map[string]int{}, map[string]bool{}
	for _, c := range Cases(contract.Of(contract.Fixed)) {
		rows[c.Row]++
		assert.False(t, ids[c.ID], "%s is there twice", c.ID)
		ids[c.ID] = true
		assert.Regexp(t, `^[a-z]+(\.[a-z0-9]+)+$`, c.ID)
		assert.Positive(t, c.Weight, c.ID)
		assert.NotEmpty(t, c.Title, c.ID)
	}
	for _, r := range contract.Rows {
		assert.Positive(t, rows[r.String()], r)
		delete(rows, r.String())
	}
	assert.Empty(t, rows)
}
