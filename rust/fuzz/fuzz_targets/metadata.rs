//! Any bytes as metadata of each extension: nothing panics, and what decodes encodes to what decodes to the same.

#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use rsocket_protocol::metadata::{
    AcceptMimes, Auth, Composite, DecodeError, Item, MimeTypes, Routing, StreamMime, Tags, Zipkin,
};

fuzz_target!(|bytes: &[u8]| {
    each_extension(bytes);
    composite(bytes);
    for entry in Composite(bytes).into_iter().flatten() {
        each_extension(entry.content);
    }
});

fn each_extension(content: &[u8]) {
    let tags = good(Tags::new(content), content.len());
    let encoded = encode(&Routing(&tags));
    let decoded: Result<Vec<_>, _> = Tags::new(&encoded).collect();
    assert_eq!(decoded, Ok(tags));

    let mimes = good(MimeTypes::new(content), content.len());
    let encoded = encode(&AcceptMimes(&mimes));
    let decoded: Result<Vec<_>, _> = MimeTypes::new(&encoded).collect();
    assert_eq!(decoded, Ok(mimes));

    if let Ok(mime) = StreamMime::decode(content) {
        assert_eq!(StreamMime::decode(&encode(&mime)), Ok(mime));
    }
    if let Ok(auth) = Auth::decode(content) {
        assert_eq!(Auth::decode(&encode(&auth)), Ok(auth));
    }
    if let Ok(zipkin) = Zipkin::decode(content) {
        assert_eq!(Zipkin::decode(&encode(&zipkin)), Ok(zipkin));
    }
}

fn composite(bytes: &[u8]) {
    let entries = good(Composite(bytes).into_iter(), bytes.len());
    let (mut encoded, mut len) = (Vec::new(), 0);
    for entry in &entries {
        Composite::append(entry, &mut encoded).expect("what was decoded encodes");
        len += Composite::appended_len(entry).expect("what was decoded encodes");
    }
    assert_eq!(encoded.len(), len);
    assert!(len <= bytes.len());
    let decoded: Result<Vec<_>, _> = Composite(&encoded).into_iter().collect();
    assert_eq!(decoded, Ok(entries));
}

/// The items that decode. What is truncated comes last, and nothing comes twice.
fn good<T: Copy + Debug>(
    items: impl Iterator<Item = Result<T, DecodeError>>,
    most: usize,
) -> Vec<T> {
    let items: Vec<_> = items.take(most + 1).collect();
    assert!(items.len() <= most);
    let truncated = |item: &Result<T, _>| matches!(item, Err(DecodeError::Truncated { .. }));
    let end = items.iter().position(truncated);
    assert!(end.is_none_or(|end| end + 1 == items.len()));
    items.into_iter().flatten().collect()
}

/// What was decoded is within the limits, so that it encodes.
fn encode(item: &impl Item) -> Vec<u8> {
    let mut out = Vec::new();
    item.encode(&mut out).expect("what was decoded encodes");
    assert_eq!(item.encoded_len(), Ok(out.len()));
    out
}
