package p9srv

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"fullex/device"
	"fullex/p9srv/wire"
)

// lines is a module with one file. Each read of it returns another line of text.
type lines struct{}

func (lines) Name() string       { return "lines" }
func (lines) Unload(*device.Log) {}
func (lines) Load(*device.Log) []device.File {
	open := func(device.Client) (device.Handle, error) { return new(line), nil }
	return []device.File{{Name: "lines", Mode: 0o666, Open: open}}
}

type line struct{ n int }

func (l *line) Read(p []byte) (int, error) {
	l.n++
	return copy(p, fmt.Sprintf("line number %d\n", l.n)), nil
}

func (l *line) Write(p []byte) (int, error) { return len(p), nil }
func (l *line) Close()                      {}

// withLines returns a client of a server with the module lines and the usual modules.
func withLines(t *testing.T) *talk {
	t.Helper()
	kernel := device.NewKernel(append(device.Modules(), lines{})...)
	for _, name := range []string{"full_ex", "minimal_proc_lkm", "lines"} {
		require.NoError(t, kernel.Load(name))
	}
	k := newTalk(t, &Server{Kernel: kernel})
	k.start(1)
	return k
}

// text returns the text that one Tread returns.
func (k *talk) text(fid uint32, offset uint64, count uint32) string {
	k.t.Helper()
	body := k.want(wire.Tread, fid, offset, count)
	require.EqualValues(k.t, len(body)-4, le.Uint32(body))
	return string(body[4:])
}

func TestReadsOfOtherModulesKeepTheirLength(t *testing.T) {
	k := withLines(t)
	k.openDevice(1, "lines")
	assert.Equal(t, "line number 1\n", k.text(1, 0, 100))
	assert.Equal(t, "line", k.text(1, 0, 4))
	assert.Equal(t, "line number 3\n", k.text(1, 1<<40, 0xffffffff))
	assert.Equal(t, "", k.text(1, 0, 0))
}

func TestFollowUpOfOtherModulesBeginsWhereTheReadEnded(t *testing.T) {
	k := withLines(t)
	k.want(wire.Tgetattr, uint32(0), uint64(v9fsMask))
	k.openDevice(1, "lines")
	k.want(wire.Twrite, uint32(1), uint64(1000), uint32(1), []byte{0}) // moves the end that the client believes in
	assert.Equal(t, "line number 1\n", k.text(1, 0, 100))
	assert.Equal(t, "", k.text(1, 14, 86), "the follow-up")
	assert.Equal(t, "line number 2\n", k.text(1, 14, 86))
	assert.Equal(t, "line number 3\n"[:5], k.text(1, 50, 5), "a full reply has no follow-up")
	assert.Equal(t, "line ", k.text(1, 55, 5))
}

func TestRefusalsOfOtherModulesReachTheLinuxClient(t *testing.T) {
	k := withLines(t)
	k.want(wire.Tgetattr, uint32(0), uint64(v9fsMask))
	k.openDevice(1, "minimal_proc_lkm")
	k.want(wire.Twrite, uint32(1), uint64(0), uint32(12), []byte("hello world\n"))
	k.refuse(syscall.EIO, wire.Tread, uint32(1), uint64(0), uint32(4096))
}

func TestTraceMayCallMethodsOfSessions(t *testing.T) {
	srv := &Server{}
	k := newTalk(t, srv)
	sessions := 0
	srv.Trace = func(string) {
		srv.Kernel.ListModules()
		for _, s := range srv.Kernel.All() {
			sessions += s.State().Capacity
		}
	}
	k.start(1)
	k.openDevice(1, "full_ex")
	k.write(1, 0, []byte{7})
	assert.Equal(t, 2*7, sessions, "the lines of the write and of its reply see the capacity")
}

func TestUnknownVersionIsLoggedTogetherWithTheKnownOne(t *testing.T) {
	var log bytes.Buffer
	k := newTalk(t, &Server{})
	k.log = slog.New(slog.NewTextHandler(&log, nil))
	for _, asked := range []string{"9P2000", "9P2000.u", "unheard\nof"} {
		log.Reset()
		k.want(wire.Tversion, uint32(8192), asked)
		assert.Contains(t, log.String(), "version refused")
		assert.Contains(t, log.String(), "want=9P2000.L")
		assert.Equal(t, 1, strings.Count(log.String(), "\n"))
	}
}
