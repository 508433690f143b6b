//! The metadata extensions against the vectors that the Go package `metadata` is held to as well
//! (`tests/vectors/metadata.json`), so that the two read and write the same bytes.

mod vectors;

use rsocket_protocol::metadata::{
    AcceptMimes, Auth, Composite, Entry, Item, MimeType, MimeTypes, Routing, StreamMime, Tags,
    WellKnownMime, Zipkin,
};

use vectors::{EntryValue, Mime, check, check_item, check_malformed, load};

// Conforms: composite/mime, stream-mime/mime, accept-mime/mime, routing/mime, auth/mime, zipkin/mime, mime/ids
#[test]
fn well_known_mime_types_are_those_of_the_document() {
    let ours: Vec<_> = WellKnownMime::ALL
        .iter()
        .map(|mime| (mime.id(), mime.to_string()))
        .collect();
    assert_eq!(ours, load().well_known_mimes);
}

// Conforms: auth/well-known, auth/text, auth/known-ids, auth/known-names
#[test]
fn well_known_auth_types_are_those_of_the_document() {
    let table = [
        Auth::Simple {
            username: "",
            password: "",
        },
        Auth::Bearer { token: "" },
    ];
    let types = load().well_known_auth_types;
    assert_eq!(types.len(), table.len());
    for (auth, (id, name)) in table.iter().zip(types) {
        let mut by_id = Vec::new();
        auth.encode(&mut by_id).expect("encodes");
        assert_eq!(by_id[0], 0x80 | id, "{name}");

        let mut by_name = vec![name.len() as u8 - 1];
        by_name.extend(name.bytes());
        by_name.extend(&by_id[1..]);
        assert_eq!(Auth::decode(&by_name), Ok(*auth), "{name}");
    }
}

// Conforms: composite/skippable, composite/repeated, composite/order, composite/entry-layout, composite/well-known
// Conforms: composite/text, composite/mime-not-terminated, composite/length, composite/content, mime/names
#[test]
fn composite_metadata_is_laid_out_as_specified() {
    for vector in load().composite {
        let bytes = vector.layout.bytes();
        let contents: Vec<_> = vector.entries.iter().map(EntryValue::content).collect();
        let mimes = vector.entries.iter().map(|entry| entry.mime.get());
        let entries: Vec<_> = mimes
            .zip(&contents)
            .map(|(mime, content)| Entry { mime, content })
            .collect();
        let decode = |bytes| Composite(bytes).into_iter().collect();
        check(&vector.layout, &bytes, decode, &entries, |out| {
            entries
                .iter()
                .try_for_each(|entry| Composite::append(entry, out))
        });
    }
}

// Conforms: routing/tags-ignored, routing/mime, routing/layout, routing/utf8, routing/not-terminated
#[test]
fn routing_is_laid_out_as_specified() {
    for vector in load().routing {
        let bytes = vector.layout.bytes();
        let tags: Vec<_> = vector.tags.iter().map(String::as_str).collect();
        let decode = |bytes| Tags::new(bytes).collect();
        check(&vector.layout, &bytes, decode, &tags, |out| {
            Routing(&tags).encode(out)
        });
        check_item(&Routing(&tags), WellKnownMime::Routing);
    }
}

// Conforms: stream-mime/mime, stream-mime/layout, stream-mime/not-terminated
#[test]
fn a_streams_mime_type_is_laid_out_as_specified() {
    for vector in load().stream_mime {
        let bytes = vector.layout.bytes();
        let mime = StreamMime(vector.mime.get());
        let decode = |bytes| vec![StreamMime::decode(bytes)];
        check(&vector.layout, &bytes, decode, &[mime], |out| {
            mime.encode(out)
        });
        check_item(&mime, WellKnownMime::StreamMime);
    }
}

// Conforms: accept-mime/mime, accept-mime/layout, accept-mime/not-terminated
#[test]
fn acceptable_mime_types_are_laid_out_as_specified() {
    for vector in load().accept_mimes {
        let bytes = vector.layout.bytes();
        let mimes: Vec<MimeType<'_>> = vector.mimes.iter().map(Mime::get).collect();
        let decode = |bytes| MimeTypes::new(bytes).collect();
        check(&vector.layout, &bytes, decode, &mimes, |out| {
            AcceptMimes(&mimes).encode(out)
        });
        check_item(&AcceptMimes(&mimes), WellKnownMime::AcceptMimes);
    }
}

// Conforms: auth/mime, auth/layout, auth/well-known, auth/text, auth/not-terminated, simple/layout, simple/utf8
// Conforms: simple/username-not-terminated, simple/password-not-terminated, bearer/layout, bearer/not-terminated
// Conforms: auth/known-names
#[test]
fn credentials_are_laid_out_as_specified() {
    for vector in load().auth {
        let (bytes, payload) = (vector.layout.bytes(), vector.credentials.payload());
        let auth = vector.credentials.get(&payload);
        let decode = |bytes| vec![Auth::decode(bytes)];
        check(&vector.layout, &bytes, decode, &[auth], |out| {
            auth.encode(out)
        });
        check_item(&auth, WellKnownMime::Authentication);
    }
}

// Conforms: zipkin/mime, zipkin/layout, zipkin/ids, zipkin/debug, zipkin/sampled, zipkin/not-sampled, zipkin/trace-id
// Conforms: zipkin/span-id, zipkin/parent-id
#[test]
fn tracing_is_laid_out_as_specified() {
    for vector in load().zipkin {
        let (bytes, zipkin) = (vector.layout.bytes(), vector.trace.get());
        let decode = |bytes: &_| vec![Zipkin::decode(bytes)];
        check(&vector.layout, &bytes, decode, &[zipkin], |out| {
            zipkin.encode(out)
        });
        check_item(&zipkin, WellKnownMime::TracingZipkin);
    }
}

// Conforms: composite/mime-ascii, stream-mime/ascii, accept-mime/ascii, routing/tags-ignored, routing/utf8
// Conforms: auth/ascii, simple/utf8, bearer/layout
#[test]
fn what_is_malformed_says_where() {
    check_malformed("composite", |bytes| {
        let entries = Composite(bytes).into_iter();
        entries.map(|entry| entry.map(drop)).collect()
    });
    check_malformed("routing", |bytes| {
        Tags::new(bytes).map(|tag| tag.map(drop)).collect()
    });
    check_malformed("stream_mime", |bytes| {
        vec![StreamMime::decode(bytes).map(drop)]
    });
    check_malformed("accept_mimes", |bytes| {
        MimeTypes::new(bytes).map(|mime| mime.map(drop)).collect()
    });
    check_malformed("auth", |bytes| vec![Auth::decode(bytes).map(drop)]);
    check_malformed("zipkin", |bytes| vec![Zipkin::decode(bytes).map(drop)]);
}
