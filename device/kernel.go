package device

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// Kernel has modules, their files, and the sessions on these. It stands for
// the part of a kernel that the tutorial's modules live in.
type Kernel struct {
	// MaxSessions is how many sessions may be open, of all clients; 0: no
	// limit. A session takes about 1 KiB. It is set before the first open.
	MaxSessions int

	log     *Log      // immutable
	modules []*loaded // registered, in order; immutable, but not what they point to

	// loading serialises Load and Unload, which call into modules, and guards
	// numbers.
	loading sync.Mutex
	numbers map[string]uint16 // of every file there ever was, from 1

	// files are those of the loaded modules, by name. The map is never
	// changed but replaced, under loading, so that a walk takes no lock.
	files atomic.Pointer[map[string]*file]

	// mu guards the fields below. It is held for map operations only.
	mu        sync.Mutex
	sessions  sessionSet
	owned     map[owner]*sessionSet
	exclusive map[holder]*Session
	processes map[Identity]*processSet // of sessions with a process number, by the rest of their identity
}

// loaded is a registered module. Kernel.loading guards live and names.
type loaded struct {
	module Module // immutable
	live   bool
	names  []string     // of its files
	uses   atomic.Int64 // open sessions

	// opening is held for reading while a session starts. Who has had it for
	// writing after the module's files were gone knows that no start is under
	// way and none will come.
	opening sync.RWMutex
}

// file is a registered file. Immutable.
type file struct {
	File
	module *loaded
	number uint16 // stays that of the name over unload and load
}

// holder is who may have an exclusive file open once.
type holder struct {
	file   uint16 // its number
	client Identity
}

// NewKernel returns a kernel with modules registered, none loaded. Of two with
// the same name only the first can be loaded.
func NewKernel(modules ...Module) *Kernel {
	k := &Kernel{
		log:       NewLog(DefaultLogLines),
		numbers:   make(map[string]uint16),
		sessions:  sessionSet{by: ofAll},
		owned:     make(map[owner]*sessionSet),
		exclusive: make(map[holder]*Session),
		processes: make(map[Identity]*processSet),
	}
	for _, m := range modules {
		k.modules = append(k.modules, &loaded{module: m})
	}
	k.files.Store(&map[string]*file{})
	return k
}

// Modules returns one of each module there is, in the order in which they are
// loaded when nothing else is said.
func Modules() []Module { return []Module{HelloWorld{}, MinimalProc{}, new(FullEx)} }

// Log returns the kernel's log.
func (k *Kernel) Log() *Log { return k.log }

// Load loads a module, as insmod does: EINVAL if there is none of that name,
// EEXIST if it is loaded. A module whose files have names that cannot be (EINVAL)
// or that are taken (EEXIST) is unloaded again, and the log says which.
func (k *Kernel) Load(name string) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	m := k.find(name)
	switch {
	case m == nil:
		return errNoModule
	case m.live:
		return errLoaded
	}
	files := maps.Clone(*k.files.Load())
	m.names = nil
	for _, f := range m.module.Load(k.log) {
		if err := checkFile(f.Name, files); err != 0 {
			k.log.Print(fmt.Sprintf("%s: no file %s: %v", name, Printable([]byte(f.Name)), err))
			m.module.Unload(k.log)
			return err
		}
		files[f.Name] = &file{File: f, module: m, number: k.numberLocked(f.Name)}
		m.names = append(m.names, f.Name)
	}
	m.live = true
	k.files.Store(&files)
	return nil
}

// Unload unloads a module, as rmmod does, also one in use: its files are gone
// at once, its sessions are freed, and later calls on these return EIO. EINVAL
// if there is no module of that name, ENOENT if it is not loaded.
func (k *Kernel) Unload(name string) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	m := k.find(name)
	switch {
	case m == nil:
		return errNoModule
	case !m.live:
		return errNotLoaded
	}
	files := maps.Clone(*k.files.Load())
	for _, name := range m.names {
		delete(files, name)
	}
	m.live = false
	k.files.Store(&files)
	m.waitForOpens()
	for _, s := range k.removeAll(m) {
		s.end(errUnloaded)
	}
	m.module.Unload(k.log)
	return nil
}

// checkFile says whether a file may have a name beside those there are.
func checkFile(name string, files map[string]*file) syscall.Errno {
	switch {
	case name == "", name == ".", name == "..", len(name) > maxName, strings.ContainsAny(name, "/\x00"):
		return errFileName
	case files[name] != nil:
		return errFileTaken
	}
	return 0
}

// maxName is how long the name of a file may be, in bytes: NAME_MAX of Linux.
const maxName = 255

func (k *Kernel) numberLocked(name string) uint16 {
	if k.numbers[name] == 0 {
		k.numbers[name] = uint16(len(k.numbers) + 1)
	}
	return k.numbers[name]
}

func (k *Kernel) find(name string) *loaded {
	for _, m := range k.modules {
		if m.module.Name() == name {
			return m
		}
	}
	return nil
}

// waitForOpens returns when no session is about to start that found the
// module's files before they went.
func (m *loaded) waitForOpens() {
	m.opening.Lock()
	defer m.opening.Unlock()
}

// removeAll takes all sessions of a module out of the tables.
func (k *Kernel) removeAll(m *loaded) []*Session {
	k.mu.Lock()
	defer k.mu.Unlock()
	var removed []*Session
	for _, s := range k.sessions.list {
		if s.file.module == m {
			removed = append(removed, s)
		}
	}
	for _, s := range removed {
		k.removeLocked(s)
	}
	return removed
}

// FileInfo is what a tree shows of a file.
type FileInfo struct {
	Name      string
	Mode      fs.FileMode // permission bits
	Exclusive bool        // as File.Exclusive
	Number    uint16      // another for each name, the same for one name for ever
}

// Lookup returns a file of a loaded module, and whether there is one of that
// name. It takes no lock.
func (k *Kernel) Lookup(name string) (FileInfo, bool) {
	f, ok := (*k.files.Load())[name]
	if !ok {
		return FileInfo{}, false
	}
	return FileInfo{f.Name, f.Mode, f.Exclusive, f.number}, true
}

// Files returns the names of all files there are, sorted.
func (k *Kernel) Files() []string {
	return slices.Sorted(maps.Keys(*k.files.Load()))
}
