package load

import (
	"maps"
	"runtime"
	"runtime/debug"
	"strings"
)

// versions are those of the compiler and of what is measured.
func versions(contender Contender) map[string]string {
	all := map[string]string{"go": runtime.Version()}
	if contender.Versions != nil {
		maps.Copy(all, contender.Versions())
	}
	return all
}

// ModuleVersion gives the version of a Go module in this program. Bazel's builds do not know it: then it is the one that this go.mod
// requires.
func ModuleVersion(path, goMod string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == path {
				return module.Version
			}
		}
	}
	for line := range strings.Lines(goMod) {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) >= 2 && fields[0] == path {
			return fields[1]
		}
	}
	return "unknown"
}
