package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/urfave/cli/v2"

	"fullex/p9srv"
	"fullex/p9srv/endpoint"
)

// serveConfig is the flags of serve, checked before anything starts.
type serveConfig struct {
	endpoints []endpoint.Endpoint // none: the default ones
	identity  p9srv.IdentityPolicy
	level     slog.Level
	json      bool
	trace     bool
	strict    bool
	limits    p9srv.Limits
	sessions  int // as device.Kernel.MaxSessions
	modules   []string
	faults    planting
}

func serveConfigFrom(c *cli.Context) (serveConfig, error) {
	config := serveConfig{trace: c.Bool("trace"), strict: c.Bool("strict"), modules: c.StringSlice("module")}
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
	config.endpoints, err = endpointsFrom(c.StringSlice("listen"))
	return config, err
}

// endpointsFrom parses the values of --listen.
func endpointsFrom(given []string) ([]endpoint.Endpoint, error) {
	var endpoints []endpoint.Endpoint
	for _, s := range given {
		e, err := endpoint.Parse(s)
		if err != nil {
			return nil, fmt.Errorf("--listen: %w", err)
		}
		endpoints = append(endpoints, e)
	}
	return endpoints, nil
}

// notUpgradable returns an error if the server has layers, which cannot be carried.
func (config serveConfig) notUpgradable() error {
	switch {
	case len(config.faults.all()) > 0:
		return errors.New("a server with --fault cannot be upgraded")
	case config.strict:
		return errors.New("a server with --strict cannot be upgraded")
	}
	return nil
}

// atLeast returns the config with a log that includes a level, even if the flags ask for
// less.
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
