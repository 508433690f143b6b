//! The MIME types that have an id ("Well-known MIME Types").

use std::fmt;

/// Defines the enum, and both directions between ids and names, from one table.
macro_rules! well_known {
    ($($variant:ident = $id:literal, $name:literal;)*) => {
        /// A MIME type that is sent as one byte ("Well-known MIME Types"). Text is UTF-8 in all of them.
        ///
        /// More may get an id, so that not every id of a newer peer has a variant; see
        /// [`MimeType::Unknown`](super::MimeType::Unknown).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum WellKnownMime {
            $(
                #[doc = concat!("`", $name, "`")]
                $variant = $id,
            )*
        }

        impl WellKnownMime {
            /// All of them, in the order of their ids.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The MIME type with the id `id`, if there is one.
            #[must_use]
            pub const fn from_id(id: u8) -> Option<Self> {
                match id {
                    $($id => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The MIME type with the name `name`, if it has an id. Upper and lower case differ.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The name, as in `application/json`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

well_known! {
    ApplicationAvro = 0x00, "application/avro";
    ApplicationCbor = 0x01, "application/cbor";
    ApplicationGraphQl = 0x02, "application/graphql";
    ApplicationGzip = 0x03, "application/gzip";
    ApplicationJavaScript = 0x04, "application/javascript";
    ApplicationJson = 0x05, "application/json";
    ApplicationOctetStream = 0x06, "application/octet-stream";
    ApplicationPdf = 0x07, "application/pdf";
    ApplicationThrift = 0x08, "application/vnd.apache.thrift.binary";
    ApplicationProtobuf = 0x09, "application/vnd.google.protobuf";
    ApplicationXml = 0x0A, "application/xml";
    ApplicationZip = 0x0B, "application/zip";
    AudioAac = 0x0C, "audio/aac";
    AudioMp3 = 0x0D, "audio/mp3";
    AudioMp4 = 0x0E, "audio/mp4";
    AudioMpeg3 = 0x0F, "audio/mpeg3";
    AudioMpeg = 0x10, "audio/mpeg";
    AudioOgg = 0x11, "audio/ogg";
    AudioOpus = 0x12, "audio/opus";
    AudioVorbis = 0x13, "audio/vorbis";
    ImageBmp = 0x14, "image/bmp";
    ImageGif = 0x15, "image/gif";
    ImageHeicSequence = 0x16, "image/heic-sequence";
    ImageHeic = 0x17, "image/heic";
    ImageHeifSequence = 0x18, "image/heif-sequence";
    ImageHeif = 0x19, "image/heif";
    ImageJpeg = 0x1A, "image/jpeg";
    ImagePng = 0x1B, "image/png";
    ImageTiff = 0x1C, "image/tiff";
    MultipartMixed = 0x1D, "multipart/mixed";
    TextCss = 0x1E, "text/css";
    TextCsv = 0x1F, "text/csv";
    TextHtml = 0x20, "text/html";
    TextPlain = 0x21, "text/plain";
    TextXml = 0x22, "text/xml";
    VideoH264 = 0x23, "video/H264";
    VideoH265 = 0x24, "video/H265";
    VideoVP8 = 0x25, "video/VP8";
    ApplicationHessian = 0x26, "application/x-hessian";
    ApplicationJavaObject = 0x27, "application/x-java-object";
    ApplicationCloudEventsJson = 0x28, "application/cloudevents+json";
    ApplicationCapnp = 0x29, "application/x-capnp";
    ApplicationFlatBuffers = 0x2A, "application/x-flatbuffers";
    StreamMime = 0x7A, "message/x.rsocket.mime-type.v0";
    AcceptMimes = 0x7B, "message/x.rsocket.accept-mime-types.v0";
    Authentication = 0x7C, "message/x.rsocket.authentication.v0";
    TracingZipkin = 0x7D, "message/x.rsocket.tracing-zipkin.v0";
    Routing = 0x7E, "message/x.rsocket.routing.v0";
    CompositeMetadata = 0x7F, "message/x.rsocket.composite-metadata.v0";
}

impl WellKnownMime {
    /// The id on the wire, 0 to 127.
    #[must_use]
    pub const fn id(self) -> u8 {
        self as u8
    }
}

/// The name.
impl fmt::Display for WellKnownMime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Conforms: mime/ids
    #[test]
    fn an_id_and_a_name_lead_back_to_their_mime_type() {
        for &mime in WellKnownMime::ALL {
            assert_eq!(WellKnownMime::from_id(mime.id()), Some(mime));
            assert_eq!(WellKnownMime::from_name(mime.name()), Some(mime));
        }
        let with_id = (0..=u8::MAX).filter_map(WellKnownMime::from_id);
        assert_eq!(with_id.count(), WellKnownMime::ALL.len());
        assert_eq!(WellKnownMime::from_name("Application/JSON"), None);
    }
}
