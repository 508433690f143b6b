//! The form of the vectors, and what each must hold.

use std::fmt::Debug;

use serde::Deserialize;

use rsocket_protocol::metadata::{
    Auth, Composite, DecodeError, EncodeError, Item, MimeType, OtherAuthType, Sampling, Span,
    TraceId, WellKnownMime, Zipkin,
};

const JSON: &str = include_str!("../../../../tests/vectors/metadata.json");

pub(crate) fn load() -> Vectors {
    serde_json::from_str(JSON).expect("the vectors have the form that is described here")
}

#[derive(Deserialize)]
pub(crate) struct Vectors {
    pub(crate) well_known_mimes: Vec<(u8, String)>,
    pub(crate) well_known_auth_types: Vec<(u8, String)>,
    pub(crate) composite: Vec<CompositeVector>,
    pub(crate) routing: Vec<RoutingVector>,
    pub(crate) stream_mime: Vec<StreamMimeVector>,
    pub(crate) accept_mimes: Vec<AcceptMimesVector>,
    pub(crate) auth: Vec<AuthVector>,
    pub(crate) zipkin: Vec<ZipkinVector>,
    malformed: Vec<Malformed>,
}

/// Bytes in pieces: hexadecimal digits, and what they say.
type Pieces = Vec<(String, String)>;

#[derive(Deserialize)]
pub(crate) struct Layout {
    name: String,
    layout: Pieces,
    /// What is sent, where it differs from what is taken.
    encoded: Option<Pieces>,
    /// The lengths to which the bytes can be cut and still decode.
    cuts: Vec<usize>,
}

impl Layout {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        joined(&self.layout)
    }
}

fn joined(pieces: &Pieces) -> Vec<u8> {
    pieces
        .iter()
        .flat_map(|(digits, _)| unhex(digits))
        .collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    hex::decode(digits).expect("hexadecimal digits")
}

#[derive(Deserialize)]
pub(crate) struct CompositeVector {
    #[serde(flatten)]
    pub(crate) layout: Layout,
    pub(crate) entries: Vec<EntryValue>,
}

#[derive(Deserialize)]
pub(crate) struct EntryValue {
    pub(crate) mime: Mime,
    content: String,
}

impl EntryValue {
    pub(crate) fn content(&self) -> Vec<u8> {
        unhex(&self.content)
    }
}

/// A name, or an id that has none.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Mime {
    Id(u8),
    Name(String),
}

impl Mime {
    pub(crate) fn get(&self) -> MimeType<'_> {
        match self {
            Self::Id(id) => MimeType::Unknown(*id),
            Self::Name(name) => MimeType::from(name.as_str()),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct RoutingVector {
    #[serde(flatten)]
    pub(crate) layout: Layout,
    pub(crate) tags: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct StreamMimeVector {
    #[serde(flatten)]
    pub(crate) layout: Layout,
    pub(crate) mime: Mime,
}

#[derive(Deserialize)]
pub(crate) struct AcceptMimesVector {
    #[serde(flatten)]
    pub(crate) layout: Layout,
    pub(crate) mimes: Vec<Mime>,
}

#[derive(Deserialize)]
pub(crate) struct AuthVector {
    #[serde(flatten)]
    pub(crate) layout: Layout,
    pub(crate) credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Credentials {
    Simple {
        username: String,
        password: String,
    },
    Bearer {
        token: String,
    },
    Other {
        #[serde(rename = "type")]
        auth_type: Mime,
        payload: String,
    },
}

impl Credentials {
    /// Hands over the payload of [`Auth::Other`], which is written in hexadecimal digits.
    pub(crate) fn payload(&self) -> Vec<u8> {
        match self {
            Self::Other { payload, .. } => unhex(payload),
            Self::Simple { .. } | Self::Bearer { .. } => Vec::new(),
        }
    }

    pub(crate) fn get<'a>(&'a self, payload: &'a [u8]) -> Auth<'a> {
        match self {
            Self::Simple { username, password } => Auth::Simple { username, password },
            Self::Bearer { token } => Auth::Bearer { token },
            Self::Other { auth_type, .. } => Auth::Other {
                auth_type: match auth_type {
                    Mime::Id(id) => OtherAuthType::Unknown(*id),
                    Mime::Name(name) => OtherAuthType::Custom(name),
                },
                payload,
            },
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct ZipkinVector {
    #[serde(flatten)]
    pub(crate) layout: Layout,
    pub(crate) trace: Trace,
}

#[derive(Deserialize)]
pub(crate) struct Trace {
    sampling: String,
    span: Option<SpanValue>,
}

/// Ids in hexadecimal digits, all of them.
#[derive(Deserialize)]
struct SpanValue {
    trace_id: String,
    id: String,
    parent_id: Option<String>,
}

impl Trace {
    pub(crate) fn get(&self) -> Zipkin {
        Zipkin {
            sampling: match self.sampling.as_str() {
                "undecided" => Sampling::Undecided,
                "not-sampled" => Sampling::NotSampled,
                "sampled" => Sampling::Sampled,
                "debug" => Sampling::Debug,
                other => panic!("no sampling is {other}"),
            },
            span: self.span.as_ref().map(SpanValue::get),
        }
    }
}

impl SpanValue {
    fn get(&self) -> Span {
        let number = |digits: &str| u128::from_str_radix(digits, 16).expect("a number");
        let trace_id = number(&self.trace_id);
        Span {
            trace_id: match self.trace_id.len() {
                16 => TraceId::Short(trace_id as u64),
                32 => TraceId::Long(trace_id),
                digits => panic!("no trace id has {digits} digits"),
            },
            id: number(&self.id) as u64,
            parent_id: self.parent_id.as_deref().map(|id| number(id) as u64),
        }
    }
}

/// Checks that `bytes`, those of `layout`, decode to `items` and `items` encode to what is to be sent,
/// and every way of cutting the bytes short.
pub(crate) fn check<'a, T: Copy + Debug + PartialEq>(
    layout: &Layout,
    bytes: &'a [u8],
    decode: impl Fn(&'a [u8]) -> Vec<Result<T, DecodeError>>,
    items: &[T],
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) {
    let name = &layout.name;
    let expected: Vec<_> = items.iter().copied().map(Ok).collect();
    assert_eq!(decode(bytes), expected, "{name}");

    let mut out = Vec::new();
    assert_eq!(encode(&mut out), Ok(()), "{name}");
    assert_eq!(
        out,
        joined(layout.encoded.as_ref().unwrap_or(&layout.layout)),
        "{name}"
    );

    for len in 0..bytes.len() {
        let decoded = decode(&bytes[..len]);
        let whole = layout.cuts.contains(&len);
        let failed = decoded.iter().position(Result::is_err);
        assert_eq!(failed.is_none(), whole, "{name}, cut to {len}: {decoded:?}");
        let Some(failed) = failed else { continue };
        assert_eq!(failed + 1, decoded.len(), "{name}, cut to {len}");
        assert_eq!(
            decoded[..failed],
            expected[..failed],
            "{name}, cut to {len}"
        );
        assert!(
            matches!(decoded[failed], Err(DecodeError::Truncated { .. })),
            "{name}, cut to {len}: {decoded:?}"
        );
    }
}

/// Checks what an item says of itself, and that it stands in composite metadata as such.
pub(crate) fn check_item(item: &impl Item, mime: WellKnownMime) {
    let mut content = Vec::new();
    item.encode(&mut content).expect("encodes");
    assert_eq!(item.encoded_len(), Ok(content.len()));
    assert_eq!(item.mime_type(), mime.into());

    let mut out = Vec::new();
    Composite::append(item, &mut out).expect("encodes");
    assert_eq!(Composite::appended_len(item), Ok(out.len()));
    let entries: Vec<_> = Composite(&out).into_iter().collect();
    assert_eq!(entries.len(), 1);
    let entry = entries[0].expect("decodes");
    assert_eq!((entry.mime, entry.content), (mime.into(), &*content));
}

#[derive(Deserialize)]
struct Malformed {
    name: String,
    extension: String,
    layout: Pieces,
    error: String,
    field: String,
    /// How many items decode, before the malformed one and after it.
    good: usize,
}

/// Checks the malformed metadata of `extension`. `decode` gives for each item whether it decoded.
pub(crate) fn check_malformed(
    extension: &str,
    decode: impl Fn(&[u8]) -> Vec<Result<(), DecodeError>>,
) {
    let malformed = load().malformed;
    let ours = malformed.iter().filter(|bad| bad.extension == extension);
    assert_ne!(ours.clone().count(), 0, "{extension} has no vectors");
    for bad in ours {
        let decoded = decode(&joined(&bad.layout));
        let mut errors = decoded.iter().filter_map(|item| item.err());
        let error = errors.next().expect(&bad.name);
        assert_eq!(errors.next(), None, "{}", bad.name);
        assert_eq!(decoded.len(), bad.good + 1, "{}", bad.name);
        let (kind, field) = match error {
            DecodeError::Truncated { field } => ("truncated", field),
            DecodeError::NotAscii { field } => ("not-ascii", field),
            DecodeError::NotUtf8 { field } => ("not-utf8", field),
        };
        assert_eq!((kind, field), (&*bad.error, &*bad.field), "{}", bad.name);
    }
}
