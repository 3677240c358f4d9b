package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"fullex/p9srv/endpoint"
	"fullex/p9srv/endpoint/ownpath"
)

// defaultTCP is where serve listens in addition to its default socket.
var defaultTCP = endpoint.TCP("127.0.0.1", 5640)

// rootSocket is the path of root's default socket. It does not depend on the environment, so
// that everybody finds it.
const rootSocket = "/run/fullex/fullex.sock"

// socketPath returns the path of a user's default socket. It is in a directory that other
// users cannot write to: in /tmp they could put a socket of their own there first. The error
// says why the user has no such directory.
func socketPath(uid int) (string, error) {
	if uid == 0 {
		return rootSocket, nil
	}
	why := errors.New("XDG_RUNTIME_DIR is not set")
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		if why = checkRuntimeDir(dir, uid); why == nil {
			return filepath.Join(dir, "fullex.sock"), nil
		}
		why = fmt.Errorf("XDG_RUNTIME_DIR: %w", why)
	}
	dir := fmt.Sprintf("/run/user/%d", uid)
	if checkRuntimeDir(dir, uid) != nil {
		return "", why
	}
	return filepath.Join(dir, "fullex.sock"), nil
}

// checkRuntimeDir returns an error unless dir is the absolute path of a directory of the
// user. Programs ignore a relative one (XDG Base Directory Specification).
func checkRuntimeDir(dir string, uid int) error {
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("%s: want an absolute path", dir)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(stat.Uid) != uid {
		return fmt.Errorf("%s is not a directory of user %d", dir, uid)
	}
	return nil
}

// open opens the endpoints of --listen. Without any it opens the default socket, if there
// can be one, and TCP.
func (config serveConfig) open(ctx context.Context, log *slog.Logger) ([]source, error) {
	if len(config.endpoints) > 0 {
		return openAll(ctx, config.endpoints)
	}
	unix, err := openDefaultSocket(ctx)
	switch {
	case errors.Is(err, syscall.EADDRINUSE) || ctx.Err() != nil:
		return nil, err
	case err != nil:
		log.Warn("serving "+defaultTCP.String()+" only, over which nobody may load or unload modules: there is no unix socket", "error", err)
		return openAll(ctx, []endpoint.Endpoint{defaultTCP})
	}
	tcp, err := openSource(ctx, defaultTCP)
	if err != nil {
		return nil, errors.Join(err, unix.close())
	}
	return []source{unix, tcp}, nil
}

func openDefaultSocket(ctx context.Context) (source, error) {
	path, err := socketPath(os.Geteuid())
	if err != nil {
		return source{}, err
	}
	if path == rootSocket {
		if err := makeRootDir(filepath.Dir(path)); err != nil {
			return source{}, fmt.Errorf("make the runtime directory: %w", err)
		}
	}
	return openSource(ctx, endpoint.Unix(path))
}

// makeRootDir makes root's directory. If there is one already, it returns an error unless
// only root can change it.
func makeRootDir(path string) error {
	if err := os.Mkdir(path, 0o755); err == nil || !errors.Is(err, fs.ErrExist) {
		return err
	}
	dir, fixed, err := ownpath.Open(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if !fixed || !ownpath.Keeps(dir) {
		err = fmt.Errorf("%s: other users can change it", path)
	}
	return errors.Join(err, dir.Close())
}
