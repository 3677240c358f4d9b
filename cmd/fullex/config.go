package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"fullex/p9srv"
)

const (
	defaultTCP = "tcp:127.0.0.1:5640"
	rootSocket = "/run/fullex/fullex.sock"
)

// serveConfig is the flags of serve, checked before anything starts.
type serveConfig struct {
	endpoints []p9srv.Endpoint
	identity  p9srv.IdentityPolicy
	level     slog.Level
	json      bool
	trace     bool
	limits    p9srv.Limits
	sessions  int // as device.Kernel.MaxSessions
	modules   []string
	faults    faults
	tcpOnly   bool // for want of a directory for the socket
}

func serveConfigFrom(c *cli.Context) (serveConfig, error) {
	config := serveConfig{trace: c.Bool("trace"), modules: c.StringSlice("module")}
	var err error
	if err = noArguments(c); err != nil {
		return config, err
	}
	if err = config.takeLimits(c); err != nil {
		return config, err
	}
	if config.faults, err = parseFaults(c.StringSlice("fault")); err != nil {
		return config, err
	}
	if config.identity, err = p9srv.ParseIdentityPolicy(c.String("identity")); err != nil {
		return config, fmt.Errorf("--identity: %w", err)
	}
	if err = config.level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
		return config, fmt.Errorf("--log-level %q: want debug, info, warn or error", c.String("log-level"))
	}
	switch format := c.String("log-format"); format {
	case "text", "json":
		config.json = format == "json"
	default:
		return config, fmt.Errorf("--log-format %q: want text or json", format)
	}
	given := c.StringSlice("listen")
	config.endpoints, err = endpointsFrom(given)
	config.tcpOnly = len(given) == 0 && len(config.endpoints) == 1
	return config, err
}

// endpointsFrom parses the endpoints given, or returns the default ones.
func endpointsFrom(given []string) ([]p9srv.Endpoint, error) {
	if len(given) == 0 {
		return defaultEndpoints()
	}
	var endpoints []p9srv.Endpoint
	for _, s := range given {
		e, err := p9srv.ParseEndpoint(s)
		if err != nil {
			return nil, fmt.Errorf("--listen: %w", err)
		}
		endpoints = append(endpoints, e)
	}
	return endpoints, nil
}

func defaultEndpoints() ([]p9srv.Endpoint, error) {
	tcp, err := p9srv.ParseEndpoint(defaultTCP)
	if err != nil {
		return nil, err
	}
	path := socketPath(os.Geteuid())
	if path == "" {
		return []p9srv.Endpoint{tcp}, nil
	}
	if path == rootSocket {
		if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the runtime directory: %w", err)
		}
	}
	unix, err := p9srv.ParseEndpoint("unix:" + path)
	return []p9srv.Endpoint{unix, tcp}, err
}

// socketPath is where a user's default socket is: in a directory that others cannot
// write to, never in /tmp, where they could put a socket of their own first. It
// is "" where the user has no such directory.
func socketPath(uid int) string {
	if uid == 0 {
		return rootSocket
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return filepath.Join(dir, "fullex.sock")
	}
	dir := fmt.Sprintf("/run/user/%d", uid)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return filepath.Join(dir, "fullex.sock")
}

// atLeast returns the config with a log that takes what has a level, also if the
// user wants less.
func (config serveConfig) atLeast(level slog.Level) serveConfig {
	config.level = min(config.level, level)
	return config
}

// logger returns the log that the flags describe.
func (config serveConfig) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: config.level}
	if config.json {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
