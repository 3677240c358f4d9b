package conformance

import (
	"fmt"
	"hash/fnv"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hugelgupf/p9/fsimpl/templatefs"
	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"

	"fullex/device"
)

// naive is a tree as one would write it for the protocol library without
// knowing its defects: full_ex in every directory, and every other name is a
// directory. A defect's test sets what it needs.
type naive struct {
	device *device.Kernel
	opens  atomic.Uint64

	oneClient bool   // the device is open once, as nobody tells who asks
	fills     bool   // a read gives as many bytes as it may
	xattr     bool   // each file has the attribute user.x
	entries   int    // how many entries a directory lists
	holds     string // "open", "read" or "close": the method that waits for release

	held    chan struct{} // takes one for each method that waits
	gate    chan struct{} // closed by release
	letPass sync.Once
}

func newNaive() *naive {
	return &naive{device: newKernel(), held: make(chan struct{}, 1<<16), gate: make(chan struct{})}
}

// wait waits in the methods that hold.
func (n *naive) wait(method string) {
	if n.holds == method {
		n.held <- struct{}{}
		<-n.gate
	}
}

// waitHeld waits until so many methods wait, or for a second.
func (n *naive) waitHeld(methods int) {
	timeout := time.After(time.Second)
	for range methods {
		select {
		case <-n.held:
		case <-timeout:
			return
		}
	}
}

// release lets every method go that waits or would.
func (n *naive) release() { n.letPass.Do(func() { close(n.gate) }) }

// Attach implements p9.Attacher.
func (n *naive) Attach() (p9.File, error) { return &naiveFile{tree: n, path: "/"}, nil }

// naiveFile is a file of the tree.
type naiveFile struct {
	templatefs.NoopFile
	p9.DefaultWalkGetAttr

	tree    *naive
	path    string
	session *device.Session
}

var _ p9.File = (*naiveFile)(nil)

func (f *naiveFile) isDir() bool { return path.Base(f.path) != "full_ex" }

func (f *naiveFile) qid() p9.QID {
	h := fnv.New64()
	_, _ = h.Write([]byte(f.path)) // never fails
	q := p9.QID{Path: h.Sum64()}
	if f.isDir() {
		q.Type = p9.TypeDir
	}
	return q
}

func (f *naiveFile) Walk(names []string) ([]p9.QID, p9.File, error) {
	next := &naiveFile{tree: f.tree, path: path.Join(append([]string{f.path}, names...)...)}
	if len(names) == 0 {
		return nil, next, nil
	}
	return []p9.QID{next.qid()}, next, nil
}

func (f *naiveFile) GetAttr(p9.AttrMask) (p9.QID, p9.AttrMask, p9.Attr, error) {
	mode := p9.ModeRegular | 0o666
	if f.isDir() {
		mode = p9.ModeDirectory | 0o555
	}
	return f.qid(), p9.AttrMask{Mode: true}, p9.Attr{Mode: mode}, nil
}

func (f *naiveFile) Open(p9.OpenFlags) (p9.QID, uint32, error) {
	f.tree.wait("open")
	if f.isDir() {
		return f.qid(), 0, nil
	}
	client := device.Client{Identity: device.Identity{Peer: f.path}, User: &device.User{}, Door: "/"}
	if !f.tree.oneClient {
		client.Open = f.tree.opens.Add(1)
	}
	session, err := f.tree.device.Open("full_ex", client)
	if err != nil {
		return p9.QID{}, 0, linux.EACCES
	}
	f.session = session
	return f.qid(), 0, nil
}

// failed is an error of the device for the library.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return linux.ExtractErrno(err)
}

func (f *naiveFile) ReadAt(p []byte, _ int64) (int, error) {
	f.tree.wait("read")
	if f.tree.fills {
		return len(p), nil
	}
	n, err := f.session.Read(p)
	return n, failed(err)
}

func (f *naiveFile) WriteAt(p []byte, _ int64) (int, error) {
	n, err := f.session.Write(p)
	return n, failed(err)
}

func (f *naiveFile) Close() error {
	f.tree.wait("close")
	if f.session == nil {
		return nil
	}
	return f.session.Close()
}

func (f *naiveFile) Readdir(offset uint64, _ uint32) (p9.Dirents, error) {
	var entries p9.Dirents
	for i := int(offset); i < f.tree.entries; i++ {
		entries = append(entries, p9.Dirent{QID: f.qid(), Offset: uint64(i + 1), Name: fmt.Sprint(1_000_000 + i)})
	}
	return entries, nil
}

func (f *naiveFile) GetXattr(name string) ([]byte, error) {
	if f.tree.xattr && name == "user.x" {
		return []byte("value"), nil
	}
	return nil, linux.ENODATA
}

func (f *naiveFile) ListXattrs() ([]string, error) { return nil, nil }

func (f *naiveFile) UnlinkAt(string, uint32) error { return linux.EPERM }
