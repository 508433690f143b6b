//go:build !unix || aix || solaris

package rsocket

import (
	"fmt"
	"io/fs"
	"net"
)

// listenUnix does as the system does.
func listenUnix(path string, permissions *fs.FileMode) (net.Listener, error) {
	if permissions != nil {
		return nil, fmt.Errorf("%w: WithUnixPermissions is not for this system", ErrInvalidArgument)
	}
	return net.Listen("unix", path)
}
