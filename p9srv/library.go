package p9srv

import (
	"errors"
	"io"
	"time"

	"github.com/hugelgupf/p9/p9"
)

// library is one run of hugelgupf/p9's server for one 9P session, from Tversion
// to the next Tversion or the end of the connection. It is fed one message at
// a time: the next goes in when the reply to the last is out.
//
// The library runs goroutines of its own; they end with close, which waits.
type library struct {
	requests chan []byte   // unbuffered; closed: end of the connection
	replied  chan struct{} // one token: reply holds a whole message
	done     chan struct{} // closed when the library has let go of every file
	timer    *time.Timer   // of the call in hand

	// The library's side. Between requests and replied they belong to it, and
	// to the front at all other times.
	pending []byte // of the request, what the library has not read yet
	reply   []byte // of the reply, what the library has written so far
}

var (
	errStuck = errors.New("the protocol library did not answer a control message")
	errEnded = errors.New("the protocol library ended the session")
)

// largeReply is from where on a reply buffer is dropped after use, so that a
// connection which lists a directory once does not keep its size.
const largeReply = 512

// startLibrary runs a server of its own over the given attacher and agrees the
// version with it. A server of its own, because the library keeps path nodes
// for a server's life and locks them across all its connections.
func startLibrary(attacher p9.Attacher) (*library, error) {
	l := &library{
		requests: make(chan []byte),
		replied:  make(chan struct{}, 1),
		done:     make(chan struct{}),
		timer:    time.NewTimer(libraryTimeout),
	}
	l.timer.Stop()
	go func() {
		defer close(l.done)
		// Handle returns nil always, when its reader ends.
		_ = p9.NewServer(attacher).Handle(libraryReader{l}, libraryWriter{l})
	}()
	_, err := l.call(versionRequest(), nil)
	return l, err
}

// versionRequest is the Tversion that the library gets, whatever the client
// said: the front speaks for both.
func versionRequest() []byte {
	b := begin(nil, tversion, noTag)
	b = le.AppendUint32(b, libraryMsize)
	b = appendString(b, version9P2000L)
	return end(b, 0)
}

// call passes a request on and appends the whole reply to out. On an error the
// connection must end: the library may still be at work.
func (l *library) call(request, out []byte) ([]byte, error) {
	l.timer.Reset(libraryTimeout)
	defer l.timer.Stop()
	select {
	case l.requests <- request:
	case <-l.done:
		return out, errEnded
	case <-l.timer.C:
		return out, errStuck
	}
	select {
	case <-l.replied:
	case <-l.done:
		return out, errEnded
	case <-l.timer.C:
		return out, errStuck
	}
	out = append(out, l.reply...)
	if cap(l.reply) > largeReply {
		l.reply = nil
	}
	l.reply = l.reply[:0]
	return out, nil
}

// close ends the session and waits until every file is closed. It returns
// errStuck if that takes longer than libraryTimeout.
func (l *library) close() error {
	close(l.requests)
	l.timer.Reset(libraryTimeout)
	defer l.timer.Stop()
	select {
	case <-l.done:
		return nil
	case <-l.timer.C:
		return errStuck
	}
}

// libraryReader is where the library reads requests.
type libraryReader struct{ *library }

func (r libraryReader) Read(p []byte) (int, error) {
	if len(r.pending) == 0 {
		request, ok := <-r.requests
		if !ok {
			return 0, io.EOF
		}
		r.pending = request
	}
	n := copy(p, r.pending)
	r.pending = r.pending[n:]
	return n, nil
}

// Close does nothing: the front closes.
func (libraryReader) Close() error { return nil }

// libraryWriter is where the library writes replies, in several pieces each.
type libraryWriter struct{ *library }

func (w libraryWriter) Write(p []byte) (int, error) {
	w.reply = append(w.reply, p...)
	if len(w.reply) >= 4 && len(w.reply) >= int(le.Uint32(w.reply)) {
		w.replied <- struct{}{}
	}
	return len(p), nil
}

// Close does nothing: the front closes.
func (libraryWriter) Close() error { return nil }
