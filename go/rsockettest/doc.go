// Package rsockettest helps to test programs that use RSocket: clients and servers connected in memory, without sockets,
// over a network whose faults a test decides on.
//
//	func TestGreeting(t *testing.T) {
//		client, _ := rsockettest.Connect(t, greeter)
//		answer, err := client.RequestResponse(t.Context(), rsocket.NewPayload("Ada", ""))
//		…
//	}
package rsockettest
