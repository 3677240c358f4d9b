package device

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loadAll returns a kernel with every module loaded.
func loadAll(t *testing.T) *Kernel {
	t.Helper()
	k := NewKernel(Modules()...)
	for _, m := range Modules() {
		require.NoError(t, k.Load(m.Name()))
	}
	return k
}

// logText returns the text of the log without the times.
func logText(t *testing.T, k *Kernel) string {
	t.Helper()
	return regexp.MustCompile(`(?m)^\[ *\d+\.\d{6}\] `).ReplaceAllString(readAll(t, k.Log().Reader()), "")
}

func readAll(t *testing.T, r *LogReader) string {
	t.Helper()
	var all []byte
	for p := make([]byte, 7); ; {
		n, err := r.ReadAt(p, int64(len(all)))
		require.NoError(t, err)
		if n == 0 {
			return string(all)
		}
		all = append(all, p[:n]...)
	}
}

func TestModulesLogTheLinesOfTheTutorial(t *testing.T) {
	k := NewKernel(Modules()...)
	tutorial := []string{"helloworld", "minimal_proc_lkm", "full_ex"}
	for _, name := range tutorial {
		require.NoError(t, k.Load(name))
	}
	assert.Equal(t, []string{"full_ex", "minimal_proc_lkm"}, k.Files())
	for _, name := range tutorial {
		require.NoError(t, k.Unload(name))
	}
	assert.Empty(t, k.Files())
	assert.Equal(t, `Hello, world
minimal_proc_lkm: Hello procfile is created
full_ex: procfile is created
Goodbye, you awesome people
goodbye
full_ex: Removed Procfile
`, logText(t, k))
}

func TestControlLoadsUnloadsAndRefuses(t *testing.T) {
	for _, test := range []struct {
		text string
		err  error
		log  string
	}{
		{"rmmod full_ex", nil, "full_ex: Removed Procfile"},
		{"rmmod full_ex\n", nil, "full_ex: Removed Procfile"},
		{"insmod full_ex", syscall.EEXIST, "ctl: insmod full_ex: file exists"},
		{"rmmod nosuch", syscall.EINVAL, "ctl: rmmod nosuch: invalid argument"},
		{"insmod nosuch", syscall.EINVAL, "ctl: insmod nosuch: invalid argument"},
		{"", syscall.EINVAL, `ctl: : want "insmod NAME" or "rmmod NAME"`},
		{"\n", syscall.EINVAL, `want "insmod NAME"`},
		{"insmod", syscall.EINVAL, `want "insmod NAME"`},
		{"insmod ", syscall.EINVAL, `want "insmod NAME"`},
		{"insmod full_ex now", syscall.EINVAL, `want "insmod NAME"`},
		{"modprobe full_ex", syscall.EINVAL, `ctl: modprobe full_ex: want`},
		{"rmmod \x1b[31mred", syscall.EINVAL, `rmmod \x1b[31mred: invalid`},
		{strings.Repeat("x", 4096), syscall.EINVAL, "ctl: " + strings.Repeat("x", 64) + ": want"},
	} {
		t.Run(fmt.Sprintf("%.20q", test.text), func(t *testing.T) {
			k := loadAll(t)
			err := k.Control(test.text)
			if test.err == nil {
				assert.NoError(t, err)
			} else {
				assert.Equal(t, test.err, err)
			}
			lines := strings.Split(strings.TrimSpace(logText(t, k)), "\n")
			assert.Contains(t, lines[len(lines)-1], test.log)
		})
	}
	k := loadAll(t)
	require.NoError(t, k.Control("rmmod full_ex"))
	assert.Equal(t, syscall.ENOENT, k.Control("rmmod full_ex"))
	require.NoError(t, k.Control("insmod full_ex"))
	assert.Contains(t, k.Files(), "full_ex")
}

func TestMinimalProcLogsWhatIsWritten(t *testing.T) {
	k := loadAll(t)
	user := &User{Conn: "conn 1", UID: 1000, Vouched: true}
	first, err := k.Open("minimal_proc_lkm", Client{User: user, Door: "/"})
	require.NoError(t, err)
	second, err := k.Open("minimal_proc_lkm", Client{User: user, Door: "/"})
	require.NoError(t, err, "the file may be open twice")
	for _, text := range []string{"hello\n", "two\nlines\n", "\x1b[2J\x07", "gr\u00fc\u00dfe \xff", "[    1.000000] full_ex: forged", `\x1b`} {
		n, err := first.Write([]byte(text))
		assert.NoError(t, err)
		assert.Equal(t, len(text), n)
	}
	n, err := second.Write([]byte(strings.Repeat("x", MaxLine)))
	assert.NoError(t, err)
	assert.Equal(t, MaxLine, n)
	_, err = second.Write(make([]byte, MaxLine+1))
	assert.Equal(t, syscall.EINVAL, err)
	_, err = second.Read(make([]byte, 10))
	assert.Equal(t, syscall.EIO, err)
	text := logText(t, k)
	assert.Contains(t, text, "minimal_proc_lkm: hello\n")
	assert.Contains(t, text, `minimal_proc_lkm: two\x0alines`+"\n")
	assert.Contains(t, text, `minimal_proc_lkm: \x1b[2J\x07`+"\n")
	assert.Contains(t, text, "minimal_proc_lkm: gr\u00fc\u00dfe \\xff\n")
	assert.Contains(t, text, "minimal_proc_lkm: [    1.000000] full_ex: forged\n")
	assert.Contains(t, text, `minimal_proc_lkm: \\x1b`+"\n", "a typed backslash differs from an escape")
}

func TestListingsShowWhatTheViewerMaySee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := loadAll(t)
		alice := &User{Conn: "conn 1", Where: "unix uid=0 pid=9", UID: 1000, Claimed: 1000, Vouched: true}
		stranger := &User{Conn: "conn 2", Where: "tcp 127.0.0.1:99", UID: 7, Claimed: 7} // not verified
		first, err := k.Open("full_ex", Client{Identity: Identity{Peer: "conn 1", UID: 1000, Process: 7}, User: alice, Door: "/pid"})
		require.NoError(t, err)
		write(t, first, []byte{10})
		write(t, first, value(4242))
		<-time.After(3 * time.Second)
		_, err = k.Open("minimal_proc_lkm", Client{User: stranger, Door: "/"})
		require.NoError(t, err)

		const head = "MODULE DOOR UID CLAIMED CAPACITY LENGTH AGE CALLS CONN CLIENT\n"
		const ofAlice = "full_ex /pid/7 1000 1000 10 1 3 2 conn,1 unix,uid=0,pid=9\n"
		const ofStranger = "minimal_proc_lkm / - 7 0 0 0 0 conn,2 tcp,127.0.0.1:99\n"
		for name, test := range map[string]struct {
			viewer *User
			want   string
		}{
			"alice":                           {alice, ofAlice},
			"alice on another connection":     {&User{Conn: "conn 3", UID: 1000, Vouched: true}, ofAlice},
			"another user on her connection":  {&User{Conn: "conn 1", UID: 1001, Vouched: true}, ""},
			"stranger who claims to be alice": {&User{Conn: "conn 3", UID: 1000}, ""},
			"stranger on the same connection": {&User{Conn: "conn 2", UID: 8}, ofStranger},
			"stranger on a different one":     {&User{Conn: "conn 4", UID: 7}, ""},
			"administrator":                   {&User{Conn: "conn 5", Vouched: true, Admin: true}, ofAlice + ofStranger},
		} {
			assert.Equal(t, head+test.want, k.ListSessions(test.viewer), name)
		}
		modules := k.ListModules()
		assert.Equal(t, 1+len(Modules()), strings.Count(modules, "\n"))
		assert.True(t, strings.HasPrefix(modules, `Module                  Size  Used by
helloworld                 0  0
minimal_proc_lkm           0  1
full_ex                   40  1
`), modules)
		assert.NotContains(t, k.ListSessions(&User{Admin: true}), "4242")
		next, ok := k.NextProcess(Identity{Peer: "conn 1", UID: 1000}, 0)
		assert.True(t, ok)
		assert.EqualValues(t, 7, next)
		assert.Equal(t, 1, k.Processes(Identity{Peer: "conn 1", UID: 1000}))
		assert.Zero(t, k.Processes(Identity{Peer: "conn 1", UID: 1001}))
		_, ok = k.NextProcess(Identity{Peer: "conn 1", UID: 1001}, 0)
		assert.False(t, ok)
	})
}

// TestUnloadWhileClientsOpenAndCall runs clients during many unloads. Pairs of clients
// compete for one session. Every result is one of the contract's, and no session is
// left at the end.
func TestUnloadWhileClientsOpenAndCall(t *testing.T) {
	k := loadAll(t)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	var opens atomic.Int64
	for i := range 8 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if openAndClose(t, k, Client{User: &User{}, Door: "/", Identity: Identity{UID: uint32(i / 2)}}) {
					opens.Add(1)
				}
			}
		})
	}
	for opens.Load() < 5000 {
		assert.NoError(t, k.Unload("full_ex"))
		assert.NoError(t, k.Load("full_ex"))
		for before := opens.Load(); opens.Load() == before; {
			runtime.Gosched()
		}
	}
	close(stop)
	clients.Wait()
	assert.Zero(t, k.Sessions())
	assert.Contains(t, k.ListModules(), "full_ex                    0  0")
}

// openAndClose opens, uses and closes one session. The open may be refused, and an
// unload may end the session at any time.
func openAndClose(t *testing.T, k *Kernel, c Client) (opened bool) {
	s, err := k.Open("full_ex", c)
	if err != nil {
		assert.Contains(t, []error{syscall.ENOENT, syscall.EACCES}, err)
		return false
	}
	p := []byte{5, 0, 0, 0}
	for _, call := range []func() (int, error){
		func() (int, error) { return s.Write(p[:1]) },
		func() (int, error) { return s.Write(p) },
		func() (int, error) { return s.Read(p) },
	} {
		if _, err := call(); err != nil {
			assert.Equal(t, syscall.EIO, err)
		}
	}
	assert.NoError(t, s.Close())
	_, err = s.Write(p)
	assert.Contains(t, []error{syscall.EIO, syscall.EBADF}, err)
	return true
}

// slowStart is a module whose Open signals opening and then waits for goOn.
type slowStart struct{ opening, goOn chan struct{} }

func (slowStart) Name() string { return "slow" }

func (m slowStart) Load(*Log) []File {
	return []File{{Name: "slow", Open: func(Client) (Handle, error) {
		m.opening <- struct{}{}
		<-m.goOn
		return &fullExSession{module: new(FullEx)}, nil
	}}}
}

func (m slowStart) Unload(log *Log) { log.Print("slow: unloaded") }

// TestUnloadWaitsForOpensUnderWay: the module's Unload is called after every session
// has ended, also a session that was still starting.
func TestUnloadWaitsForOpensUnderWay(t *testing.T) {
	m := slowStart{make(chan struct{}), make(chan struct{})}
	k := NewKernel(m)
	require.NoError(t, k.Load("slow"))
	opened := make(chan *Session, 1)
	go func() {
		s, err := k.Open("slow", Client{User: &User{}, Door: "/"})
		assert.NoError(t, err)
		opened <- s
	}()
	<-m.opening
	unloaded := make(chan error, 1)
	go func() { unloaded <- k.Unload("slow") }()
	for there := true; there; {
		_, there = k.Lookup("slow") // the file disappears at once
	}
	assert.NotContains(t, readAll(t, k.Log().Reader()), "unloaded")
	select {
	case err := <-unloaded:
		t.Fatal("Unload returned while a session was starting", err)
	default:
	}
	close(m.goOn)
	s := <-opened
	require.NoError(t, <-unloaded)
	_, err := s.Read(make([]byte, 4))
	assert.Equal(t, syscall.EIO, err)
	require.NoError(t, s.Close())
	assert.Zero(t, k.Sessions())
}

// odd is a module with files of the given names. Opening one calls open.
type odd struct {
	name  string
	files []string
	open  func() (Handle, error)
}

func (m odd) Name() string { return m.name }

func (m odd) Load(*Log) []File {
	var files []File
	for _, name := range m.files {
		files = append(files, File{Name: name, Exclusive: true, Open: func(Client) (Handle, error) { return m.open() }})
	}
	return files
}

func (m odd) Unload(log *Log) { log.Print(m.name + ": unloaded") }

func TestLoadRefusesInvalidAndTakenFileNames(t *testing.T) {
	for name, want := range map[string]error{
		"": syscall.EINVAL, ".": syscall.EINVAL, "..": syscall.EINVAL, "a/b": syscall.EINVAL, "a\x00": syscall.EINVAL,
		strings.Repeat("x", 256): syscall.EINVAL, "full_ex": syscall.EEXIST, "mine": syscall.EEXIST,
		strings.Repeat("x", 255): nil, "two words": nil,
	} {
		k := NewKernel(append(Modules(), odd{name: "odd", files: []string{"mine", name}})...)
		require.NoError(t, k.Load("full_ex"))
		err := k.Load("odd")
		if want == nil {
			assert.NoError(t, err)
			continue
		}
		assert.Equal(t, want, err, name)
		assert.Equal(t, []string{"full_ex"}, k.Files(), name)
		assert.NotContains(t, k.ListModules(), "odd")
		assert.Contains(t, logText(t, k), "odd: cannot make the file "+Printable([]byte(name)))
		assert.Contains(t, logText(t, k), "odd: unloaded")
	}
}

func TestRefusedOpenLeavesNoSession(t *testing.T) {
	var open func() (Handle, error)
	k := NewKernel(odd{name: "odd", files: []string{"odd"}, open: func() (Handle, error) { return open() }})
	require.NoError(t, k.Load("odd"))
	client := Client{User: &User{}, Identity: Identity{UID: 1}}
	open = func() (Handle, error) { return nil, syscall.ENOTDIR }
	_, err := k.Open("odd", client)
	assert.Equal(t, syscall.ENOTDIR, err)
	open = func() (Handle, error) { panic("a defect") }
	assert.Panics(t, func() { _, _ = k.Open("odd", client) })
	assert.Zero(t, k.Sessions())
	open = func() (Handle, error) { return &fullExSession{module: new(FullEx)}, nil }
	s, err := k.Open("odd", client)
	require.NoError(t, err, "the client has no session open")
	require.NoError(t, s.Close())
	require.NoError(t, k.Unload("odd"))
}

func TestColumnOfASessionIsOneWord(t *testing.T) {
	for where, want := range map[string]string{
		"": "-", " \n": "-", "a\nfull_ex / 0 0": `a\x0afull_ex,/,0,0`, "a\t\x85\u2028b": `a\x09\x85\xe2\x80\xa8b`,
	} {
		k := loadAll(t)
		u := &User{Conn: "conn 1", Where: where, Vouched: true, Admin: true}
		_, err := k.Open("full_ex", Client{User: u, Door: "/"})
		require.NoError(t, err)
		lines := strings.Split(k.ListSessions(u), "\n")
		require.Len(t, lines, 3, "%q", where)
		columns := strings.Fields(lines[1])
		assert.Equal(t, len(strings.Fields(lines[0])), len(columns), "%q", where)
		assert.Equal(t, want, columns[len(columns)-1])
	}
}
