//! What a hostile peer sends and what a driver does, in any order.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The peer sends a frame with this header and body.
    Frame {
        stream: Which,
        frame_type: u8,
        flags: u16,
        body: Vec<u8>,
    },
    /// The peer sends bytes that need not be a frame.
    Bytes(Vec<u8>),
    /// The driver lets the client in, or not.
    Decide(bool),
    /// The driver asks for something.
    Ask(RequestKind, Shape),
    /// The driver sends an item, the last one or not.
    Send(Which, Shape, bool),
    Complete(Which),
    Fail(Which),
    RequestN(Which, u32),
    CancelReceiving(Which),
    Cancel(u64),
    Push,
    /// The driver writes what waits to a peer that takes a frame or two.
    Transmit,
    /// The driver writes everything that waits to a peer that reads.
    Read,
    Pass(Duration),
}

/// The stream that a step is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    Id(u32),
    /// One of those that the driver knows to be open.
    Open(usize),
}

/// How long a payload is, and who holds it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Copied,
    CopiedInFragments,
    Held,
    HeldInFragments,
    HeldButEmpty,
}

/// Few, so that frames meet streams that are open.
fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        8 => (0..8_usize).prop_map(Which::Open),
        8 => (0..8_u32).prop_map(Which::Id),
        1 => any::<u32>().prop_map(|id| Which::Id(id & 0x7FFF_FFFF)),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        3 => Just(Shape::Copied),
        2 => Just(Shape::CopiedInFragments),
        1 => Just(Shape::Held),
        3 => Just(Shape::HeldInFragments),
        1 => Just(Shape::HeldButEmpty),
    ]
}

fn kind() -> impl Strategy<Value = RequestKind> {
    prop_oneof![
        1 => Just(RequestKind::RequestResponse),
        1 => Just(RequestKind::FireAndForget),
        2 => Just(RequestKind::RequestStream),
        3 => Just(RequestKind::RequestChannel),
    ]
}

/// A payload as it stands in a frame, with the METADATA flag if it has metadata.
fn payload() -> impl Strategy<Value = (u16, Vec<u8>)> {
    (
        any::<bool>(),
        vec(any::<u8>(), 0..20),
        vec(any::<u8>(), 0..20),
    )
        .prop_map(|(has_metadata, metadata, data)| {
            let payload = PayloadRef::new(has_metadata.then_some(&*metadata), &data);
            let mut body = Vec::new();
            payload.encode(&mut body);
            (Flags::METADATA.when(has_metadata).bits(), body)
        })
}

/// A number of items as a peer asks for them.
fn credit() -> impl Strategy<Value = u32> {
    prop_oneof![6 => 1..4_u32, 1 => Just(0), 1 => Just(0x7FFF_FFFF), 1 => any::<u32>()]
}

/// A frame that decodes, with any of the flags that matter.
fn sensible_frame() -> impl Strategy<Value = Step> {
    let with_payload = prop_oneof![
        1 => Just(FrameType::RequestResponse),
        1 => Just(FrameType::RequestFnf),
        2 => Just(FrameType::RequestStream),
        2 => Just(FrameType::RequestChannel),
        6 => Just(FrameType::Payload),
    ];
    let flags = prop_oneof![
        Just(0),
        Just(0x80),
        Just(0x40),
        Just(0x20),
        Just(0x60),
        Just(0xC0)
    ];
    let requests_and_payloads = (which(), with_payload, flags, credit(), payload()).prop_map(
        |(stream, frame_type, flags, n, (metadata, payload))| {
            let takes_n = matches!(
                frame_type,
                FrameType::RequestStream | FrameType::RequestChannel
            );
            let n = if takes_n { &n.to_be_bytes()[..] } else { &[] };
            Step::Frame {
                stream,
                frame_type: frame_type as u8,
                flags: flags | metadata,
                body: [n, &payload].concat(),
            }
        },
    );
    let plain = |stream, frame_type: FrameType, body| Step::Frame {
        stream,
        frame_type: frame_type as u8,
        flags: 0,
        body,
    };
    let cancel = which().prop_map(move |stream| plain(stream, FrameType::Cancel, vec![]));
    let request_n = (which(), credit())
        .prop_map(move |(stream, n)| plain(stream, FrameType::RequestN, n.to_be_bytes().to_vec()));
    let push = vec(any::<u8>(), 0..20)
        .prop_map(move |body| plain(Which::Id(0), FrameType::MetadataPush, body));
    let keepalive = (any::<bool>(), vec(any::<u8>(), 8..60)).prop_map(|(respond, body)| {
        let flags = Flags::RESPOND.when(respond).bits();
        Step::Frame {
            stream: Which::Id(0),
            frame_type: FrameType::Keepalive as u8,
            flags,
            body,
        }
    });
    let codes = prop_oneof![
        Just(0x102_u32),
        Just(0x201),
        Just(0x202),
        Just(0x3),
        any::<u32>()
    ];
    let error = (which(), codes).prop_map(move |(stream, code)| {
        plain(stream, FrameType::Error, code.to_be_bytes().to_vec())
    });
    prop_oneof![
        14 => requests_and_payloads,
        2 => cancel,
        4 => request_n,
        1 => push,
        2 => keepalive,
        1 => error,
    ]
}

fn any_frame() -> impl Strategy<Value = Step> {
    let body = vec(any::<u8>(), 0..40);
    (which(), any::<u8>(), any::<u16>(), body).prop_map(|(stream, frame_type, flags, body)| {
        Step::Frame {
            stream,
            frame_type: frame_type & 0x3F,
            flags,
            body,
        }
    })
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let send = (which(), shape(), any::<bool>());
    prop_oneof![
        30 => sensible_frame(),
        1 => any_frame(),
        1 => vec(any::<u8>(), 0..40).prop_map(Step::Bytes),
        1 => any::<bool>().prop_map(Step::Decide),
        8 => (kind(), shape()).prop_map(|(kind, shape)| Step::Ask(kind, shape)),
        10 => send.prop_map(|(stream, shape, last)| Step::Send(stream, shape, last)),
        2 => which().prop_map(Step::Complete),
        2 => which().prop_map(Step::Fail),
        4 => (which(), credit()).prop_map(|(stream, n)| Step::RequestN(stream, n)),
        2 => which().prop_map(Step::CancelReceiving),
        2 => (0..40_u64).prop_map(Step::Cancel),
        1 => Just(Step::Push),
        3 => Just(Step::Transmit),
        2 => Just(Step::Read),
        2 => (0..3_000_u64).prop_map(|ms| Step::Pass(Duration::from_millis(ms))),
    ]
}
