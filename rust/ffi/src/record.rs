//! The records that cross in arrays. They hold no pointers, so that a garbage-collected caller can pass its own memory.

/// Start a request-response. `token` comes back in exactly one event unless it is cancelled or the connection ends.
pub const RSOCKET_COMMAND_REQUEST_RESPONSE: u16 = 1;
/// Send a fire-and-forget. Comes back only as `RSOCKET_EVENT_REFUSED`.
pub const RSOCKET_COMMAND_FIRE_AND_FORGET: u16 = 2;
/// Withdraw the request named by `token`. No event will name it, unless it came before. Its token's index may be
/// used again at once.
pub const RSOCKET_COMMAND_CANCEL: u16 = 3;
/// Answer `stream` with the payload, or complete it without one when `RSOCKET_FLAG_NO_PAYLOAD` is set.
pub const RSOCKET_COMMAND_RESPOND: u16 = 4;
/// Fail `stream` with `code` and the data as message. Messages over 16 KiB are cut.
pub const RSOCKET_COMMAND_RESPOND_ERROR: u16 = 5;
/// Let the client in whose `RSOCKET_EVENT_SETUP` came last.
pub const RSOCKET_COMMAND_ACCEPT_SETUP: u16 = 6;
/// Turn the client away with `code` and the data as message.
pub const RSOCKET_COMMAND_REJECT_SETUP: u16 = 7;
/// End the connection with `code` and the data as message. `RSOCKET_EVENT_CLOSED` follows. While streams are open,
/// `RSOCKET_ERROR_CONNECTION_CLOSE` becomes `RSOCKET_ERROR_CONNECTION_ERROR`.
pub const RSOCKET_COMMAND_CLOSE: u16 = 8;

/// Start a request-stream that takes `code` items to begin with. `RSOCKET_EVENT_OPENED` tells its stream, each
/// `RSOCKET_EVENT_RESPONSE` is an item.
pub const RSOCKET_COMMAND_REQUEST_STREAM: u16 = 9;
/// Start a request-channel, likewise. The payload is the first item; with `RSOCKET_FLAG_COMPLETE` it is the only one.
pub const RSOCKET_COMMAND_REQUEST_CHANNEL: u16 = 10;
/// Ask for `code` items more on `stream`. Nothing when nothing comes on it any more.
pub const RSOCKET_COMMAND_REQUEST_N: u16 = 11;
/// Send the payload as an item on `stream`, the last one with `RSOCKET_FLAG_COMPLETE`. Refused with
/// `RSOCKET_RESULT_NO_CREDIT` when the peer has not asked for it.
pub const RSOCKET_COMMAND_ITEM: u16 = 12;
/// Say that no item follows on `stream`.
pub const RSOCKET_COMMAND_COMPLETE: u16 = 13;
/// End `stream`, of either side and in both directions, with `code` and the data as message.
pub const RSOCKET_COMMAND_ERROR: u16 = 14;
/// Want no more items on `stream`, a channel of the peer. This side's items go on.
pub const RSOCKET_COMMAND_CANCEL_RECEIVING: u16 = 15;
/// Push the data of the payload as metadata of the connection, at most 32 KiB.
pub const RSOCKET_COMMAND_METADATA_PUSH: u16 = 16;

/// Allow the peer `code` requests within `stream` milliseconds from now, in place of what was allowed before. The data
/// is the lease's metadata, absent with `RSOCKET_FLAG_NO_PAYLOAD`.
pub const RSOCKET_COMMAND_GRANT_LEASE: u16 = 17;

/// Turn away the client of `RSOCKET_EVENT_RESUME`, with the data as message.
pub const RSOCKET_COMMAND_REJECT_RESUME: u16 = 18;

/// A client asks to connect (servers only). Look at it with `rsocket_connection_setup`, then accept or reject. No
/// further input is taken until then.
pub const RSOCKET_EVENT_SETUP: u16 = 1;
/// The peer asks for an answer on `stream`. `token` is a dense name: generation << 32 | index.
pub const RSOCKET_EVENT_REQUEST_RESPONSE: u16 = 2;
/// The peer sent a fire-and-forget.
pub const RSOCKET_EVENT_FIRE_AND_FORGET: u16 = 3;
/// The request `token` has its answer, or an item of it; with `RSOCKET_FLAG_COMPLETE` nothing follows, with
/// `RSOCKET_FLAG_NO_PAYLOAD` only that is told.
pub const RSOCKET_EVENT_RESPONSE: u16 = 4;
/// The request `token` failed with `code`; the data is the message.
pub const RSOCKET_EVENT_FAILED: u16 = 5;
/// The peer withdrew the request on `stream`, named `token` when it came.
pub const RSOCKET_EVENT_CANCELLED: u16 = 6;
/// The command with `token` (and `stream`) was not carried out; `code` is a `rsocket_result`. A payload that was to
/// be sent from the caller's memory is not needed any more.
pub const RSOCKET_EVENT_REFUSED: u16 = 7;
/// The peer closes the connection once the streams under way have ended. New requests are refused.
pub const RSOCKET_EVENT_DRAINING: u16 = 8;
/// The connection is over: no request will get another event. Send what is left of the output, then close the
/// transport. `rsocket_connection_close_reason` tells why.
pub const RSOCKET_EVENT_CLOSED: u16 = 9;

/// The payload that stays in the caller's memory as `token` is not needed any more once this call's output is written,
/// although its last segment did not come: its stream ended before it was sent.
pub const RSOCKET_EVENT_RELEASED: u16 = 10;

/// The peer asks for a stream of items on `stream`, `code` to begin with. `token` as in
/// `RSOCKET_EVENT_REQUEST_RESPONSE`.
pub const RSOCKET_EVENT_REQUEST_STREAM: u16 = 11;
/// The peer opens a channel, likewise; the payload is its first item, with `RSOCKET_FLAG_COMPLETE` its only one.
pub const RSOCKET_EVENT_REQUEST_CHANNEL: u16 = 12;
/// The peer sent an item on its channel `stream`, named `token`; flags as in `RSOCKET_EVENT_RESPONSE`.
pub const RSOCKET_EVENT_ITEM: u16 = 13;
/// The peer ended its channel `stream`, named `token`, with an error: `code`, and the data as message.
pub const RSOCKET_EVENT_REQUESTER_FAILED: u16 = 14;
/// The peer takes `code` items more on `stream`, which is the request `token`, or with `RSOCKET_FLAG_RESPONDER` the
/// request that the peer made as `token`.
pub const RSOCKET_EVENT_GRANTED: u16 = 15;
/// The peer wants no more items on the channel `token` of this side. Its own go on.
pub const RSOCKET_EVENT_NO_MORE_WANTED: u16 = 16;
/// The request `token`, a stream or channel, goes over `stream`.
pub const RSOCKET_EVENT_OPENED: u16 = 17;
/// The peer pushed metadata for the connection.
pub const RSOCKET_EVENT_METADATA_PUSH: u16 = 18;

/// The peer allows this side `code` requests within `stream` milliseconds from now, in place of what it allowed before.
pub const RSOCKET_EVENT_LEASE: u16 = 19;

/// A client asks to go on with an earlier connection on this transport (servers that resume only). Look at it with
/// `rsocket_connection_resume_request`, then give the transport to that connection, or reject. No further input is
/// taken.
pub const RSOCKET_EVENT_RESUME: u16 = 20;
/// The server goes on with the connection on its new transport.
pub const RSOCKET_EVENT_RESUMED: u16 = 21;
/// The transport is to be given up, because the peer is silent on it. The connection waits for another one.
pub const RSOCKET_EVENT_SUSPENDED: u16 = 22;

/// The payload has metadata, be it empty.
pub const RSOCKET_FLAG_METADATA: u16 = 1;
/// Event: the offset counts from what `rsocket_connection_arena` lends, not from the received bytes.
pub const RSOCKET_FLAG_ARENA: u16 = 2;
/// Command: the payload stays in the caller's memory; the output refers to it in segments that carry `token`.
pub const RSOCKET_FLAG_EXTERNAL: u16 = 4;
/// There is no payload at all, which is not the same as an empty one.
pub const RSOCKET_FLAG_NO_PAYLOAD: u16 = 8;

/// Nothing follows on the stream from whoever sent this.
pub const RSOCKET_FLAG_COMPLETE: u16 = 16;
/// Event: the stream is a request of the peer, and `token` is its name.
pub const RSOCKET_FLAG_RESPONDER: u16 = 32;

/// Event: not the peer but the library failed the stream, because the peer passed a limit.
pub const RSOCKET_FLAG_LIBRARY: u16 = 64;

/// ERROR codes of the wire that programs use; the specification has them all. The connection ends once its streams
/// have.
pub const RSOCKET_ERROR_CONNECTION_CLOSE: u32 = 0x102;
/// The connection ends at once.
pub const RSOCKET_ERROR_CONNECTION_ERROR: u32 = 0x101;
/// The server turns the client away.
pub const RSOCKET_ERROR_REJECTED_SETUP: u32 = 0x003;
/// The application failed the request.
pub const RSOCKET_ERROR_APPLICATION: u32 = 0x201;
/// The request was refused without being processed.
pub const RSOCKET_ERROR_REJECTED: u32 = 0x202;
/// The request was given up, perhaps after processing began.
pub const RSOCKET_ERROR_CANCELED: u32 = 0x203;
/// The request is invalid.
pub const RSOCKET_ERROR_INVALID: u32 = 0x204;

/// The segment is data.
pub const RSOCKET_PART_DATA: u16 = 0;
/// The segment is metadata.
pub const RSOCKET_PART_METADATA: u16 = 1;

/// `rsocket_progress.flags`: the connection is over.
pub const RSOCKET_PROGRESS_CLOSED: u32 = 1;
/// `rsocket_progress.flags`: more output waits for room; send what there is and drive again.
pub const RSOCKET_PROGRESS_MORE_OUTPUT: u32 = 2;

/// `rsocket_progress.flags`: the connection has lost its transport and has not been resumed on another one. Commands that
/// are not used wait for that.
pub const RSOCKET_PROGRESS_SUSPENDED: u32 = 4;
/// `rsocket_progress.flags`: besides, it has no other transport yet. One that the caller still has is to be given up.
pub const RSOCKET_PROGRESS_NO_TRANSPORT: u32 = 8;

/// Something that the caller wants done.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct rsocket_command {
    /// The caller's name for the request: generation << 32 | index. The index is below
    /// `RSOCKET_LIMIT_OUTBOUND_STREAMS` and belongs to one open request at a time. Other commands use it only to name
    /// a payload in the caller's memory.
    pub token: u64,
    /// The stream that the command is about. 0 means the stream of the request `token`, for
    /// `RSOCKET_COMMAND_REQUEST_N`, `RSOCKET_COMMAND_COMPLETE` and `RSOCKET_COMMAND_ERROR`, which do nothing when it
    /// has ended.
    pub stream: u32,
    /// Error code of the wire, or a number of items.
    pub code: u32,
    /// Where the metadata begins in the command bytes; the data follows it.
    pub offset: u32,
    /// Length of the metadata in bytes.
    pub metadata_len: u32,
    /// Length of the data in bytes.
    pub data_len: u32,
    /// One of `RSOCKET_COMMAND_`.
    pub kind: u16,
    /// Any of `RSOCKET_FLAG_METADATA`, `RSOCKET_FLAG_EXTERNAL`, `RSOCKET_FLAG_NO_PAYLOAD`, `RSOCKET_FLAG_COMPLETE`.
    pub flags: u16,
}

/// Something that happened.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct rsocket_event {
    /// Which request this is about.
    pub token: u64,
    /// Which stream this is about.
    pub stream: u32,
    /// Error code of the wire, a number of items, or a `rsocket_result` for `RSOCKET_EVENT_REFUSED`.
    pub code: u32,
    /// Where the metadata begins in the received bytes, or in the arena; the data follows it.
    pub offset: u32,
    /// Length of the metadata in bytes.
    pub metadata_len: u32,
    /// Length of the data in bytes.
    pub data_len: u32,
    /// One of `RSOCKET_EVENT_`.
    pub kind: u16,
    /// Any of `RSOCKET_FLAG_`.
    pub flags: u16,
}

/// A place in the output where bytes of the caller's memory belong.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct rsocket_segment {
    /// Names the payload, as the command did.
    pub token: u64,
    /// Bytes of the output buffer that go first, counted from the previous segment.
    pub buffered: u32,
    /// First byte of the segment within its part of the payload.
    pub offset: u32,
    /// Length of the segment in bytes.
    pub len: u32,
    /// One of `RSOCKET_PART_`.
    pub part: u16,
    /// 1 when nothing of this payload follows, else 0.
    pub last: u16,
}

/// What a call of `rsocket_connection_drive` did.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rsocket_progress {
    /// Received bytes that were taken. The rest is handed in again with what comes after it.
    pub received_used: usize,
    /// Bytes, counted from the first one not taken, that the next frame needs.
    pub received_needed: usize,
    /// Commands that were carried out or refused. The rest is handed in again.
    pub commands_used: usize,
    /// Events that were written.
    pub events_len: usize,
    /// Bytes that were written to the output.
    pub output_len: usize,
    /// Segments that were written.
    pub segments_len: usize,
    /// When the connection wants to be driven next, on the caller's clock, in nanoseconds; `UINT64_MAX` for never.
    pub deadline_ns: u64,
    /// Length of what `rsocket_connection_arena` lends, in bytes.
    pub arena_len: usize,
    /// Any of `RSOCKET_PROGRESS_`.
    pub flags: u32,
}
