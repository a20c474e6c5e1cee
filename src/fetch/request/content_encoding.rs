//! Bodies that are compressed although that was not requested. They are decoded step by step, so that the decoded size
//! is checked before it takes memory.

use std::io;
use std::pin::Pin;

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};

/// Most codings of one body.
const MAX_LAYERS: usize = 3;
/// Largest window of zstd, as a power of two: 8 MiB (RFC 9659).
const ZSTD_WINDOW_LOG: u32 = 23;

/// A content coding (RFC 9110, 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    /// zlib according to the standard, raw deflate from some servers.
    Deflate,
    Brotli,
    Zstd,
}

/// A stream of bytes.
pub(crate) type Reader<'a> = Pin<Box<dyn AsyncBufRead + Send + 'a>>;

/// The codings of a Content-Encoding, in the order in which they were applied; the error is the first unknown one.
///
/// A gzip file may be labelled gzip twice, by its type and by its coding: it is not decoded.
pub(crate) fn codings(encoding: &str, content_type: Option<&str>) -> Result<Vec<Coding>, String> {
    let mut codings = Vec::new();
    for word in encoding.split(',').map(|word| word.trim().to_ascii_lowercase()) {
        codings.push(match word.as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            "br" => Coding::Brotli,
            "zstd" => Coding::Zstd,
            _ => return Err(word.chars().take(40).collect()),
        });
    }
    if codings.len() > MAX_LAYERS {
        return Err(format!("{} codings over each other", codings.len()));
    }
    let mime = content_type.and_then(|mime| mime.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    if codings == [Coding::Gzip] && matches!(mime.as_str(), "application/gzip" | "application/x-gzip") {
        codings.clear();
    }
    Ok(codings)
}

/// Decodes a stream, the last coding first. An empty one stays empty.
pub(crate) async fn unpack<'a>(mut packed: Reader<'a>, codings: &[Coding]) -> io::Result<Reader<'a>> {
    for coding in codings.iter().rev() {
        let Some(&first) = packed.fill_buf().await?.first() else { return Ok(packed) };
        packed = match coding {
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(packed);
                decoder.multiple_members(true);
                Box::pin(BufReader::new(decoder))
            }
            // Compression method 8 in the low bits is zlib; raw deflate hardly ever begins like that.
            Coding::Deflate if first & 0x0F == 8 => Box::pin(BufReader::new(ZlibDecoder::new(packed))),
            Coding::Deflate => Box::pin(BufReader::new(DeflateDecoder::new(packed))),
            Coding::Brotli => Box::pin(BufReader::new(BrotliDecoder::new(packed))),
            Coding::Zstd => {
                let limit = [DParameter::window_log_max(ZSTD_WINDOW_LOG)];
                let mut decoder = ZstdDecoder::with_params(packed, &limit);
                decoder.multiple_members(true);
                Box::pin(BufReader::new(decoder))
            }
        };
    }
    Ok(packed)
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
            assert!(unpacked(b"not packed at all", &[Coding::Gzip]).await.is_err());
        });
    }

    #[test]
    fn codings_are_recognised_and_a_gzip_file_is_not_decoded() {
        assert_eq!(codings("gzip, BR", None).unwrap(), [Coding::Gzip, Coding::Brotli]);
        assert_eq!(codings("identity", None).unwrap(), []);
        assert_eq!(codings("compress", None).unwrap_err(), "compress");
        assert_eq!(codings("x-gzip", Some("application/x-gzip; v=1")).unwrap(), []);
        assert_eq!(codings("gzip", Some("text/html")).unwrap(), [Coding::Gzip]);
        assert!(codings("gzip,gzip,gzip,gzip", None).is_err());
    }
}
