//! What holds for metadata of any content.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{
    AcceptMimes, Auth, Composite, Entry, Item, MAX_NAME_LEN, MimeType, MimeTypes, OtherAuthType,
    Routing, Sampling, Span, StreamMime, Tags, TraceId, WellKnownMime, Zipkin,
};

/// What a MIME type or an authentication type is made from.
#[derive(Clone, Debug)]
enum NameValue {
    Id(u8),
    Text(String),
}

impl NameValue {
    fn mime(&self) -> MimeType<'_> {
        match self {
            Self::Id(id) => {
                WellKnownMime::from_id(*id).map_or(MimeType::Unknown(*id), MimeType::WellKnown)
            }
            Self::Text(text) => MimeType::from(text.as_str()),
        }
    }

    fn auth<'a>(&'a self, text: &'a (String, String), payload: &'a [u8]) -> Auth<'a> {
        let auth_type = match self {
            Self::Id(0) => {
                let (username, password) = text;
                return Auth::Simple { username, password };
            }
            Self::Id(1) => return Auth::Bearer { token: &text.0 },
            Self::Id(id) => OtherAuthType::Unknown(*id),
            Self::Text(name) => OtherAuthType::Custom(name),
        };
        Auth::Other { auth_type, payload }
    }
}

fn name() -> impl Strategy<Value = NameValue> {
    prop_oneof![
        (0..4_u8).prop_map(NameValue::Id),
        (0..128_u8).prop_map(NameValue::Id),
        vec(0..128_u8, 1..=MAX_NAME_LEN)
            .prop_map(|text| { NameValue::Text(String::from_utf8(text).expect("ASCII")) }),
    ]
}

/// Text of at most 255 bytes.
fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..64).prop_map(String::from_iter)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

fn zipkin() -> impl Strategy<Value = Zipkin> {
    let sampling = prop_oneof![
        Just(Sampling::Undecided),
        Just(Sampling::NotSampled),
        Just(Sampling::Sampled),
        Just(Sampling::Debug),
    ];
    let trace_id = prop_oneof![
        any::<u64>().prop_map(TraceId::Short),
        any::<u128>().prop_map(TraceId::Long),
    ];
    let span =
        (trace_id, any::<u64>(), option::of(any::<u64>())).prop_map(|(trace_id, id, parent_id)| {
            Span {
                trace_id,
                id,
                parent_id,
            }
        });
    (sampling, option::of(span)).prop_map(|(sampling, span)| Zipkin { sampling, span })
}

fn encoded(item: &impl Item) -> Vec<u8> {
    let mut out = Vec::new();
    item.encode(&mut out).expect("within the limits");
    assert_eq!(item.encoded_len(), Ok(out.len()));
    out
}

proptest! {
    // Conforms: composite/repeated, composite/order, stream-mime/repeated, stream-mime/order, accept-mime/repeated
    // Conforms: accept-mime/order
    #[test]
    fn composite_metadata_decodes_to_what_was_encoded(entries in vec((name(), bytes()), 0..8)) {
        let entries: Vec<_> = entries
            .iter()
            .map(|(name, content)| Entry { mime: name.mime(), content })
            .collect();
        let (mut out, mut len) = (Vec::new(), 0);
        for entry in &entries {
            Composite::append(entry, &mut out).expect("within the limits");
            len += Composite::appended_len(entry).expect("within the limits");
        }
        prop_assert_eq!(out.len(), len);
        let decoded: Result<Vec<_>, _> = Composite(&out).into_iter().collect();
        prop_assert_eq!(decoded, Ok(entries));
    }

    #[test]
    fn tags_decode_to_what_was_encoded(tags in vec(text(), 0..8)) {
        let tags: Vec<_> = tags.iter().map(String::as_str).collect();
        let out = encoded(&Routing(&tags));
        let decoded: Result<Vec<_>, _> = Tags::new(&out).collect();
        prop_assert_eq!(decoded, Ok(tags));
    }

    #[test]
    fn mime_types_decode_to_what_was_encoded(names in vec(name(), 0..8)) {
        let mimes: Vec<_> = names.iter().map(NameValue::mime).collect();
        let out = encoded(&AcceptMimes(&mimes));
        for &mime in &mimes {
            let out = encoded(&StreamMime(mime));
            prop_assert_eq!(StreamMime::decode(&out), Ok(StreamMime(mime)));
        }
        let decoded: Result<Vec<_>, _> = MimeTypes::new(&out).collect();
        prop_assert_eq!(decoded, Ok(mimes));
    }

    #[test]
    fn credentials_decode_to_what_was_encoded(
        name in name(),
        text in (text(), text()),
        payload in bytes(),
    ) {
        let auth = name.auth(&text, &payload);
        let out = encoded(&auth);
        prop_assert_eq!(Auth::decode(&out), Ok(auth));
    }

    #[test]
    fn tracing_decodes_to_what_was_encoded(zipkin in zipkin()) {
        prop_assert_eq!(Zipkin::decode(&encoded(&zipkin)), Ok(zipkin));
    }

    #[test]
    fn iterators_over_any_bytes_end(bytes in bytes()) {
        let most = bytes.len();
        prop_assert!(Composite(&bytes).into_iter().count() <= most);
        prop_assert!(Tags::new(&bytes).count() <= most);
        prop_assert!(MimeTypes::new(&bytes).count() <= most);
    }
}
