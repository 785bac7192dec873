//! A picture that goes to a model with a text. Knows nothing about disks or networks.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

/// A picture, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The path that a person named it by.
    pub name: String,
    pub kind: Kind,
    /// The hash of its bytes: 128 bits of BLAKE3, in hex.
    pub id: String,
    /// Its bytes as all protocols carry them; encoded once, for all branches.
    pub base64: String,
}

/// The formats that the models of all providers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Png,
    Jpeg,
    Gif,
    Webp,
}

impl Image {
    /// The picture in these bytes; `None` if they begin like none that a model reads, whatever its name ends in.
    pub fn new(name: &str, bytes: &[u8]) -> Option<Image> {
        let kind = Kind::of(bytes)?;
        let id = blake3::hash(bytes).to_hex()[..32].to_owned();
        Some(Image { name: name.to_owned(), kind, id, base64: BASE64_STANDARD.encode(bytes) })
    }

    /// How large it is, in bytes; base64 may fill up the last two.
    pub fn bytes(&self) -> usize {
        self.base64.len() / 4 * 3 - self.base64.bytes().rev().take_while(|byte| *byte == b'=').count()
    }

    pub fn data_url(&self) -> String {
        format!("data:{};base64,{}", self.kind.media_type(), self.base64)
    }
}

impl Kind {
    /// The format by its first bytes.
    fn of(bytes: &[u8]) -> Option<Kind> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Kind::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Kind::Jpeg),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Kind::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Kind::Webp),
            _ => None,
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Kind::Png => "image/png",
            Kind::Jpeg => "image/jpeg",
            Kind::Gif => "image/gif",
            Kind::Webp => "image/webp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_format() {
        for (bytes, kind) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0..", Some("image/jpeg")),
            (b"GIF89a..", Some("image/gif")),
            (b"GIF87a", Some("image/gif")),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", Some("image/webp")),
            (b"RIFF\x01\x02\x03\x04WAVEfmt ", None),
            (b"\x89PNG", None),
            (b"<svg/>", None),
            (b"", None),
        ] {
            assert_eq!(Image::new("a", bytes).map(|image| image.kind.media_type()), kind, "{bytes:?}");
        }
    }

    #[test]
    fn size_and_address() {
        for more in 0..4 {
            let bytes = [b"GIF89a", &b"xyz"[..more.min(3)]].concat();
            assert_eq!(Image::new("a", &bytes).expect("is one").bytes(), bytes.len());
        }
        assert_eq!(Image::new("a", b"GIF89a").expect("is one").data_url(), "data:image/gif;base64,R0lGODlh");
    }
}
