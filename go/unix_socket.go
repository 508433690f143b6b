package rsocket

import (
	"fmt"
	"io/fs"
	"syscall"
)

// maxUnixPath is how long a Unix socket's path may be on this system, in bytes. A zero follows it there.
const maxUnixPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// WithUnixPermissions sets who may connect to a server at unix:///path: those who may write to the socket's file, which has
// these permissions before anybody can connect. (Whoever is to reach it needs a way through its folders too.) It goes to
// [Listen], and is refused there for other URLs, which know no such thing. Default what the process's umask leaves of 0777.
func WithUnixPermissions(mode fs.FileMode) Option {
	if mode != mode.Perm() {
		return refuse(fmt.Sprintf("%v are not permissions alone", mode))
	}
	return func(s *settings) error {
		s.unixPermissions = &mode
		return nil
	}
}
