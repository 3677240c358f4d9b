package device

import (
	"fmt"
	"regexp"
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

// logText is what a reader of the log reads, without the times.
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

func TestModulesGreetAndLeaveAsTheTutorialsDo(t *testing.T) {
	k := loadAll(t)
	assert.Equal(t, []string{"full_ex", "minimal_proc_lkm"}, k.Files())
	for _, m := range Modules() {
		require.NoError(t, k.Unload(m.Name()))
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

func TestControlObeysAndRefuses(t *testing.T) {
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
	require.NoError(t, err, "it may be open twice")
	for _, text := range []string{"hello\n", "two\nlines\n", "\x1b[2J\x07", "gr\u00fc\u00dfe \xff", "[    1.000000] full_ex: forged"} {
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
}

func TestOneUserCannotWashOutTheLinesOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := NewLog(DefaultLogLines)
		loud := &User{UID: 1, Vouched: true}
		quiet := &User{UID: 2, Vouched: true}
		stranger, other := &User{UID: 3, Conn: "a"}, &User{UID: 4, Conn: "b"}
		for i := range 1000 {
			log.PrintFor(loud, func() string { return fmt.Sprint("loud ", i) })
			log.PrintFor(stranger, func() string { return fmt.Sprint("stranger ", i) })
		}
		log.PrintFor(quiet, func() string { return "quiet" })
		log.PrintFor(other, func() string { return "other stranger" })
		text := readAll(t, log.Reader())
		assert.Equal(t, shareReserve, strings.Count(text, "loud"))
		assert.Equal(t, shareReserve, strings.Count(text, "stranger"), "nobody vouches for either: one share")
		assert.Contains(t, text, "quiet")

		<-time.After(time.Second)
		log.PrintFor(loud, func() string { return "again" })
		text = readAll(t, log.Reader())
		assert.Contains(t, text, fmt.Sprintf("fullex: %d lines of uid 1 were too many and dropped", 1000-shareReserve))
		assert.Contains(t, text, "again")
	})
}

func TestSharesOfManyUsersAreBounded(t *testing.T) {
	log := NewLog(10)
	for uid := range uint32(5 * maxShares) {
		log.PrintFor(&User{UID: uid, Vouched: true}, func() string { return "x" })
	}
	assert.LessOrEqual(t, len(log.shares), maxShares+1)
}

func TestReaderOfTheLogEndsWhereItWasOpened(t *testing.T) {
	log := NewLog(4)
	assert.Empty(t, readAll(t, log.Reader()))
	for i := range 6 {
		log.Print(fmt.Sprint("line ", i))
	}
	r := log.Reader()
	log.Print("later")
	text := readAll(t, r)
	assert.NotContains(t, text, "later")
	assert.Regexp(t, `^\[ 1 lines dropped before they were read \]\n\[ +0\.\d{6}\] line 3\n(.*\n){2}$`, text, "line 2 went when the later one came")

	p := make([]byte, 5)
	n, err := r.ReadAt(p, 1)
	require.NoError(t, err)
	assert.Equal(t, text[1:6], string(p[:n]), "back to the start")
	n, err = r.ReadAt(p, 1<<40)
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestListings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := loadAll(t)
		alice := &User{Conn: "conn 1", Where: "unix uid=0 pid=9", UID: 1000, Claimed: 1000, Vouched: true}
		label := &User{Conn: "conn 2", Where: "tcp 127.0.0.1:99", UID: 7, Claimed: 7}
		first, err := k.Open("full_ex", Client{Identity: Identity{Peer: "conn 1", UID: 1000, Process: 7}, User: alice, Door: "/pid"})
		require.NoError(t, err)
		write(t, first, []byte{10})
		write(t, first, value(4242))
		<-time.After(3 * time.Second)
		_, err = k.Open("minimal_proc_lkm", Client{User: label, Door: "/"})
		require.NoError(t, err)

		const head = "MODULE DOOR UID CLAIMED CAPACITY LENGTH AGE CALLS CONN CLIENT\n"
		const ofAlice = "full_ex /pid/7 1000 1000 10 1 3 2 conn,1 unix,uid=0,pid=9\n"
		const ofLabel = "minimal_proc_lkm / - 7 0 0 0 0 conn,2 tcp,127.0.0.1:99\n"
		for name, test := range map[string]struct {
			viewer *User
			want   string
		}{
			"herself":               {alice, ofAlice},
			"her other connection":  {&User{Conn: "conn 3", UID: 1000, Vouched: true}, ofAlice},
			"a label of her number": {&User{Conn: "conn 3", UID: 1000}, ""},
			"the same connection":   {&User{Conn: "conn 2", UID: 8}, ofLabel},
			"a label, elsewhere":    {&User{Conn: "conn 4", UID: 7}, ""},
			"the administrator":     {&User{Conn: "conn 5", Vouched: true, Admin: true}, ofAlice + ofLabel},
		} {
			assert.Equal(t, head+test.want, k.ListSessions(test.viewer), name)
		}
		assert.Equal(t, `Module                  Size  Used by
helloworld                 0  0
minimal_proc_lkm           0  1
full_ex                   40  1
`, k.ListModules())
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

// TestUnloadDuringTraffic has clients race for one session and for sessions of
// their own against unloads. Every result is one of the contract's, and in the
// end nothing is left.
func TestUnloadDuringTraffic(t *testing.T) {
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
	}
	close(stop)
	clients.Wait()
	assert.Zero(t, k.Sessions())
	assert.Contains(t, k.ListModules(), "full_ex                    0  0")
}

// openAndClose is one session, which may be refused or end at any point.
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

// slowStart is a module whose file takes its time to open.
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

// TestUnloadWaitsForOpensUnderWay: a module's Unload is called when every
// session has ended, those too that were about to start.
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
		_, there = k.Lookup("slow") // gone at once
	}
	line, _ := k.Log().Line(0)
	assert.NotContains(t, line, "unloaded")
	select {
	case err := <-unloaded:
		t.Fatal("unloaded while a session starts", err)
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
