//! Receives the body of a response: decodes it if necessary, checks its size, and appends it to an earlier part.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures_util::stream;
use reqwest::Response;
use tokio::io::AsyncBufReadExt;
use tokio_util::io::StreamReader;

use super::body::{Bytes, Collector};
use super::content_encoding::{self, Coding, Reader};
use super::minimum_speed::MinimumSpeed;
use crate::config::MAX_UNPACKED_TIMES;
use crate::error::{ErrorKind, ItemError};
use crate::fetch::fault::{self, Fault};
use crate::fetch::limits::FetchLimits;
use crate::fetch::meter::Meter;
use crate::fetch::schedule::progress::Progress;
use crate::model::{Message, human};

/// The limits and expectations for a body.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    /// What errors call the item.
    pub(crate) name: &'a str,
    pub(crate) limits: &'a FetchLimits,
    /// The size of the whole body, if known.
    pub(crate) whole_bytes: Option<u64>,
    /// The size at which this response ends, if known.
    pub(crate) end_bytes: Option<u64>,
    pub(crate) progress: &'a Progress<'a>,
    /// Shows how much was received.
    pub(crate) meter: Option<&'a Meter>,
}

impl Terms<'_> {
    /// Fails a body of this size above the limit.
    pub(crate) fn check_size(&self, size_bytes: u64) -> Result<(), Fault> {
        match self.limits.max_body_bytes.filter(|most| size_bytes > *most) {
            Some(most) => {
                let error = ItemError::new(ErrorKind::BodyTooLarge, self.name).with("limit", human::bytes(most));
                Err(Fault::new(error))
            }
            None => Ok(()),
        }
    }

    /// Fails a body that has expanded like a decompression bomb, unless the user limits the size of bodies.
    fn check_ratio(&self, size_bytes: u64, received_bytes: u64) -> Result<(), Fault> {
        let is_checked = self.limits.max_body_bytes.is_none() && size_bytes > self.limits.unchecked_unpacked_bytes;
        if is_checked && size_bytes / MAX_UNPACKED_TIMES > received_bytes {
            let error = ItemError::new(ErrorKind::BodyTooLarge, self.name).with("times", MAX_UNPACKED_TIMES);
            return Err(Fault::new(error.with("size", human::bytes(self.limits.unchecked_unpacked_bytes))));
        }
        Ok(())
    }

    fn show(&self, size_bytes: u64, received_bytes: u64, whole_bytes: Option<u64>) {
        if let Some(meter) = self.meter {
            meter.set(size_bytes, received_bytes, whole_bytes);
        }
    }
}

/// Appends a response's body to what was collected before.
pub(crate) async fn plain(response: Response, collector: &mut Collector<'_>, terms: Terms<'_>) -> Result<(), Fault> {
    let mut wire = ResponseStream::new(response, terms);
    loop {
        let chunk = match wire.next().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(Broken::Off(error)) => {
                return Err(fault::of_body(&error, terms.name, collector.size_bytes(), terms.whole_bytes));
            }
            Err(Broken::TooSlow) => return Err(too_slow(terms)),
        };
        let size_bytes = collector.size_bytes().saturating_add(chunk.len() as u64);
        terms.check_size(size_bytes)?;
        if terms.end_bytes.is_some_and(|end| size_bytes > end) {
            return Err(fault::bad_response(terms.name, "link_more"));
        }
        collector.take(chunk).await.map_err(Fault::new)?;
        terms.show(size_bytes, size_bytes, terms.whole_bytes.or(terms.end_bytes));
    }
    let had = collector.size_bytes();
    if terms.whole_bytes.or(terms.end_bytes).is_some_and(|wanted| had < wanted) {
        return Err(Fault::new(fault::short_body(terms.name, had, terms.whole_bytes.or(terms.end_bytes))));
    }
    Ok(())
}

/// Receives and decodes a response's body; returns the number of bytes received.
pub(crate) async fn packed(
    response: Response,
    codings: &[Coding],
    collector: &mut Collector<'_>,
    terms: Terms<'_>,
) -> Result<u64, Fault> {
    let received = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&received);
    let wire = stream::unfold(Some(ResponseStream::new(response, terms)), move |wire| {
        let counter = Arc::clone(&counter);
        async move {
            let mut wire = wire?;
            match wire.next().await {
                Ok(Some(chunk)) => {
                    counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    Some((Ok(chunk), Some(wire)))
                }
                Ok(None) => None,
                Err(broken) => Some((Err(io::Error::other(broken)), None)),
            }
        }
    });
    let reader: Reader<'_> = Box::pin(StreamReader::new(Box::pin(wire)));
    let failed = |error: io::Error| of_decoding(error, terms, received.load(Ordering::Relaxed));
    let mut reader = content_encoding::unpack(reader, codings).await.map_err(failed)?;
    loop {
        let bytes = reader.fill_buf().await.map_err(failed)?;
        let count = bytes.len();
        if count == 0 {
            break;
        }
        let size_bytes = collector.size_bytes().saturating_add(count as u64);
        let received_bytes = received.load(Ordering::Relaxed);
        terms.check_size(size_bytes)?;
        terms.check_ratio(size_bytes, received_bytes)?;
        collector.push(bytes).await.map_err(Fault::new)?;
        terms.show(size_bytes, received_bytes, terms.end_bytes);
        reader.as_mut().consume(count);
    }
    let had = received.load(Ordering::Relaxed);
    if terms.end_bytes.is_some_and(|wanted| had < wanted) {
        return Err(Fault::new(fault::short_body(terms.name, had, terms.end_bytes)));
    }
    Ok(had)
}

fn too_slow(terms: Terms<'_>) -> Fault {
    let sentence = Message::new("link_slow")
        .with("bytes", terms.limits.low_speed_bytes_per_s)
        .with("seconds", terms.limits.low_speed_time.as_secs_f64());
    Fault::time_out(ItemError::new(ErrorKind::Timeout, terms.name).saying(&sentence))
}

/// The connection broke, or the body can't be decoded.
fn of_decoding(error: io::Error, terms: Terms<'_>, received: u64) -> Fault {
    let what = error.to_string();
    match error.downcast::<Broken>() {
        Ok(Broken::Off(error)) => fault::of_body(&error, terms.name, received, terms.end_bytes),
        Ok(Broken::TooSlow) => too_slow(terms),
        Err(_) => fault::bad_response(terms.name, Message::new("link_decode").with("detail", what)),
    }
}

/// Why a body is incomplete.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Off(#[source] reqwest::Error),
    #[error("too slow")]
    TooSlow,
}

/// The body as it is received.
struct ResponseStream<'a> {
    response: Response,
    pace: MinimumSpeed,
    progress: &'a Progress<'a>,
}

impl<'a> ResponseStream<'a> {
    fn new(response: Response, terms: Terms<'a>) -> Self {
        let limits = terms.limits;
        let pace = MinimumSpeed::new(limits.low_speed_bytes_per_s, limits.low_speed_time);
        Self { response, pace, progress: terms.progress }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        let began = Instant::now();
        let chunk = self.response.chunk().await.map_err(Broken::Off)?;
        let count = chunk.as_ref().map_or(0, Bytes::len);
        if chunk.is_some() {
            let now = Instant::now();
            if !self.pace.keeps_up(count as u64, now.saturating_duration_since(began)) {
                return Err(Broken::TooSlow);
            }
            self.progress.received(count, now).await;
        }
        Ok(chunk)
    }
}
