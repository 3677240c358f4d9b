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

// Kernel has the modules, their files, and the open sessions of these files. It
// stands for the kernel that the tutorial's modules are loaded into. It is safe for
// concurrent use.
type Kernel struct {
	// MaxSessions limits the open sessions of all clients together; 0: no limit.
	// A session takes about 1 KiB. It must be set before the first open.
	MaxSessions int

	// Upgrade, if not nil, is called when an administrator asks for another program in
	// the place of this one. It does not wait for that. It is set before the first use.
	Upgrade func() error
	// Generation is the number of programs that had these modules, one after the other;
	// ListModules shows it from 2 on. It is set before the first use.
	Generation uint64

	log     *Log      // immutable
	modules []*module // in the order of registration; the slice is immutable

	// loading serialises Load and Unload, which call into modules. It guards
	// numbers.
	loading sync.Mutex
	numbers map[string]uint16 // from 1, for each file name that was ever loaded

	// files maps names to the files of the loaded modules. The map is never
	// changed. Load and Unload replace it under loading, so a lookup takes no lock.
	files atomic.Pointer[map[string]*file]

	// mu guards the fields below. It is held only for operations on them.
	mu        sync.Mutex
	sessions  sessionSet               // all open sessions
	owned     map[owner]*sessionSet    // the same, by owner
	exclusive map[opener]*Session      // those that keep their client from a second open
	processes map[Identity]*processSet // process numbers in use, by identity without Process
}

// module is a registered module. Kernel.loading guards loaded and names.
type module struct {
	code   Module // immutable
	loaded bool
	names  []string     // of its files
	uses   atomic.Int64 // number of open sessions

	// opening is held for reading while a session starts. Unload locks it for
	// writing after it has removed the module's files. Then no session is about
	// to start, and none can start later.
	opening sync.RWMutex
}

// file is a registered file. It is immutable.
type file struct {
	File
	module *module
	number uint16 // the same for every file that ever has this name
}

// opener is a client and an exclusive file that it may open once.
type opener struct {
	file   uint16 // file.number
	client Identity
}

// NewKernel returns a kernel in which modules are registered and none is loaded.
// If two modules have the same name, only the first can be loaded.
func NewKernel(modules ...Module) *Kernel {
	k := &Kernel{
		log:       NewLog(DefaultLogLines),
		numbers:   make(map[string]uint16),
		sessions:  sessionSet{by: ofAll},
		owned:     make(map[owner]*sessionSet),
		exclusive: make(map[opener]*Session),
		processes: make(map[Identity]*processSet),
	}
	for _, m := range modules {
		k.modules = append(k.modules, &module{code: m})
	}
	k.files.Store(&map[string]*file{})
	return k
}

// Modules returns a new value of every module of this package, in the default
// order of loading.
func Modules() []Module { return []Module{HelloWorld{}, MinimalProc{}, new(FullEx)} }

// Log returns the log of this kernel.
func (k *Kernel) Log() *Log { return k.log }

// Load loads the module with that name, as insmod(8) does. Errors are EINVAL if no
// such module is registered, and EEXIST if it is loaded already.
//
// A file of the module may have an invalid name (EINVAL) or the name of another file
// (EEXIST). Then the module is unloaded again, and the log names that file.
func (k *Kernel) Load(name string) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	m := k.find(name)
	switch {
	case m == nil:
		return errNoModule
	case m.loaded:
		return errLoaded
	}
	files := maps.Clone(*k.files.Load())
	m.names = nil
	for _, f := range m.code.Load(k.log) {
		if err := checkFile(f.Name, files); err != 0 {
			k.log.Print(fmt.Sprintf("%s: cannot make the file %s: %v", name, Printable([]byte(f.Name)), err))
			m.code.Unload(k.log)
			return err
		}
		files[f.Name] = &file{File: f, module: m, number: k.numberLocked(f.Name)}
		m.names = append(m.names, f.Name)
	}
	m.loaded = true
	k.files.Store(&files)
	return nil
}

// Unload unloads the module with that name, as rmmod(8) does, even while it is in
// use. The files disappear at once. Then its sessions end: their reads and writes
// return EIO. Errors are EINVAL if no such module is registered, and ENOENT if it is
// not loaded.
func (k *Kernel) Unload(name string) error {
	k.loading.Lock()
	defer k.loading.Unlock()
	m := k.find(name)
	switch {
	case m == nil:
		return errNoModule
	case !m.loaded:
		return errNotLoaded
	}
	files := maps.Clone(*k.files.Load())
	for _, name := range m.names {
		delete(files, name)
	}
	m.loaded = false
	k.files.Store(&files)
	m.waitForOpens()
	for _, s := range k.removeAll(m) {
		s.end(errUnloaded)
	}
	m.code.Unload(k.log)
	return nil
}

// checkFile returns 0 if a new file may have that name, and otherwise the errno.
func checkFile(name string, files map[string]*file) syscall.Errno {
	switch {
	case name == "", name == ".", name == "..", len(name) > maxName, strings.ContainsAny(name, "/\x00"):
		return errFileName
	case files[name] != nil:
		return errFileTaken
	}
	return 0
}

// maxName is the longest name of a file, in bytes: NAME_MAX of Linux.
const maxName = 255

// numberLocked returns the number of a file name. The caller holds loading.
func (k *Kernel) numberLocked(name string) uint16 {
	if k.numbers[name] == 0 {
		k.numbers[name] = uint16(len(k.numbers) + 1)
	}
	return k.numbers[name]
}

func (k *Kernel) find(name string) *module {
	for _, m := range k.modules {
		if m.code.Name() == name {
			return m
		}
	}
	return nil
}

// waitForOpens waits for every Open that found a file of the module before the
// files disappeared.
func (m *module) waitForOpens() {
	m.opening.Lock()
	defer m.opening.Unlock()
}

// removeAll removes all sessions of a module from the tables and returns them.
func (k *Kernel) removeAll(m *module) []*Session {
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

// FileInfo describes a file of a loaded module.
type FileInfo struct {
	Name      string
	Mode      fs.FileMode // permission bits
	Exclusive bool        // as File.Exclusive
	Number    uint16      // from 1; a kernel gives each name one number and never changes it
}

// Lookup returns the file with that name, and false if no loaded module has it. It
// takes no lock.
func (k *Kernel) Lookup(name string) (FileInfo, bool) {
	f, ok := (*k.files.Load())[name]
	if !ok {
		return FileInfo{}, false
	}
	return FileInfo{f.Name, f.Mode, f.Exclusive, f.number}, true
}

// Files returns the names of all files of the loaded modules, sorted.
func (k *Kernel) Files() []string {
	return slices.Sorted(maps.Keys(*k.files.Load()))
}
