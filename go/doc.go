// Package rsocket speaks the RSocket 1.0 protocol: requests, answers and streams of items, multiplexed over one
// connection, in both directions.
//
// The protocol itself is an engine in Rust that this package links through cgo. Go owns the connection: everything
// works over any [net.Conn], and no thread but Go's own takes part, unless QUIC does.
//
// # Connecting and serving
//
// [Dial] connects to a URL ("tcp://host:port", "tls://host:port", "unix:///path", "ws://host:port/path",
// "wss://host:port/path"), [NewClientConn] runs over a connection that is already there. Both give a [Conn]:
//
//	conn, err := rsocket.Dial(ctx, "tcp://127.0.0.1:7878")
//	if err != nil {
//		return err
//	}
//	defer conn.Close()
//	answer, err := conn.RequestResponse(ctx, rsocket.NewPayload("hello", ""))
//
// [Listen] and [Serve] answer connections with a [Handler], a struct of functions; requests for those left nil are
// rejected. [ServeConn] does the same for one connection. Either side can send requests and answer them: a client
// answers when it is given [WithHandler], and a server gets the client's [Conn] from ServeConn or Handler.Setup.
//
// # Unix sockets
//
// A server at "unix:///path" removes its socket when it stops, and replaces one that was left behind by a server that could
// not. [WithUnixPermissions] says who may connect. It holds the file beside the socket whose name ends in .rsocket-lock.
//
// # WebSocket
//
// ws:// in [Dial] and [Listen] is WebSocket. [NewHTTPHandler] puts a [Server] beside the other routes of a site.
// [WithHeader], [WithSubprotocols], [WithOrigins] and [WithHosts] say what is asked for and who is let in; pages of other
// sites are not, unless they are allowed. A handshake that comes to nothing is [ErrHandshake].
//
// # TLS
//
// "tls://" and "wss://" URLs are spoken to by Go's own crypto/tls. Certificates come as files ([WithTLSFiles]), which are
// read again when they change, as bytes ([WithTLSPEM]), or as the program's own [tls.Config] ([WithTLS]):
//
//	listener, err := rsocket.Listen(ctx, "tls://:7878", rsocket.WithTLSFiles("", "cert.pem", "key.pem"))
//	…
//	conn, err := rsocket.Dial(ctx, "tls://localhost:7878", rsocket.WithTLSFiles("ca.pem", "", ""))
//
// A server that is given authorities (the first of the files) lets in only clients with a certificate of theirs;
// [Conn.TLS] tells who they are. A handshake that fails names its reason: [ErrTLSUnknownAuthority],
// [ErrTLSCertificateExpired], [ErrTLSWrongHost], [ErrTLSCertificateMissing], …
//
// # QUIC
//
// "quic://host:port" is there where the linked library was built with it, as [GetSupportedTransports] tells; elsewhere it is
// [ErrNotBuilt]. It needs certificates as "tls://" does, in files or as bytes; a [tls.Config] is crypto/tls's own and no
// use here. The engine speaks QUIC on a thread of its own, and carries the bytes to a Unix socket of this package's.
//
// # Reconnecting
//
// A [Reconnector] keeps a client connection alive: it dials in the background, and again with growing delays when the
// connection is lost. It makes requests as a Conn does; both are a [Requester].
//
//	client, err := rsocket.NewReconnector("tcp://127.0.0.1:7878", rsocket.ReconnectPolicy{RetryUnsent: true})
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	answer, err := client.RequestResponse(ctx, rsocket.NewPayload("hello", ""))
//
// With RetryUnsent, or [AllowRetry] for one request, what could not be sent waits for the next connection. What may have
// been sent when a connection was lost is never repeated: it fails with [ErrConnectionLost], and whether to ask again is
// the program's decision.
//
// # Resuming
//
// With [WithResume] on both sides a connection outlives its transport: the client dials again, and requests and streams go
// on where they were. That is the same connection to the program; a Reconnector makes new ones.
//
// # Interactions
//
// Request-response waits for one answer ([Conn.RequestResponse], or [Conn.RequestResponseFunc] with a callback
// instead of a waiting goroutine). Fire-and-forget has none ([Conn.FireAndForget]). Request-stream has any number of
// items ([Conn.RequestStream]), and request-channel has them in both directions ([Conn.RequestChannel]). Metadata-push
// is about the connection and not about a request ([Conn.MetadataPush]). When the context of a request ends, the
// request is cancelled at the peer too, and the call returns the context's error.
//
// # Streams
//
// The items of a stream are an iterator, for the requester and for the handler:
//
//	for item, err := range conn.RequestStream(ctx, rsocket.NewPayload("news", ""), rsocket.WithPrefetch(16)) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(item.GetDataAsString())
//	}
//
// The peer may send what it was asked for: at first the prefetch, then as many as the loop has taken. So a slow loop
// slows its own stream down and nothing else, and what waits in memory is bounded; a peer that heeds no credit fails the
// stream ([Limits].MaxUnrequestedItems). Leaving the loop cancels the stream. A handler's yield returns when its item is on its way, and false when nobody wants more. [Conn.OpenStream] and
// [Conn.OpenChannel] are for those who rather call Recv, Send and, with [WithManualRequests], Request.
//
// # Leases
//
// With [WithLease], each side makes only as many requests as the other has granted it ([Conn.GrantLease],
// [FixedLease]); beyond them a request fails with [ErrNoLease] and is not sent. [Handler].Lease hears of grants.
//
// # Payloads
//
// A [Payload] has data and optionally metadata, owns its bytes and needs no release. Metadata that is absent and
// metadata that is empty differ, and so do an answer without a payload (a nil *Payload) and an answer with an empty
// one. Payloads that do not fit a frame travel in fragments ([WithFragmentLength]), up to [Limits].MaxPayloadLen.
//
// What is in metadata is the program's business; the package metadata beside this one reads and writes composite
// metadata, routes, authentication and traces. For the most common of it there is a short form: [NewRequest] with
// [WithRoute] and its relatives writes what servers with routes expect, Spring's for one, on connections that are made
// with [WithCompositeMetadata], and [RouteOf] reads it.
//
//	conn, err := rsocket.Dial(ctx, url, rsocket.WithCompositeMetadata(), rsocket.WithDataMIME("application/json"))
//	…
//	request, err := rsocket.NewRequest(order, rsocket.WithRoute("orders.place"), rsocket.WithBearerToken(token))
//
// # Errors
//
// Test errors with [errors.Is] for what happened ([ErrClosed], [ErrConnectionLost], [ErrRejected], [ErrApplication],
// …), and take them apart with [errors.As] and *[Error]: the code on the wire, the message, who caused it, and
// whether a retry is safe. Handlers return the error of [NewError] to choose the code; any other error is sent as an
// application error, a context's error as a cancellation.
//
// # The original API
//
// [Client] and its callback form, [Init], [GetVersion], [GetSupportedTransports], the Get methods of [Payload] and
// [PerformanceMetrics] keep the names and signatures of the original bindings. A Client is a thin face over a Conn;
// new code uses Dial.
package rsocket
