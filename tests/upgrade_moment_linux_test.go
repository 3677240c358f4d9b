package tests

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/p9srv/client"
)

// TestUpgradeIsAskedForInEachWay: by the number of the process, by a signal, and at a
// target where the caller is an administrator.
func TestUpgradeIsAskedForInEachWay(t *testing.T) {
	s := serveUpgradable(t, "--listen", "tcp:127.0.0.1:0")
	out, err := s.run("upgrade", strconv.Itoa(s.cmd.Process.Pid))
	require.NoError(t, err, out)
	assert.Contains(t, out, "upgraded to generation 2 ")
	s.signal()
	s.awaitGeneration(3)
	s.upgrade()
	out, err = s.run("upgrade", s.at[1])
	assert.Error(t, err)
	assert.Contains(t, out, "permission denied", "nobody is an administrator over TCP")
	assert.NotContains(t, s.log.String(), "not upgraded")
}

// endsSoon wants the server to end by a signal that it got now: in order or by the signal.
func (s *upgradable) endsSoon(t testing.TB, by syscall.Signal) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(2 * time.Second):
		assert.Fail(t, "it does not end", "%s", &s.log)
		return
	}
	status := s.cmd.ProcessState.Sys().(syscall.WaitStatus)
	inOrder := status.Exited() && (status.ExitStatus() == 0 || status.ExitStatus() == 128+int(by))
	assert.True(t, inOrder || status.Signaled() && status.Signal() == by, "%v: %s", s.cmd.ProcessState, &s.log)
}

// TestSignalEndsAServerThatTriesItsNewProgram: whatever that does.
func TestSignalEndsAServerThatTriesItsNewProgram(t *testing.T) {
	for wrong, question := range map[string]string{neverEnds: "formats", hangsInRehearsal: "check"} {
		t.Run(wrong, func(t *testing.T) {
			c := serveForCandidate(t)
			c.worked(t)
			c.become(t, wrong)
			c.signal()
			c.awaitAsked(t, question)
			require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
			c.endsSoon(t, syscall.SIGTERM)
		})
	}
}

// TestSignalDuringAnUpgradeIsNotLost: it ends the old program or the new one.
func TestSignalDuringAnUpgradeIsNotLost(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range upgrades(16, 400) {
		s := serveUpgradable(t)
		root := rootOf(t, connect(t, s.at[0]))
		openAt(t, root, "full_ex", syscall.O_RDWR)
		by := []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}[random.IntN(3)]
		later := time.After(time.Duration(random.IntN(25_000)) * time.Microsecond)
		s.signal()
		<-later
		require.NoError(t, s.cmd.Process.Signal(by))
		s.endsSoon(t, by)
	}
}

// TestSecondUpgradeWaitsForTheFirst: a signal that comes in the middle of an upgrade asks for
// another one.
func TestSecondUpgradeWaitsForTheFirst(t *testing.T) {
	t.Parallel() // it takes seconds
	c := serveForCandidate(t)
	defer c.worked(t)
	c.become(t, hangsInRehearsal)
	c.signal()
	c.awaitAsked(t, "check")
	c.install(c.command)
	c.signal()
	c.awaitGeneration(2)
	assert.Equal(t, 1, strings.Count(c.log.String(), "level=ERROR"), "%s", &c.log)
	c.look()
}

// TestSignalsWithoutPauseUpgradeAgainAndAgain: one may come at any moment, such as when the
// new program has not begun to listen for it.
func TestSignalsWithoutPauseUpgradeAgainAndAgain(t *testing.T) {
	s := serveUpgradable(t)
	w := watch(t, s)
	for start := time.Now(); time.Since(start) < time.Second; {
		s.signal()
		w.pop()
	}
	eventually(t, "no other upgrade is under way", func() bool {
		_, err := s.run("upgrade", s.at[0])
		return err == nil
	})
	s.generation = 1 + strings.Count(s.log.String(), `msg="upgraded;`)
	assert.Greater(t, s.generation, 2)
	assert.NotContains(t, s.log.String(), "level=ERROR")
	w.look()
}

// control writes a text to ctl.
func control(t testing.TB, root *client.File, text string) error {
	f, err := root.OpenFile(t.Context(), syscall.O_WRONLY, "ctl")
	if err != nil {
		return err
	}
	_, err = f.WriteAt(t.Context(), []byte(text), 0)
	return errors.Join(err, f.Close(t.Context()))
}

func TestUpgradesWhileModulesComeAndGo(t *testing.T) {
	s := serveUpgradable(t)
	w := watch(t, s)
	b := &busy{t: t}
	for _, module := range []string{"helloworld", "minimal_proc_lkm"} {
		root := rootOf(t, connect(t, s.at[0]))
		b.do(func() error {
			return errors.Join(control(t, root, "rmmod "+module), control(t, root, "insmod "+module))
		})
	}
	for range upgrades(5, 100) {
		s.upgrade()
		w.pop()
	}
	b.end()
	w.look()
	assert.Equal(t, 4, strings.Count(w.readPath("modules"), "\n"), "all modules, and a head")
}

// TestUpgradeWithFewDescriptorsLeftLosesNothing: it succeeds or is refused.
func TestUpgradeWithFewDescriptorsLeftLosesNothing(t *testing.T) {
	const limit = 64
	s := startUpgradable(t, func(cmd *exec.Cmd) {
		line := fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, limit)
		cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", line}, cmd.Args...)
	})
	var roots []*client.File
	refused := 0
	for used := 0; used < limit; used++ {
		if used = s.descriptors(); used < limit {
			roots = append(roots, rootOf(t, connect(t, s.at[0])))
		}
		outcome := s.generation + refused + 1
		s.signal()
		eventually(t, "an outcome", func() bool {
			refused = strings.Count(s.log.String(), "msg=\"not upgraded:")
			s.generation = 1 + strings.Count(s.log.String(), "msg=\"upgraded;")
			return s.generation+refused == outcome
		})
		for _, root := range roots {
			again, err := root.Walk(t.Context(), "each", "full_ex")
			require.NoError(t, err, "%d descriptors: %s", used, &s.log)
			require.NoError(t, again.Close(t.Context()))
		}
	}
	t.Logf("%d upgrades, %d refusals", s.generation-1, refused)
	assert.Greater(t, s.generation, limit/2)
	assert.Positive(t, refused)
}
