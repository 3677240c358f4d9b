package device

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUserCannotPushOutTheLinesOfAnother(t *testing.T) {
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
		assert.Equal(t, shareReserve, strings.Count(text, "stranger"), "unverified users have one share together")
		assert.Contains(t, text, "quiet")

		<-time.After(time.Second)
		log.PrintFor(loud, func() string { return "again" })
		text = readAll(t, log.Reader())
		assert.Contains(t, text, fmt.Sprintf("fullex: %d lines of uid 1 were too many and dropped", 1000-shareReserve))
		assert.Contains(t, text, "again")
	})
}

// TestFloodOfAnHourCannotPushOutOtherLines floods the log all the time. The share of
// one user then adds 28 times as many lines as the log keeps.
func TestFloodOfAnHourCannotPushOutOtherLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := NewLog(DefaultLogLines)
		loud, quiet := &User{UID: 1, Vouched: true}, &User{UID: 2, Vouched: true}
		log.Print("the system")
		log.PrintFor(quiet, func() string { return "quiet" })
		before := log.next
		for range 3600 * 2 {
			for range 10 {
				log.PrintFor(loud, func() string { return "loud" })
			}
			<-time.After(time.Second / 2)
		}
		text := readAll(t, log.Reader())
		assert.Contains(t, text, "] the system\n")
		assert.Contains(t, text, "] quiet\n")
		assert.Equal(t, DefaultLogLines, strings.Count(text, "\n"))
		assert.LessOrEqual(t, log.next-before, uint64(3600*shareRate+shareReserve+1), "all lines, including the reports of dropped lines")
	})
}

func TestReaderSeesHowManyLinesWereDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := NewLog(DefaultLogLines)
		for range 500 {
			log.PrintFor(&User{UID: 1, Vouched: true}, func() string { return "x" })
		}
		assert.NotContains(t, readAll(t, log.Reader()), "dropped", "the share has no room for the report yet")
		<-time.After(time.Hour)
		text := readAll(t, log.Reader())
		assert.Contains(t, text, fmt.Sprintf("fullex: %d lines of uid 1 were too many and dropped\n", 500-shareReserve))
		assert.Equal(t, text, readAll(t, log.Reader()), "the report comes once")
	})
}

func TestShareWithAFullReserveMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := NewLog(16)
		for uid := range uint32(maxShares) {
			for range shareReserve + 1 {
				log.PrintFor(&User{UID: uid, Vouched: true}, func() string { return "x" })
			}
		}
		<-time.After(24 * time.Hour)
		for range 2 * shareReserve {
			log.PrintFor(&User{UID: 5_000_000, Vouched: true}, func() string { return "x" })
		}
		log.PrintFor(&User{UID: 5_000_001, Vouched: true}, func() string { return "the only one" })
		text := readAll(t, log.Reader())
		assert.Contains(t, text, "] the only one\n")
		assert.Contains(t, text, "fullex: 1 lines of uid ", "dropped lines are reported before their share is forgotten")
	})
}

func TestOpensAndClosesDoNotUseUpTheShareOfOtherLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := loadAll(t)
		for i := range shareReserve {
			s, err := k.Open("minimal_proc_lkm", Client{User: &User{}, Door: "/"})
			require.NoError(t, err)
			write(t, s, fmt.Appendf(nil, "line %d", i))
			require.NoError(t, s.Close())
		}
		assert.Equal(t, shareReserve, strings.Count(logText(t, k), "minimal_proc_lkm: line "))
	})
}

// TestLineThatIsDroppedHalfReadIsReadToItsEnd: otherwise the start of one line and the
// rest of another would look like one line.
func TestLineThatIsDroppedHalfReadIsReadToItsEnd(t *testing.T) {
	for first := range 200 {
		log := NewLog(4)
		for i := range 4 {
			log.Print(strings.Repeat(fmt.Sprint(i), 10+10*i))
		}
		whole := readAll(t, log.Reader())
		r := log.Reader()
		p := make([]byte, first)
		n, err := r.ReadAt(p, 0)
		require.NoError(t, err)
		begun := strings.Count(whole[:n], "\n")
		if n > 0 && whole[n-1] != '\n' {
			begun++
		}
		for range 10 {
			log.Print("new")
		}
		rest := make([]byte, 1000)
		m, err := r.ReadAt(rest, int64(n))
		require.NoError(t, err)
		want := strings.Join(strings.SplitAfter(whole, "\n")[:begun], "")
		if begun < 4 {
			want += fmt.Sprintf("[ %d lines dropped before they were read ]\n", 4-begun)
		}
		assert.Equal(t, want, string(p[:n])+string(rest[:m]), "first read of %d bytes", first)
	}
}

func TestReadAtAnyOffsetReturnsThatPartOfTheFile(t *testing.T) {
	log := NewLog(20)
	for i := range 30 {
		log.Print(strings.Repeat("x", i%7))
	}
	r := log.Reader()
	whole := readAll(t, r)
	log.PrintFor(&User{UID: 1}, func() string { return "newer, so the oldest line is dropped" })
	whole = whole[strings.Index(whole, "\n")+1:] + fmt.Sprintf("%s1%s", noticeStart, noticeEnd)
	_, err := r.ReadAt(nil, 0)
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		offset, p := random.IntN(len(whole)+50), make([]byte, random.IntN(100))
		n, err := r.ReadAt(p, int64(offset))
		require.NoError(t, err)
		offset = min(offset, len(whole))
		require.Equal(t, whole[offset:min(offset+len(p), len(whole))], string(p[:n]))
	}
	n, err := r.ReadAt(make([]byte, 1), math.MaxInt64)
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestNoticeAndLineOfTheSameTextDiffer(t *testing.T) {
	log := NewLog(1)
	log.Print("gone")
	r := log.Reader()
	log.Print("[ 1 lines dropped before they were read ]")
	notice, line := readAll(t, r), readAll(t, log.Reader())
	assert.True(t, IsDroppedNotice(notice), notice)
	assert.False(t, IsDroppedNotice(line), line)
	for _, text := range []string{"", "[  lines dropped before they were read ]\n", "[ x lines dropped before they were read ]\n", "[ 1 lines dropped before they were read ]"} {
		assert.False(t, IsDroppedNotice(text), text)
	}
}

func TestManyUsersHaveABoundedNumberOfShares(t *testing.T) {
	log := NewLog(10)
	for uid := range uint32(5 * maxShares) {
		log.PrintFor(&User{UID: uid, Vouched: true}, func() string { return "x" })
	}
	assert.LessOrEqual(t, len(log.shares), maxShares+1)
}

func TestLogReaderEndsBeforeLaterLines(t *testing.T) {
	log := NewLog(4)
	assert.Empty(t, readAll(t, log.Reader()))
	for i := range 6 {
		log.Print(fmt.Sprint("line ", i))
	}
	r := log.Reader()
	log.Print("later")
	text := readAll(t, r)
	assert.NotContains(t, text, "later")
	assert.Regexp(t, `^\[ +0\.\d{6}\] line 3\n(.*\n){2}\[ 1 lines dropped before they were read \]\n$`, text, "the later line pushed out line 2")

	p := make([]byte, 5)
	n, err := r.ReadAt(p, 1)
	require.NoError(t, err)
	assert.Equal(t, text[1:6], string(p[:n]), "a read near the start after one at the end")
	n, err = r.ReadAt(p, 1<<40)
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestLogKeepsOneLineAtLeastAndRefusesNegativeOffsets(t *testing.T) {
	log := NewLog(0)
	log.Print("first")
	log.Print("second")
	text := readAll(t, log.Reader())
	assert.Equal(t, 1, strings.Count(text, "\n"))
	assert.Contains(t, text, "second")
	_, err := log.Reader().ReadAt(make([]byte, 4), -1)
	assert.Equal(t, syscall.EINVAL, err)
}

// TestLogReaderSizeIsHowMuchItReads reads parts of random sizes while lines are
// dropped. Then it compares Size with the number of bytes read up to the end.
func TestLogReaderSizeIsHowMuchItReads(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 4))
		log := NewLog(8)
		printSome := func() {
			for range random.IntN(10) {
				log.Print(strings.Repeat("x", random.IntN(20)))
			}
		}
		printSome()
		r := log.Reader()
		read := int64(0)
		for range random.IntN(6) {
			n, err := r.ReadAt(make([]byte, random.IntN(100)), read)
			require.NoError(t, err)
			read += int64(n)
			printSome()
		}
		size := r.Size()
		for n := 1; n > 0; read += int64(n) {
			var err error
			n, err = r.ReadAt(make([]byte, 30), read)
			require.NoError(t, err)
		}
		require.Equal(t, read, size, "seed %d", seed)
		require.Equal(t, read, r.Size(), "at the end, seed %d", seed)
	}
}

func TestLogReaderIsSafeForConcurrentUse(t *testing.T) {
	log := NewLog(20)
	for range 20 {
		log.Print("before the open")
	}
	r := log.Reader()
	longest := r.Size() + int64(len(notice(20)))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for offset := range int64(200) {
				_, err := r.ReadAt(make([]byte, 10), offset)
				assert.NoError(t, err)
				assert.LessOrEqual(t, r.Size(), longest)
				log.Print("later")
			}
		})
	}
	all.Wait()
}
