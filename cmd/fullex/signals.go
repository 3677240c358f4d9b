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
	// orderTime is how long a command may take to end in order once it is told to,
	// of the two seconds that are promised.
	orderTime = 1650 * time.Millisecond
	// cutTime is what it gets behind that, or behind a second signal, to remove its
	// socket.
	cutTime = 150 * time.Millisecond
	// twinTime is how soon after the first signal another one says nothing new:
	// timeout(1) sends one to its command, and one to the group.
	twinTime = 200 * time.Millisecond
)

// cutShort gets what main ends the program with when a command that was told to end
// takes too long. It is the whole program's, as signals are.
var cutShort = make(chan error, 1)

// endSignals returns the signals that tell a long-running command to end. A terminal
// that is closed sends SIGHUP, which nohup(1) has a program ignore.
func endSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// untilTold returns a context that ends with the first signal that tells a command to
// end. From then on the command has orderTime, or until a second signal, whatever it
// waits for: then main ends the program.
func untilTold(parent context.Context) (ctx context.Context, stop context.CancelFunc) {
	ctx, _, stop = untilToldTwice(parent, append(endSignals(), syscall.SIGQUIT), orderTime)
	return ctx, stop
}

// untilToldTwice is untilTold with signals and a time of its own. late ends with that
// time, or with the second signal: cutTime later, or after the promised time, main
// ends the program.
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
	asked   chan struct{} // taken by the goroutine that takes signals, if it has none in hand
}

// hearing is that of the running command: there is one, as signals are the whole program's.
var hearing *listener

func (l *listener) listen() { signal.Notify(l.signals, l.told...) }

// stop lets the signals end the program at once from now on, until listen. It reports
// false if one came before, which ends ctx.
func (l *listener) stop(ctx context.Context) bool {
	signal.Stop(l.signals) // not Reset, which drops a signal that is on its way to the channel
	select {
	case l.asked <- struct{}{}:
	case <-ctx.Done():
	}
	return ctx.Err() == nil && len(l.signals) == 0
}

// waitForOrder returns when a command that was told to end has had its time, and how
// much it has left for the rest.
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

// toldToEnd is the cause of the end of a context.
type toldToEnd struct{ signal syscall.Signal }

// Error implements error.
func (t toldToEnd) Error() string { return fmt.Sprintf("told to end: %v", t.signal) }

// endNow tells main to end the program. The status is that of a program which the
// signal that ended ctx has killed, as a shell has it.
func endNow(ctx context.Context) {
	status := 1
	if told := (toldToEnd{}); errors.As(context.Cause(ctx), &told) {
		status = 128 + int(told.signal)
	}
	select {
	case cutShort <- exitStatus{status: status}:
	default: // it is told already
	}
}

// errLeftBehind says that something that was to end has not.
var errLeftBehind = errors.New("it does not end")

// within ends something, or leaves it behind when that takes too long: it ends with
// the process then, which is what it is for.
func within(limit time.Duration, end func() error) error {
	_, err := givenUp(context.Background(), limit, func() (struct{}, error) { return struct{}{}, end() })
	if late := (*lateError)(nil); errors.As(err, &late) {
		return errLeftBehind
	}
	return err
}
