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

// greylisting says whether strangers are asked to come back, when, and where the
// server remembers them.
type greylisting struct {
	off    bool
	file   string           // "": greylist.db beside the maildirs
	redis  *goredis.Options // in place of the file, if not nil
	secret string           // a file; "": greylist.secret beside the maildirs
	delay  time.Duration
}

// Bounds of the delay. A record has whole seconds, and who must wait for longer
// than a day would come back too late.
const (
	minDelay = time.Second
	maxDelay = 12 * time.Hour
)

// choose reads the flag that says where.
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
		return &envelope.SyntaxError{Kind: "place", Value: where, Reason: "is neither a file nor of the form redis://192.0.2.1:6379, nor off"}
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

// open returns the check that knows who comes back, nil if nobody is asked to,
// and what closes its store. The folder of the maildirs is there already.
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

// readSecret reads the secret of this installation, and makes one if there is
// none. Servers that share a store need the same file.
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
		err = fmt.Errorf("%s: the secret has %d octets, and should have %d or more", name, len(secret), least)
	}
	return secret, err
}

// redisLog is where the client of Redis says what it could not do.
type redisLog struct{ *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, values ...any) {
	l.WarnContext(ctx, "redis", "text", fmt.Sprintf(format, values...))
}
