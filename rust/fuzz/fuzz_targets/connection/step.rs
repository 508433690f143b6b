//! What happens to a connection: frames of any kind from its peer, and calls of its driver.

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use rsocket_protocol::{RequestKind, Role};

#[derive(Debug)]
pub(crate) struct Input<'a> {
    pub(crate) role: Role,
    /// A server begins with an accepted SETUP.
    pub(crate) set_up: bool,
    pub(crate) resumes: bool,
    pub(crate) steps: Vec<Step<'a>>,
}

impl<'a> Arbitrary<'a> for Input<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let role = if u.arbitrary()? {
            Role::Client
        } else {
            Role::Server
        };
        Ok(Self {
            role,
            set_up: u.ratio(7, 8)?,
            resumes: u.arbitrary()?,
            steps: u.arbitrary()?,
        })
    }
}

#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// The peer sends a frame.
    Frame {
        stream: Which,
        type_and_flags: u16,
        body: &'a [u8],
    },
    Bytes(&'a [u8]),
    Decide(bool),
    Ask(RequestKind, Shape),
    Send {
        stream: Which,
        shape: Shape,
        last: bool,
    },
    Complete(Which),
    Fail(Which),
    RequestN(Which, u8),
    CancelReceiving(Which),
    Cancel(u8),
    Push,
    Room(u8),
    Transmit,
    Pass(u16),
    /// The layer below finds bytes that are no frame.
    NotAFrame,
    Lose,
    BeginResume,
    Resume(Position, Position),
    RejectResume,
    /// The peer answers a RESUME.
    ResumeOk(Position),
    /// The peer tells with KEEPALIVE what it has.
    Acknowledge(Position),
}

/// A position among the frames that were sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Position {
    /// Where one of them begins, or the last ends.
    Frame(u8),
    /// Behind one of those that were kept, be it that it was never sent.
    Kept(u8),
    Exactly(u64),
    /// Whatever has been received.
    Received,
}

/// The stream that a step is about: few, so that frames meet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Id(u8),
    /// One of those that the driver knows to be open.
    Open(u8),
}

/// How long a payload is, and who holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Copied,
    CopiedInFragments,
    Held,
    HeldInFragments,
    HeldButEmpty,
}

impl<'a> Arbitrary<'a> for Which {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let which = if u.arbitrary()? { Self::Id } else { Self::Open };
        Ok(which(u.arbitrary()?))
    }
}

impl<'a> Arbitrary<'a> for Position {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=5)? {
            0 => Self::Exactly(u.arbitrary()?),
            1 => Self::Received,
            2 => Self::Kept(u.arbitrary()?),
            _ => Self::Frame(u.arbitrary()?),
        })
    }
}

impl<'a> Arbitrary<'a> for Shape {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let shapes = [
            Self::Copied,
            Self::CopiedInFragments,
            Self::Held,
            Self::HeldInFragments,
            Self::HeldButEmpty,
        ];
        Ok(*u.choose(&shapes)?)
    }
}

impl<'a> Arbitrary<'a> for Step<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=31)? {
            0 => Self::Bytes(u.arbitrary()?),
            1 => Self::Decide(u.arbitrary()?),
            2 => Self::Ask(RequestKind::RequestResponse, u.arbitrary()?),
            3 => Self::Ask(RequestKind::FireAndForget, u.arbitrary()?),
            4 => Self::Ask(RequestKind::RequestStream, u.arbitrary()?),
            5 => Self::Ask(RequestKind::RequestChannel, u.arbitrary()?),
            6..=8 => Self::Send {
                stream: u.arbitrary()?,
                shape: u.arbitrary()?,
                last: u.arbitrary()?,
            },
            9 => Self::Complete(u.arbitrary()?),
            10 => Self::Fail(u.arbitrary()?),
            11 => Self::RequestN(u.arbitrary()?, u.arbitrary()?),
            12 => Self::CancelReceiving(u.arbitrary()?),
            13 => Self::Cancel(u.arbitrary()?),
            14 => Self::Push,
            15 => Self::Room(u.arbitrary()?),
            16 => Self::Transmit,
            17 => Self::Pass(u.arbitrary()?),
            18 => Self::NotAFrame,
            19 => Self::Lose,
            20 => Self::BeginResume,
            21 | 22 => Self::Resume(u.arbitrary()?, u.arbitrary()?),
            23 => Self::RejectResume,
            24 | 25 => Self::ResumeOk(u.arbitrary()?),
            26 => Self::Acknowledge(u.arbitrary()?),
            _ => Self::Frame {
                stream: u.arbitrary()?,
                type_and_flags: u.arbitrary()?,
                body: u.arbitrary()?,
            },
        })
    }
}
