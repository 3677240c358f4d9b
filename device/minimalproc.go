package device

// MinimalProc is the tutorial's module minimal_proc_lkm. Each write to its file
// becomes a line of the log. Reads return EIO.
type MinimalProc struct{}

var _ Module = MinimalProc{}

// Name implements Module.
func (MinimalProc) Name() string { return "minimal_proc_lkm" }

// Load implements Module.
func (MinimalProc) Load(log *Log) []File {
	log.Print("minimal_proc_lkm: Hello procfile is created")
	open := func(c Client) (Handle, error) { return &minimalProcSession{log, c.User}, nil }
	restore := func(c Client, _ []byte) (Handle, error) { return open(c) }
	return []File{{Name: "minimal_proc_lkm", Mode: 0o666, Open: open, Restore: restore}}
}

// Unload implements Module.
func (MinimalProc) Unload(log *Log) { log.Print("goodbye") }

// minimalProcSession is a session of one user.
type minimalProcSession struct {
	log  *Log
	user *User
}

var (
	_ Handle = (*minimalProcSession)(nil)
	_ Saver  = (*minimalProcSession)(nil)
)

// MaxLine is the largest write to minimal_proc_lkm, in bytes.
const MaxLine = 1024

// Write adds p to the log as one line, escaped by Printable. It returns EINVAL for 0
// bytes and for more than MaxLine. It succeeds also if the log drops the line because
// the user's share is used up.
func (s *minimalProcSession) Write(p []byte) (int, error) {
	if len(p) > MaxLine || len(p) == 0 {
		return 0, errLong
	}
	s.log.PrintFor(s.user, func() string { return "minimal_proc_lkm: " + Printable(p) })
	return len(p), nil
}

// Read returns EIO, as the module does.
func (s *minimalProcSession) Read([]byte) (int, error) { return 0, errNoReading }

// Close does nothing.
func (s *minimalProcSession) Close() {}

// Save implements Saver. There is nothing to save.
func (s *minimalProcSession) Save() ([]byte, error) { return nil, nil }
