package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
	"mxrules.example/greylist/identity"
	"mxrules.example/greylist/redis"
)

// greylisting is the configuration of greylisting.
type greylisting struct {
	off    bool
	file   string           // "": greylist.db beside the maildirs
	redis  *goredis.Options // in place of the file, if not nil
	secret string           // a file; "": greylist.secret beside the maildirs
	delay  time.Duration
}

// Bounds of the delay. A record has whole seconds, and a retry after more than a day
// would be a first sight again.
const (
	minDelay = time.Second
	maxDelay = 12 * time.Hour
)

// choose parses the flag -greylist.
func (g *greylisting) choose(where string) (err error) {
	g.off, g.file, g.redis = where == "off", "", nil
	scheme, _, isURL := strings.Cut(where, "://")
	switch {
	case isURL && (scheme == "redis" || scheme == "rediss" || scheme == "unix"):
		if g.redis, err = goredis.ParseURL(where); err == nil {
			g.redis.ContextTimeoutEnabled = true
		}
		return err
	case where == "" || isURL:
		return &envelope.SyntaxError{Kind: "store", Value: where, Reason: "is not a file, not of the form redis://192.0.2.1:6379, and not off"}
	case !g.off:
		g.file = where
	}
	return nil
}

func (g *greylisting) check() error {
	if g.delay < minDelay || g.delay > maxDelay {
		return fmt.Errorf("-greylist-delay %v is not between %v and %v", g.delay, minDelay, maxDelay)
	}
	return nil
}

// open returns the check greylist.known, nil without greylisting, and the function that
// closes its store. The folder of the maildirs must exist.
func (g *greylisting) open(maildir string, log *slog.Logger) (known envelope.Check, stop func() error, err error) {
	if g.off {
		return nil, func() error { return nil }, nil
	}
	options := greylist.Options{Delay: g.delay, Identity: identity.Of}
	options.Secret, err = readSecret(cmp.Or(g.secret, filepath.Join(maildir, "greylist.secret")))
	if err != nil {
		return nil, nil, err
	}
	if g.redis != nil {
		goredis.SetLogger(redisLog{log})
		client := goredis.NewClient(g.redis)
		return greylist.Known(redis.New(client, redis.Options{}), options), client.Close, nil
	}
	store, err := bolt.Open(cmp.Or(g.file, filepath.Join(maildir, "greylist.db")), bolt.Options{})
	if err != nil {
		return nil, nil, err
	}
	return greylist.Known(store, options), store.Close, nil
}

// readSecret reads the secret of greylisting, and creates the file if it does not exist.
// Servers that share a store need the same file.
func readSecret(name string) (greylist.Secret, error) {
	const least = 16 // octets
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = file.WriteString(rand.Text() + "\n")
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	secret, err := os.ReadFile(name)
	if err == nil && len(secret) < least {
		err = fmt.Errorf("%s: the secret has %d octets, want at least %d", name, len(secret), least)
	}
	return secret, err
}

// redisLog logs the errors of the Redis client.
type redisLog struct{ *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, values ...any) {
	l.WarnContext(ctx, "redis", "text", fmt.Sprintf(format, values...))
}
