//go:build !linux

package main

import "errors"

func usageOf(*process) (usage, error) {
	return usage{}, errors.New("CPU time and memory of contenders are read on Linux only")
}
