package p9srv

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestThrottleDropsLinesAndReportsHowMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		handler := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})
		log := slog.New(newThrottle(handler))
		for i := range 25 {
			log.With("conn", i).Warn("noisy")
			log.Debug("wanted")
		}
		log.Info("another")
		assert.Equal(t, throttledLines, strings.Count(out.String(), "msg=noisy"))
		assert.Equal(t, 25, strings.Count(out.String(), "msg=wanted"))
		assert.Equal(t, 1, strings.Count(out.String(), "msg=another"))

		out.Reset()
		<-time.After(time.Second)
		log.Warn("noisy")
		log.Warn("noisy")
		assert.Equal(t, 1, strings.Count(out.String(), "dropped=15"))
		assert.Equal(t, 2, strings.Count(out.String(), "msg=noisy"))
	})
}

func TestZeroLimitsMeanDefaultsAndNegativeOnesNone(t *testing.T) {
	defaults := Limits{}.withDefaults()
	assert.Equal(t, 10_000, defaults.Conns)
	assert.Equal(t, 256, defaults.Guests)
	assert.Equal(t, 65_536, defaults.FIDs)
	assert.Equal(t, 1_048_576, defaults.AllFIDs)
	assert.Equal(t, 10*time.Second, defaults.HandshakeTimeout)
	assert.Equal(t, 30*time.Second, defaults.FrameTimeout)
	assert.Equal(t, 30*time.Second, defaults.WriteTimeout)
	assert.Zero(t, defaults.IdleTimeout)
	assert.Equal(t, 3*time.Minute, defaults.KeepAlive)

	lifted := Limits{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1}.withDefaults()
	assert.Equal(t, unlimited, lifted.Conns)
	assert.Equal(t, unlimited, lifted.Guests)
	assert.Equal(t, unlimited, lifted.FIDs)
	assert.Equal(t, unlimited, lifted.AllFIDs)
	assert.Zero(t, lifted.HandshakeTimeout)
	assert.Zero(t, lifted.FrameTimeout)
	assert.Zero(t, lifted.WriteTimeout)
	assert.Zero(t, lifted.KeepAlive)

	set := Limits{Conns: 3, IdleTimeout: time.Minute}.withDefaults()
	assert.Equal(t, 3, set.Conns)
	assert.Equal(t, time.Minute, set.IdleTimeout)
}
