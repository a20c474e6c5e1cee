//! Bodies that are compressed although that was not requested. They are decoded step by step, so that the decoded size
//! is checked before it takes memory.

use std::io;
use std::pin::Pin;

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use futures_util::stream;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, TRANSFER_ENCODING};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use super::body::Bytes;
use super::head::text_of_all;
use super::pushback::Pushback;

/// Most codings of one body.
const MAX_LAYERS: usize = 3;
/// Largest window of zstd, as a power of two: 8 MiB (RFC 9659).
const ZSTD_WINDOW_LOG: u32 = 23;
/// Bytes that are decoded at once.
const CHUNK_BYTES: usize = 32 << 10;

/// A content coding (RFC 9110, 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    /// zlib according to the standard, raw deflate from some servers.
    Deflate,
    Brotli,
    Zstd,
    /// None, if the transfer was in chunks once, although the server says twice (as curl 7.88 and requests read it).
    InChunksTwice,
}

/// A stream of bytes.
pub(crate) type Reader<'a> = Pin<Box<dyn AsyncBufRead + Send + 'a>>;

/// Files that are compressed themselves. If a server also names their compression as the coding of the transfer, the
/// file is meant, as browsers assume (Firefox: `nonDecodableExtensions`).
struct PackedFiles {
    coding: Coding,
    extensions: &'static [&'static str],
    media_types: &'static [&'static str],
}

const PACKED_FILES: [PackedFiles; 4] = [
    PackedFiles {
        coding: Coding::Gzip,
        extensions: &["gz", "gzip", "tgz", "taz", "tpz", "svgz", "emz", "wmz", "vgz"],
        media_types: &[
            "application/gzip",
            "application/x-gzip",
            "application/x-gunzip",
            "application/gzipped",
            "application/gzip-compressed",
            "application/x-gtar-compressed",
            "application/x-compressed-tar",
            "application/x-tgz",
            "gzip/document",
        ],
    },
    PackedFiles { coding: Coding::Deflate, extensions: &["zz", "zlib"], media_types: &["application/zlib"] },
    PackedFiles { coding: Coding::Brotli, extensions: &["br", "tbr"], media_types: &["application/x-brotli"] },
    PackedFiles {
        coding: Coding::Zstd,
        extensions: &["zst", "zstd", "tzst"],
        media_types: &["application/zstd", "application/x-zstd", "application/x-zstd-compressed-tar"],
    },
];

/// The codings of a Content-Encoding, in the order in which they were applied. A body with an unknown one is not
/// decoded at all: curl, wget and browsers save it unchanged, and most such words (`none`, `utf-8`, `binary`,
/// `aws-chunked`) are no codings. The error is a coding that hides the content and can't be undone here.
///
/// `name` is the file's name; a file that is compressed itself stays as it is.
pub(crate) fn codings(encoding: &str, content_type: Option<&str>, name: Option<&str>) -> Result<Vec<Coding>, String> {
    let mut codings = Vec::new();
    for word in words(encoding) {
        match coding(&word) {
            Some(Ok(coding)) => codings.push(coding),
            Some(Err(())) => {}
            None if matches!(word.as_str(), "compress" | "x-compress" | "dcb" | "dcz" | "aes128gcm") => {
                return if is_named(name, &["z", "taz"]) { Ok(Vec::new()) } else { Err(word) };
            }
            None => {
                tracing::debug!(word, "an unknown content coding: the body is saved unchanged");
                return Ok(Vec::new());
            }
        }
    }
    if codings.len() > MAX_LAYERS {
        return Err(format!("{} codings over each other", codings.len()));
    }
    let mime = content_type.and_then(|mime| mime.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    let is_of = |files: &&PackedFiles| {
        codings == [files.coding] && (files.media_types.contains(&mime.as_str()) || is_named(name, files.extensions))
    };
    if PACKED_FILES.iter().find(is_of).is_some() {
        codings.clear();
    }
    Ok(codings)
}

/// The codings of a Transfer-Encoding that are left after HTTP's own decoding of chunks, in the order in which they were
/// applied; the error is the first one that can't be undone (RFC 9112, 6.1).
pub(crate) fn transfer_codings(encoding: &str) -> Result<Vec<Coding>, String> {
    let mut words = words(encoding).peekable();
    let mut codings = Vec::new();
    while let Some(word) = words.next() {
        match coding(&word) {
            Some(Ok(coding)) => codings.push(coding),
            Some(Err(())) => {}
            // Only the last one was undone.
            None if word == "chunked" && words.peek().is_none() => {}
            None if word == "chunked" && words.peek().is_some_and(|next| next == "chunked") => {
                codings.push(Coding::InChunksTwice);
            }
            None => return Err(word),
        }
    }
    if codings.len() > MAX_LAYERS {
        return Err(format!("{} codings over each other", codings.len()));
    }
    Ok(codings)
}

/// The codings of a small text, such as a robots.txt.
pub(crate) fn of_headers(headers: &HeaderMap) -> Result<Vec<Coding>, String> {
    let mut codings = codings(&text_of_all(headers, CONTENT_ENCODING).unwrap_or_default(), None, None)?;
    codings.extend(transfer_codings(&text_of_all(headers, TRANSFER_ENCODING).unwrap_or_default())?);
    Ok(codings)
}

fn words(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(|word| word.trim().chars().take(40).collect::<String>().to_ascii_lowercase())
}

/// The coding of this name, or `Err` for none; `None` if it is unknown.
fn coding(word: &str) -> Option<Result<Coding, ()>> {
    Some(match word {
        "" | "identity" => Err(()),
        "gzip" | "x-gzip" => Ok(Coding::Gzip),
        "deflate" => Ok(Coding::Deflate),
        "br" => Ok(Coding::Brotli),
        "zstd" => Ok(Coding::Zstd),
        _ => return None,
    })
}

fn is_named(name: Option<&str>, extensions: &[&str]) -> bool {
    let extension = name.and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension);
    extension.is_some_and(|extension| extensions.iter().any(|own| own.eq_ignore_ascii_case(extension)))
}

/// Decodes a stream, the last coding first. An empty one stays empty.
pub(crate) async fn unpack<'a>(mut packed: Reader<'a>, codings: &[Coding]) -> io::Result<Reader<'a>> {
    for coding in codings.iter().rev() {
        let head = packed.fill_buf().await?;
        let Some(&first) = head.first() else { return Ok(packed) };
        if *coding == Coding::InChunksTwice {
            if begins_chunk(head) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "chunks in chunks"));
            }
            continue;
        }
        let packed_too = Pushback::new(packed);
        packed = match coding {
            Coding::Gzip => decoded(packed_too, GzipDecoder::new, |head| head.starts_with(&[0x1F, 0x8B, 8])),
            // Compression method 8 in the low bits is zlib; raw deflate hardly ever begins like that.
            Coding::Deflate if first & 0x0F == 8 => decoded(packed_too, ZlibDecoder::new, |_| false),
            Coding::Deflate => decoded(packed_too, DeflateDecoder::new, |_| false),
            Coding::Brotli => decoded(packed_too, BrotliDecoder::new, |_| false),
            Coding::InChunksTwice => Box::pin(packed_too),
            Coding::Zstd => {
                let limit = [DParameter::window_log_max(ZSTD_WINDOW_LOG)];
                decoded(packed_too, move |packed| ZstdDecoder::with_params(packed, &limit), is_zstd_frame)
            }
        };
    }
    Ok(packed)
}

/// Decodes bytes, at most so many of them.
pub(crate) async fn unpack_bytes(packed: &[u8], codings: &[Coding], most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    unpack(Box::pin(packed), codings).await?.take(most).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Whether bytes begin with the line of a chunk (RFC 9112, 7.1), or with a part of it.
fn begins_chunk(head: &[u8]) -> bool {
    let digits = head.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    digits > 0 && head.get(digits).is_none_or(|byte| matches!(byte, b'\r' | b';' | b' '))
}

/// RFC 8878, 3.1: a frame, or one to skip.
fn is_zstd_frame(head: &[u8]) -> bool {
    matches!(head, [0x28, 0xB5, 0x2F, ..] | [0x50..=0x5F, 0x2A, 0x4D, ..])
}

/// A decoder that can be taken apart behind the end of its data.
trait Decoder<'a>: AsyncRead + Unpin + Send + 'a {
    fn into_rest(self) -> Pushback<Reader<'a>>;
}

macro_rules! decoders {
    ($($decoder:ident)*) => {
        $(impl<'a> Decoder<'a> for $decoder<Pushback<Reader<'a>>> {
            fn into_rest(self) -> Pushback<Reader<'a>> {
                self.into_inner()
            }
        })*
    };
}

decoders!(GzipDecoder ZlibDecoder DeflateDecoder BrotliDecoder ZstdDecoder);

/// Decodes a stream of one or more members: what follows one is another if `is_member` recognises it. Anything else is
/// ignored, as gzip and browsers do, but read, so that the body is received to its end.
fn decoded<'a, D: Decoder<'a>>(
    packed: Pushback<Reader<'a>>,
    decoder: impl Fn(Pushback<Reader<'a>>) -> D + Send + 'a,
    is_member: fn(&[u8]) -> bool,
) -> Reader<'a> {
    let first = decoder(packed);
    let chunks = stream::try_unfold((Some(first), decoder), move |(current, decoder)| async move {
        let Some(mut current) = current else { return Ok::<_, io::Error>(None) };
        loop {
            let mut chunk = vec![0; CHUNK_BYTES];
            let count = current.read(&mut chunk).await?;
            if count > 0 {
                chunk.truncate(count);
                return Ok(Some((Bytes::from(chunk), (Some(current), decoder))));
            }
            let mut rest = current.into_rest();
            if !is_member(rest.peek().await?) {
                ignore(rest).await?;
                return Ok(None);
            }
            current = decoder(rest);
        }
    });
    Box::pin(StreamReader::new(Box::pin(chunks)))
}

async fn ignore(mut rest: Pushback<Reader<'_>>) -> io::Result<()> {
    loop {
        let count = rest.fill_buf().await?.len();
        if count == 0 {
            return Ok(());
        }
        rest.consume(count);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use async_compression::tokio::bufread as pack;
    use tokio::io::{AsyncRead, AsyncReadExt};

    use super::super::content_encoding::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    async fn all(mut reader: impl AsyncRead + Unpin) -> Vec<u8> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    async fn unpacked(packed: &[u8], codings: &[Coding]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        unpack(Box::pin(packed), codings).await?.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    #[test]
    fn every_coding_is_decoded_also_nested_and_a_truncated_one_fails() {
        let plain: &[u8] = &[b"pixels ".repeat(5000), (0..=255).collect()].concat();
        run(async {
            let gzip = all(pack::GzipEncoder::new(plain)).await;
            let packed = [
                (Coding::Gzip, gzip.clone()),
                (Coding::Deflate, all(pack::ZlibEncoder::new(plain)).await),
                (Coding::Deflate, all(pack::DeflateEncoder::new(plain)).await),
                (Coding::Brotli, all(pack::BrotliEncoder::new(plain)).await),
                (Coding::Zstd, all(pack::ZstdEncoder::new(plain)).await),
            ];
            for (coding, packed) in packed {
                assert!(packed.len() < plain.len());
                assert!(unpacked(&packed, &[coding]).await.unwrap() == plain, "{coding:?}");
                assert!(unpacked(&packed[..packed.len() / 2], &[coding]).await.is_err(), "{coding:?}");
                assert!(unpacked(b"", &[coding]).await.unwrap().is_empty(), "{coding:?}");
            }
            let twice = all(pack::BrotliEncoder::new(gzip.as_slice())).await;
            assert!(unpacked(&twice, &[Coding::Gzip, Coding::Brotli]).await.unwrap() == plain);
            let members = [gzip.clone(), gzip].concat();
            assert!(unpacked(&members, &[Coding::Gzip]).await.unwrap() == [plain, plain].concat());
            let frame = all(pack::ZstdEncoder::new(plain)).await;
            let frames = [frame.clone(), frame].concat();
            assert!(unpacked(&frames, &[Coding::Zstd]).await.unwrap() == [plain, plain].concat());
            assert!(unpacked(b"not packed at all", &[Coding::Gzip]).await.is_err());
        });
    }

    /// As gzip ("trailing garbage ignored"), curl and browsers; also one byte at a time.
    #[test]
    fn what_follows_the_data_is_ignored_but_read() {
        let plain: &[u8] = &b"pixels ".repeat(5000);
        run(async {
            for (coding, packed) in [
                (Coding::Gzip, all(pack::GzipEncoder::new(plain)).await),
                (Coding::Deflate, all(pack::ZlibEncoder::new(plain)).await),
                (Coding::Deflate, all(pack::DeflateEncoder::new(plain)).await),
                (Coding::Brotli, all(pack::BrotliEncoder::new(plain)).await),
                (Coding::Zstd, all(pack::ZstdEncoder::new(plain)).await),
            ] {
                for junk in [&b"\0"[..], b"\x1f\x8b", b"(\xb5", b"<!-- cached -->", &vec![0; 100_000]] {
                    let bytes = [&packed[..], junk].concat();
                    for buffer_bytes in [1, 7, 1 << 20] {
                        let mut left = bytes.as_slice();
                        let slowly = tokio::io::BufReader::with_capacity(buffer_bytes, &mut left);
                        let mut got = Vec::new();
                        let mut reader = unpack(Box::pin(slowly), &[coding]).await.unwrap();
                        reader.read_to_end(&mut got).await.unwrap();
                        drop(reader);
                        assert!(got == plain && left.is_empty(), "{coding:?}, {} bytes of junk", junk.len());
                    }
                }
            }
            let packed = all(pack::GzipEncoder::new(plain)).await;
            let broken = [&packed[..], &packed[..20]].concat();
            assert!(unpacked(&broken, &[Coding::Gzip]).await.is_err(), "a second member that ends early is no junk");
        });
    }

    #[test]
    fn a_file_of_very_many_members_is_decoded() {
        run(async {
            let packed = all(pack::GzipEncoder::new(&b"x"[..])).await.repeat(50_000);
            assert_eq!(unpacked(&packed, &[Coding::Gzip]).await.unwrap().len(), 50_000);
        });
    }

    #[test]
    fn codings_are_recognised_and_unknown_ones_leave_the_body_unchanged() {
        let of = |encoding: &str| codings(encoding, None, None).unwrap();
        assert_eq!(of("gzip, BR"), [Coding::Gzip, Coding::Brotli]);
        for encoding in ["identity", "none", "utf-8", "binary", "8bit", "aws-chunked", "gzip, aws-chunked", "foo", ""] {
            assert_eq!(of(encoding), [], "{encoding}");
        }
        assert_eq!(codings("compress", None, Some("a.tar")).unwrap_err(), "compress");
        assert_eq!(codings("compress", None, Some("a.tar.Z")).unwrap(), []);
        assert!(codings("gzip,gzip,gzip,gzip", None, None).is_err());
    }

    #[test]
    fn a_file_that_is_compressed_itself_stays_compressed() {
        let of = |encoding: &str, mime: &str, name: &str| codings(encoding, Some(mime), Some(name)).unwrap();
        assert_eq!(of("x-gzip", "application/x-gzip; v=1", "a"), []);
        assert_eq!(of("gzip", "application/octet-stream", "a.tar.gz"), []);
        assert_eq!(of("gzip", "image/svg+xml", "logo.SVGZ"), []);
        assert_eq!(of("zstd", "text/plain", "dump.sql.zst"), []);
        assert_eq!(of("br", "text/plain", "a.js.br"), []);
        assert_eq!(of("gzip", "text/html", "a.html"), [Coding::Gzip]);
        assert_eq!(of("br", "text/plain", "a.gz"), [Coding::Brotli], "another compression than the file's");
    }

    #[test]
    fn transfer_codings_are_decoded_or_refused() {
        assert_eq!(transfer_codings("chunked").unwrap(), []);
        assert_eq!(transfer_codings("Identity").unwrap(), []);
        assert_eq!(transfer_codings("chunked, Chunked").unwrap(), [Coding::InChunksTwice]);
        assert_eq!(transfer_codings("gzip, Chunked").unwrap(), [Coding::Gzip]);
        assert_eq!(transfer_codings("deflate").unwrap(), [Coding::Deflate]);
        for (encoding, word) in [
            ("compress", "compress"),
            ("chunked, gzip", "chunked"),
            ("foo, chunked", "foo"),
            ("chunked;a=1", "chunked;a=1"),
        ] {
            assert_eq!(transfer_codings(encoding).unwrap_err(), word);
        }
    }
}
