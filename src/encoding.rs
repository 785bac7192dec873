//! Bytes of a file as text and back, in whatever encoding they are. Knows nothing of disks.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use serde::{Deserialize, Serialize};

/// How much of a file is looked at to tell text from other bytes.
const PROBE: usize = 8 * 1024;

/// How a text is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    Utf8,
    /// With the mark that some editors put in front.
    Utf8Marked,
    Utf16Little,
    Utf16Big,
    /// One of the encodings of the web, by its name there.
    Other(String),
}

impl Encoding {
    /// Reads bytes as text; `None` if they are no text, or nobody can tell in which encoding.
    pub fn decode(bytes: &[u8]) -> Option<(String, Encoding)> {
        if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
            return Some((std::str::from_utf8(rest).ok()?.to_owned(), Encoding::Utf8Marked));
        }
        for (mark, encoding) in [(b"\xff\xfe", Encoding::Utf16Little), (b"\xfe\xff", Encoding::Utf16Big)] {
            if let Some(rest) = bytes.strip_prefix(mark) {
                return Some((encoding.read_wide(rest)?, encoding));
            }
        }
        let probe = &bytes[..bytes.len().min(PROBE)];
        if probe.contains(&0) {
            return None;
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            return (!is_noise(probe)).then(|| (text.to_owned(), Encoding::Utf8));
        }
        if is_noise(probe) {
            return None;
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
        detector.feed(bytes, true);
        let guess = detector.guess(None, Utf8Detection::Deny);
        let (text, has_errors) = guess.decode_without_bom_handling(bytes);
        (!has_errors).then(|| (text.into_owned(), Encoding::Other(guess.name().to_owned())))
    }

    /// Writes a text down in this encoding; `None` if it holds a character that the encoding does not have.
    pub fn encode(&self, text: &str) -> Option<Vec<u8>> {
        Some(match self {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf8Marked => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            Encoding::Utf16Little => {
                [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
            }
            Encoding::Utf16Big => [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
            Encoding::Other(name) => {
                let encoding = encoding_rs::Encoding::for_label(name.as_bytes())?;
                let (bytes, _, has_errors) = encoding.encode(text);
                (!has_errors).then(|| bytes.into_owned())?
            }
        })
    }

    fn read_wide(&self, bytes: &[u8]) -> Option<String> {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let unit = if *self == Encoding::Utf16Little { u16::from_le_bytes } else { u16::from_be_bytes };
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        rest.is_empty().then(|| String::from_utf16(&units).ok()).flatten()
    }
}

/// Whether there are more control characters than any text has.
fn is_noise(probe: &[u8]) -> bool {
    let steers = |byte: &&u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x1b | 0x08);
    probe.iter().filter(steers).count() * 50 > probe.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(bytes: &[u8], text: &str, encoding: Encoding) {
        assert_eq!(Encoding::decode(bytes), Some((text.to_owned(), encoding.clone())));
        assert_eq!(encoding.encode(text).as_deref(), Some(bytes), "{encoding:?} there and back");
    }

    #[test]
    fn utf_with_and_without_marks() {
        reads(b"", "", Encoding::Utf8);
        reads("wörld 日本\r\n".as_bytes(), "wörld 日本\r\n", Encoding::Utf8);
        reads(b"\xef\xbb\xbfa", "a", Encoding::Utf8Marked);
        reads(b"\xff\xfea\0\xf6\0", "aö", Encoding::Utf16Little);
        reads(b"\xfe\xff\0a\0\xf6", "aö", Encoding::Utf16Big);
    }

    #[test]
    fn encodings_of_old() {
        let latin = b"# -*- coding: latin-1 -*-\nname = 'Gr\xfc\xdfe aus K\xf6ln, na\xefve caf\xe9'\n";
        reads(
            latin,
            "# -*- coding: latin-1 -*-\nname = 'Grüße aus Köln, naïve café'\n",
            Encoding::Other("windows-1252".to_owned()),
        );
        let (japanese, _, _) =
            encoding_rs::SHIFT_JIS.encode("# これは日本語のコメントです。テストのために書きました。\n");
        let (text, encoding) = Encoding::decode(&japanese).expect("is text");
        assert_eq!(encoding, Encoding::Other("Shift_JIS".to_owned()));
        assert!(text.contains("日本語"));
    }

    #[test]
    fn what_is_no_text() {
        for bytes in [&b"\x7fELF\x02\x01\x01\0\0"[..], b"\x89PNG\r\n\x1a\n\0\0", &[1, 2, 3, 4, 5, 6], b"\xff\xfea"] {
            assert_eq!(Encoding::decode(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_character_that_the_encoding_does_not_have() {
        assert_eq!(Encoding::Other("windows-1252".to_owned()).encode("日"), None);
    }
}
