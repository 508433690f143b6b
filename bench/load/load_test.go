package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fake is a connection whose answers a test changes.
type fake struct {
	answer   func(request []byte) ([]byte, error)
	item     func(index int) uint64 // the index that an item says it has
	received atomic.Uint64
}

func (f *fake) Close() {}

func (f *fake) NewRequest(data []byte) Request { return data }

func (f *fake) RequestResponse(request Request) Ask {
	return func(look func([]byte)) error {
		answer, err := f.answer(request.([]byte))
		if err == nil {
			look(answer)
		}
		return err
	}
}

func (f *fake) RequestResponseFunc(request Request) func(func([]byte, error)) error {
	return func(done func([]byte, error)) error {
		go func() { done(f.answer(request.([]byte))) }()
		return nil
	}
}

func (f *fake) FireAndForget(Request) error {
	f.received.Add(1)
	return nil
}

func (f *fake) RequestStream(request []byte, _ int, each func([]byte)) error {
	n, size, err := ParseStream(request)
	for i := range n {
		item := make([]byte, size)
		PutIndex(item, f.item(i))
		each(item)
	}
	return err
}

func echo(request []byte) ([]byte, error) { return request, nil }

func inOrder(index int) uint64 { return uint64(index) }

// talk runs a client against a fake and returns its answer to go.
func talk(t *testing.T, conn *fake, flags ...string) (Result, error) {
	t.Helper()
	contender := Contender{Name: "fake", Dial: func(Settings) (Conn, error) { return conn, nil }}
	var out bytes.Buffer
	args := append([]string{"load", "--connect", "nowhere"}, flags...)
	if err := run(contender, args, strings.NewReader(Go+"\n"), &out, t.Output()); err != nil {
		return Result{}, err
	}
	ready, answer, _ := strings.Cut(out.String(), "\n")
	if ready != Ready {
		t.Fatalf("the first line is %q", ready)
	}
	var result Result
	if err := json.Unmarshal([]byte(answer), &result); err != nil {
		t.Fatalf("%q: %v", answer, err)
	}
	return result, nil
}

func TestEachWorkloadDoesWhatItIsTold(t *testing.T) {
	tests := []struct {
		flags []string
		want  uint64
	}{
		{[]string{"--workload", RequestResponse, "--requests", "500", "--in-flight", "7", "--connections", "3"}, 500},
		{[]string{"--workload", RequestResponse, "--requests", "500", "--in-flight", "7", "--form", Callback}, 500},
		{[]string{"--workload", FireAndForget, "--requests", "500", "--in-flight", "7"}, 500},
		{[]string{"--workload", RequestStream, "--requests", "5", "--items", "100", "--in-flight", "2"}, 500},
		{[]string{"--workload", Dial, "--requests", "50"}, 50},
		{[]string{"--workload", Idle, "--connections", "50"}, 50},
		{[]string{"--workload", Mixed, "--requests", "100", "--in-flight", "3"}, 50}, // the other half is made alone
	}
	for _, test := range tests {
		result, err := talk(t, &fake{answer: echo, item: inOrder}, append(test.flags, "--check")...)
		if err != nil || result.Errors > 0 || result.Requests != test.want {
			t.Errorf("%q: %+v, %v", test.flags, result, err)
		}
	}
}

func TestTimeEndsALoad(t *testing.T) {
	result, err := talk(t, &fake{answer: echo}, "--duration-ms", "20", "--warm-up-ms", "10", "--in-flight", "2")
	if err != nil || result.Requests == 0 || result.Seconds < 0.02 || result.Latency == nil {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestLatenciesAreThoseOfRequests(t *testing.T) {
	slow := &fake{answer: func(request []byte) ([]byte, error) {
		time.Sleep(5 * time.Millisecond)
		return request, nil
	}}
	result, err := talk(t, slow, "--requests", "10")
	if err != nil || result.Latency.P50 < 5000 || result.Seconds < 0.05 {
		t.Errorf("%+v, %v", result, err)
	}
}

// What is wrong after the first request, which is made when a connection is opened, shows in the result.
func TestAnswersThatAreWrongAreErrors(t *testing.T) {
	spoiled := func(spoil func([]byte) ([]byte, error)) *fake {
		var made atomic.Uint64
		return &fake{item: inOrder, answer: func(request []byte) ([]byte, error) {
			if made.Add(1) == 1 {
				return request, nil
			}
			return spoil(request)
		}}
	}
	changed := func(request []byte) ([]byte, error) {
		answer := bytes.Clone(request)
		answer[len(answer)-1]++
		return answer, nil
	}
	cut := func(request []byte) ([]byte, error) { return request[1:], nil }
	failing := func([]byte) ([]byte, error) { return nil, errors.New("not today") }
	tests := map[string]struct {
		conn  *fake
		flags []string
	}{
		"another byte":                     {spoiled(changed), []string{"--check"}},
		"another byte in a callback":       {spoiled(changed), []string{"--check", "--form", Callback}},
		"another length":                   {spoiled(cut), nil},
		"an error":                         {spoiled(failing), nil},
		"an error in a callback":           {spoiled(failing), []string{"--form", Callback}},
		"an error behind fire-and-forgets": {spoiled(failing), []string{"--workload", FireAndForget}},
		"items in another order": {
			&fake{answer: echo, item: func(index int) uint64 { return uint64(index ^ 1) }},
			[]string{"--workload", RequestStream, "--items", "4"},
		},
	}
	for name, test := range tests {
		result, err := talk(t, test.conn, append([]string{"--requests", "20", "--in-flight", "2"}, test.flags...)...)
		if err != nil || result.Errors == 0 || result.FirstError == "" {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
	}
}

func TestWhatCannotWorkIsSaid(t *testing.T) {
	for _, flags := range [][]string{
		{"--workload", "none"}, {"--workload", RequestChannel}, {"--in-flight", "0"}, {"--size", "1"}, {"--duration-ms", "x"}, {"--nonsense"},
	} {
		if _, err := talk(t, &fake{answer: echo, item: inOrder}, flags...); err == nil {
			t.Errorf("%q: no error", flags)
		}
	}
}
