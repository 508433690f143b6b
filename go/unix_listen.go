//go:build unix && !aix && !solaris

package rsocket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
)

// unixBacklog is how many clients may wait to be accepted; the system may allow fewer.
const unixBacklog = 4096

// unixLockSuffix makes a socket's path that of its lock file. The runtime in Rust has the same.
const unixLockSuffix = ".rsocket-lock"

// listenUnix listens at a path, and replaces the socket that a server has left behind there.
//
// A server holds a lock file beside its socket for as long as it listens; the system lets go of it when the process ends,
// however it does. So of several servers that begin at once one has the path, a socket that is bound and not yet listened on
// is not taken for one left behind, and none removes the socket of another.
func listenUnix(path string, permissions *fs.FileMode) (net.Listener, error) {
	lock, err := lockUnixPath(path)
	if err != nil {
		return nil, err
	}
	if err := removeAbandoned(path); err != nil {
		lock.release()
		return nil, err
	}
	socket, err := bindUnix(path, permissions)
	if err != nil {
		lock.release()
		return nil, err
	}
	l := &unixListener{socket: socket, lock: lock}
	l.UnixListener, err = socket.listen()
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// unixListener removes its socket when it is closed.
type unixListener struct {
	*net.UnixListener
	socket unixSocket
	lock   *unixLock
	closed sync.Once
}

// Close leaves what has taken the place of the socket.
func (l *unixListener) Close() error {
	// While the path leads here it is listened on, so that nobody takes it for one left behind.
	l.closed.Do(l.socket.remove)
	var err error
	if l.UnixListener != nil {
		err = l.UnixListener.Close()
	}
	l.lock.release()
	return err
}

// unixSocket is a socket with a file.
type unixSocket struct {
	path string
	file fs.FileInfo
	// descriptor is the socket itself, which nobody can connect to until it listens.
	descriptor *os.File
}

func bindUnix(path string, permissions *fs.FileMode) (unixSocket, error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return unixSocket{}, os.NewSyscallError("socket", err)
	}
	s := unixSocket{path: path, descriptor: os.NewFile(uintptr(fd), path)}
	if err := s.bind(fd, permissions); err != nil {
		_ = s.descriptor.Close()
		return unixSocket{}, err
	}
	return s, nil
}

func (s *unixSocket) bind(fd int, permissions *fs.FileMode) error {
	err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: s.path})
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: something came to be at %s", ErrAddressInUse, s.path)
	}
	if err != nil {
		return &fs.PathError{Op: "bind", Path: s.path, Err: err}
	}
	if s.file, err = os.Lstat(s.path); err == nil && permissions != nil {
		err = os.Chmod(s.path, *permissions)
	}
	if err != nil {
		s.remove()
	}
	return err
}

// listen lets clients in. It uses the descriptor up.
func (s *unixSocket) listen() (*net.UnixListener, error) {
	defer s.descriptor.Close()
	if err := syscall.Listen(int(s.descriptor.Fd()), unixBacklog); err != nil {
		return nil, os.NewSyscallError("listen", err)
	}
	l, err := net.FileListener(s.descriptor)
	if err != nil {
		return nil, err
	}
	return l.(*net.UnixListener), nil
}

func (s *unixSocket) remove() {
	if file, err := os.Lstat(s.path); err == nil && os.SameFile(file, s.file) {
		_ = os.Remove(s.path)
	}
}

// removeAbandoned removes the socket at a path if nobody listens on it. Only who has the path's lock may call it.
func removeAbandoned(path string) error {
	file, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case file.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%w: %s is not a socket", ErrAddressInUse, path)
	}
	// A server of another make has no lock.
	probe, err := (&net.Dialer{}).DialContext(context.Background(), "unix", path)
	switch {
	case err == nil:
		_ = probe.Close()
		return serverListensAt(path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	case errors.Is(err, syscall.EAGAIN):
		return serverListensAt(path) // With many clients waiting.
	default:
		return fmt.Errorf("%w: whether a server listens at %s cannot be told: %w", ErrAddressInUse, path, err)
	}
}

func serverListensAt(path string) error {
	return fmt.Errorf("%w: a server listens at %s", ErrAddressInUse, path)
}

// unixLock is the right to a path.
type unixLock struct {
	path     string
	file     *os.File
	released sync.Once
}

func lockUnixPath(path string) (*unixLock, error) {
	for {
		lock := &unixLock{path: path + unixLockSuffix}
		var err error
		lock.file, err = os.OpenFile(lock.path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		// Its holder only keeps it, so there is no waiting for it.
		err = syscall.Flock(int(lock.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && lock.isThere() {
			return lock, nil
		}
		_ = lock.file.Close()
		switch {
		case errors.Is(err, syscall.EWOULDBLOCK):
			return nil, fmt.Errorf("%w, as it holds %s", serverListensAt(path), lock.path)
		case err != nil && !errors.Is(err, syscall.EINTR):
			return nil, &fs.PathError{Op: "lock", Path: lock.path, Err: err}
		}
	}
}

// isThere reports whether the path leads to the file. Its last holder may have removed it between opening and locking.
func (l *unixLock) isThere() bool {
	held, err := l.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(l.path)
	return err == nil && os.SameFile(held, there)
}

func (l *unixLock) release() {
	l.released.Do(func() {
		// Before it is let go of, so that nobody's is removed who has it next. Something may have removed it already.
		if l.isThere() {
			_ = os.Remove(l.path)
		}
		_ = l.file.Close()
	})
}
