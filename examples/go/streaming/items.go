package main

import (
	"bufio"
	"iter"
	"os"
	"strconv"
)

// numbers yields 1, 2, 3 and so on without an end.
func numbers() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for i := 1; yield(strconv.Itoa(i), nil); i++ {
		}
	}
}

// lines yields the lines of a file, which is open only as long as somebody wants them.
func lines(path string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield("", err)
			return
		}
		defer file.Close()
		scanner := bufio.NewScanner(file)
		for scanner.Scan() {
			if !yield(scanner.Text(), nil) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			yield("", err)
		}
	}
}
