package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	// orderTime is how long a command may take to end in order after a signal. With
	// cutTime it is less than the two seconds that are promised.
	orderTime = 1650 * time.Millisecond
	// cutTime is how long a command then has to remove its socket. After a second signal
	// it has no more than this.
	cutTime = 150 * time.Millisecond
	// twinTime is the least time between the first signal and the effect of a second
	// one. timeout(1) sends one to its command and another to the group at once.
	twinTime = 200 * time.Millisecond
)

// cutShort gets the error with which main ends the program if a command takes too long to
// end. There is only one, because signals are for the whole program.
var cutShort = make(chan error, 1)

// endSignals returns the signals that tell a long-running command to end. A closed terminal
// sends SIGHUP. It is left out if the program ignores it, as under nohup(1).
func endSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// untilTold returns a context that ends at the first signal that tells a command to end. The
// command then has orderTime, or until a second signal. cutTime later main ends the program,
// whatever the command waits for.
func untilTold(parent context.Context) (ctx context.Context, stop context.CancelFunc) {
	ctx, _, stop = untilToldTwice(parent, append(endSignals(), syscall.SIGQUIT), orderTime)
	return ctx, stop
}

// untilToldTwice is untilTold with other signals. late ends after patience, or at a second
// signal. main ends the program cutTime after the second signal, or orderTime and cutTime
// after the first.
func untilToldTwice(parent context.Context, told []os.Signal, patience time.Duration) (ctx, late context.Context, stop context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	late, hurry := context.WithCancel(context.WithoutCancel(parent))
	signals := make(chan os.Signal, 2)
	hearing = &listener{signals, told, make(chan struct{})}
	asked := hearing.asked
	hearing.listen()
	go func() { // it ends with ctx, or with the program
		defer hurry()
		for {
			select {
			case s := <-signals:
				cancel(toldToEnd{s.(syscall.Signal)})
				rest := waitForOrder(signals, patience)
				hurry()
				time.Sleep(rest)
				endNow(ctx)
				return
			case <-asked:
			case <-ctx.Done():
				signal.Stop(signals)
				return
			}
		}
	}()
	return ctx, late, func() { cancel(nil) }
}

// listener gets the signals that tell the running command to end.
type listener struct {
	signals chan os.Signal
	told    []os.Signal
	asked   chan struct{} // the goroutine that receives signals answers here, until one comes
}

// hearing is the listener of the running command. There is only one, because signals are for
// the whole program.
var hearing *listener

func (l *listener) listen() { signal.Notify(l.signals, l.told...) }

// stop gives the signals their default action, which ends the program at once, until listen.
// It returns false if a signal came before, which ends ctx.
func (l *listener) stop(ctx context.Context) bool {
	signal.Stop(l.signals) // not Reset, which drops a signal that is on its way to the channel
	select {
	case l.asked <- struct{}{}:
	case <-ctx.Done():
	}
	return ctx.Err() == nil && len(l.signals) == 0
}

// waitForOrder waits until patience has passed since the first signal, or until a second one
// comes. It returns how long the command may take from then on.
func waitForOrder(signals <-chan os.Signal, patience time.Duration) (rest time.Duration) {
	first := time.Now()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-signals:
		time.Sleep(twinTime - time.Since(first))
		return cutTime
	case <-timer.C:
		return orderTime + cutTime - patience
	}
}

// toldToEnd is the cause of a context that a signal has ended.
type toldToEnd struct{ signal syscall.Signal }

// Error implements error.
func (t toldToEnd) Error() string { return fmt.Sprintf("told to end: %v", t.signal) }

// endNow tells main to end the program. The status is the one that a shell reports for a
// program killed by the signal that ended ctx.
func endNow(ctx context.Context) {
	status := 1
	if told := (toldToEnd{}); errors.As(context.Cause(ctx), &told) {
		status = 128 + int(told.signal)
	}
	select {
	case cutShort <- exitStatus{status: status}:
	default: // main is told already
	}
}

// errLeftBehind is the error of within after its limit.
var errLeftBehind = errors.New("it does not end")

// within calls end and returns its error. If that takes longer than limit, within abandons it
// and returns errLeftBehind. What does not end then ends with the process.
func within(limit time.Duration, end func() error) error {
	_, err := givenUp(context.Background(), limit, func() (struct{}, error) { return struct{}{}, end() })
	if late := (*lateError)(nil); errors.As(err, &late) {
		return errLeftBehind
	}
	return err
}
