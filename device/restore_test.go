package device

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allLoaded returns a kernel with all modules loaded.
func allLoaded(t *testing.T) *Kernel {
	t.Helper()
	k := NewKernel(Modules()...)
	for _, m := range Modules() {
		require.NoError(t, k.Load(m.Name()))
	}
	return k
}

// restored returns a new kernel with the saved state of k, and with the sessions.
func restored(t *testing.T, k *Kernel, u *User, sessions ...*Session) (*Kernel, []*Session) {
	t.Helper()
	saved, err := k.Save()
	require.NoError(t, err)
	next := NewKernel(Modules()...)
	require.NoError(t, next.Restore(saved))
	var list []*Session
	for _, s := range sessions {
		saved, err := s.Save()
		require.NoError(t, err)
		made, err := next.RestoreSession(saved, u)
		require.NoError(t, err)
		list = append(list, made)
	}
	return next, list
}

func someClient(u *User) Client {
	return Client{Identity: Identity{Peer: "p", UID: 7}, User: u, Door: "/"}
}

func TestRestoredSessionsGoOnWhereTheyStopped(t *testing.T) {
	u := &User{Conn: "conn 1", UID: 7}
	k := allLoaded(t)
	s, err := k.Open("full_ex", someClient(u))
	require.NoError(t, err)
	for _, p := range [][]byte{{3}, {2, 0, 0, 0}, {1, 0, 0, 0}} {
		_, err = s.Write(p)
		require.NoError(t, err)
	}
	next, sessions := restored(t, k, u, s)
	values, capacity := sessions[0].Values()
	assert.Equal(t, []int32{1, 2}, values)
	assert.Equal(t, 3, capacity)
	assert.Equal(t, s.State(), sessions[0].State())
	assert.Equal(t, k.ListSessions(u), next.ListSessions(u))
	assert.Equal(t, k.ListModules(), next.ListModules())
	_, err = next.Open("full_ex", someClient(u))
	assert.Equal(t, syscall.EACCES, err, "the client has the device open")
	require.NoError(t, sessions[0].Close())
	_, err = next.Open("full_ex", someClient(u))
	require.NoError(t, err)
}

func TestSessionsEndedByAnUnloadStayEnded(t *testing.T) {
	u := &User{UID: 7}
	k := allLoaded(t)
	s, err := k.Open("full_ex", someClient(u))
	require.NoError(t, err)
	require.NoError(t, k.Unload("full_ex"))
	next, sessions := restored(t, k, u, s)
	_, err = sessions[0].Read(make([]byte, 4))
	assert.Equal(t, syscall.EIO, err)
	assert.Equal(t, "full_ex", sessions[0].Module())
	assert.Equal(t, ValueSize, sessions[0].ValueSize())
	assert.Zero(t, next.Sessions())
	require.NoError(t, next.Load("full_ex"))
	_, err = sessions[0].Read(make([]byte, 4))
	assert.Equal(t, syscall.EIO, err, "also after the module is loaded again")
	require.NoError(t, sessions[0].Close())
}

func TestRestoreKeepsTheNumbersOfFiles(t *testing.T) {
	k := NewKernel(Modules()...)
	require.NoError(t, k.Load("full_ex")) // not in the order of Modules
	require.NoError(t, k.Load("minimal_proc_lkm"))
	require.NoError(t, k.Unload("minimal_proc_lkm"))
	next, _ := restored(t, k, nil)
	require.NoError(t, next.Load("minimal_proc_lkm"))
	require.NoError(t, k.Load("minimal_proc_lkm"))
	for _, name := range k.Files() {
		want, _ := k.Lookup(name)
		have, _ := next.Lookup(name)
		assert.Equal(t, want, have)
	}
}

func TestRestoredLogAndReaderGoOn(t *testing.T) {
	u := &User{UID: 7, Vouched: true}
	k := allLoaded(t)
	for range 2 * shareReserve { // so many that the log drops some
		k.Log().PrintFor(u, func() string { return "a line" })
	}
	r := k.Log().Reader()
	first := make([]byte, 100)
	n, err := r.ReadAt(first, 0)
	require.NoError(t, err)
	next, _ := restored(t, k, u)
	assert.Equal(t, texts(k.Log()), texts(next.Log()))
	assert.WithinDuration(t, k.Log().start, next.Log().start, time.Millisecond)
	assert.Equal(t, k.Log().next, next.Log().next)

	again, err := next.Log().RestoreReader(r.Save())
	require.NoError(t, err)
	want, have := make([]byte, 10_000), make([]byte, 10_000)
	n1, err := r.ReadAt(want, int64(n))
	require.NoError(t, err)
	n2, err := again.ReadAt(have, int64(n))
	require.NoError(t, err)
	assert.Equal(t, string(want[:n1]), string(have[:n2]))
}

// texts returns the text of a log.
func texts(l *Log) string {
	p := make([]byte, 1<<20)
	n, _ := l.Reader().ReadAt(p, 0)
	return string(p[:n])
}

// muteModule cannot save the sessions of its file.
type muteModule struct{ HelloWorld }

func (muteModule) Name() string { return "mute" }
func (muteModule) Load(*Log) []File {
	return []File{{Name: "mute", Mode: 0o666, Open: func(Client) (Handle, error) { return struct{ Handle }{}, nil }}}
}

func TestSessionsOfAModuleThatCannotSaveAreRefused(t *testing.T) {
	k := NewKernel(muteModule{})
	require.NoError(t, k.Load("mute"))
	s, err := k.Open("mute", someClient(&User{}))
	require.NoError(t, err)
	_, err = s.Save()
	assert.EqualError(t, err, "module mute has sessions and cannot save them")
}

func TestInvalidStatesAreRefused(t *testing.T) {
	u := &User{}
	good := SavedSession{Module: "full_ex", File: "full_ex", Handle: []byte{0}}
	for name, change := range map[string]func(*SavedSession){
		"an unknown module":         func(s *SavedSession) { s.Module = "none" },
		"an unknown file":           func(s *SavedSession) { s.File = "none" },
		"a file of another module":  func(s *SavedSession) { s.File = "minimal_proc_lkm" },
		"no capacity":               func(s *SavedSession) { s.Handle = nil },
		"capacity 101":              func(s *SavedSession) { s.Handle = []byte{101} },
		"more values than fit":      func(s *SavedSession) { s.Handle = []byte{1, 0, 0, 0, 0, 0, 0, 0, 0} },
		"half a value":              func(s *SavedSession) { s.Handle = []byte{1, 0, 0} },
		"values without a capacity": func(s *SavedSession) { s.Handle = []byte{0, 0, 0, 0, 0} },
	} {
		t.Run(name, func(t *testing.T) {
			k := allLoaded(t)
			bad := good
			change(&bad)
			_, err := k.RestoreSession(bad, u)
			require.Error(t, err)
			assert.Zero(t, k.Sessions())
			assert.NotContains(t, k.ListModules(), "404", "the module's size counts no values")
		})
	}
	k := allLoaded(t)
	_, err := k.RestoreSession(good, u)
	require.NoError(t, err)
	_, err = k.RestoreSession(good, u)
	require.ErrorIs(t, err, syscall.EACCES, "the same client twice")

	for name, saved := range map[string]Saved{
		"a file without a number":          {Numbers: map[string]uint16{"a": 0}},
		"two files with one number":        {Numbers: map[string]uint16{"a": 1, "b": 1}},
		"a number that is too high":        {Numbers: map[string]uint16{"a": 2}},
		"an unknown module":                {Loaded: []string{"none"}},
		"a module twice":                   {Loaded: []string{"full_ex", "full_ex"}},
		"a state for a module without one": {Loaded: []string{"full_ex"}, Modules: map[string][]byte{"full_ex": {1}}},
		"lines out of order":               {Log: SavedLog{Next: 3, Lines: []SavedLine{{Number: 2}, {Number: 1}}}},
		"a line after the last one":        {Log: SavedLog{Next: 3, Lines: []SavedLine{{Number: 3}}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, NewKernel(Modules()...).Restore(saved))
		})
	}
}
