//! One request and its response's body.

use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{
    CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use super::body::{Body, Collector, Spool};
use super::fault::{self, Fault};
use super::limits::FetchLimits;
use super::{noai, retry};
use crate::error::{ErrorKind, ItemError};

/// Bytes of an unwanted body that are read so that its connection can be used again.
const DRAIN_BYTES: usize = 64 << 10;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// What a request led to.
pub(super) enum Reply {
    /// The body.
    Received(Received),
    /// Another place to ask.
    Redirect(Url),
}

/// A whole response.
pub(super) struct Received {
    pub(super) body: Body,
    pub(super) size_bytes: u64,
    pub(super) hash: String,
    pub(super) http_status: u16,
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) disposition: Option<Vec<u8>>,
    pub(super) url: Url,
}

/// Asks for a URL, within the total time-out, with these headers about who asks; `name` is how errors call it. `on_answer` is called when a server answered.
pub(super) async fn request(
    (client, headers): (&Client, HeaderMap),
    url: &Url,
    name: &str,
    limits: &FetchLimits,
    spool: &Spool,
    on_answer: impl Fn(),
) -> Result<Reply, Fault> {
    let whole = async {
        let began = Instant::now();
        let response = client
            .get(url.clone())
            .headers(headers)
            .send()
            .await
            .map_err(|error| fault::of_request(&error, name, began, limits.connect_timeout))?;
        on_answer();
        answer(response, url, name, limits, spool).await
    };
    tokio::time::timeout(limits.total_timeout, whole).await.unwrap_or_else(|_elapsed| {
        let detail = format!("not finished within {} s", limits.total_timeout.as_secs_f64());
        Err(Fault::new(ItemError::new(ErrorKind::Timeout, name).with("detail", detail)))
    })
}

async fn answer(
    response: Response,
    url: &Url,
    name: &str,
    limits: &FetchLimits,
    spool: &Spool,
) -> Result<Reply, Fault> {
    let status = response.status();
    if is_redirect(status) {
        let target = redirect_target(&response, url, name);
        drain(response).await;
        return target.map(Reply::Redirect).map_err(|error| Fault::new(error).with_status(status.as_u16()));
    }
    if !status.is_success() {
        let retry_after = text(&response, RETRY_AFTER).and_then(|value| retry::retry_after(&value, SystemTime::now()));
        let mut error = ItemError::new(ErrorKind::HttpStatus, name).with("status", status.as_u16());
        if let Some(reason) = status.canonical_reason() {
            error = error.with("detail", reason);
        }
        drain(response).await;
        return Err(Fault { retry_after, ..Fault::new(error).with_status(status.as_u16()) });
    }
    if let Some(directive) = limits.obeys_noai.then(|| noai::refusal(response.headers())).flatten() {
        let error = ItemError::new(ErrorKind::NoAi, name).with("detail", directive);
        drain(response).await;
        return Err(Fault::new(error).with_status(status.as_u16()));
    }
    receive(response, url, name, limits, spool)
        .await
        .map(Reply::Received)
        .map_err(|fault| fault.with_status(status.as_u16()))
}

async fn receive(
    mut response: Response,
    url: &Url,
    name: &str,
    limits: &FetchLimits,
    spool: &Spool,
) -> Result<Received, Fault> {
    let wanted_bytes = response.content_length();
    if wanted_bytes.is_some_and(|wanted| wanted > limits.max_body_bytes) {
        return Err(too_large(name, limits));
    }
    let mut collector = Collector::new(spool, limits.max_body_in_memory_bytes, wanted_bytes);
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) => return Err(fault::of_body(&error, name, collector.size_bytes(), wanted_bytes)),
        };
        if collector.size_bytes() + chunk.len() as u64 > limits.max_body_bytes {
            return Err(too_large(name, limits));
        }
        collector.push(&chunk).await.map_err(Fault::new)?;
    }
    if wanted_bytes.is_some_and(|wanted| collector.size_bytes() < wanted) {
        return Err(Fault::new(fault::short_body(name, collector.size_bytes(), wanted_bytes)));
    }
    let (body, size_bytes, hash) = collector.finish().await.map_err(Fault::new)?;
    Ok(Received {
        body,
        size_bytes,
        hash,
        http_status: response.status().as_u16(),
        content_type: text(&response, CONTENT_TYPE),
        content_encoding: text(&response, reqwest::header::CONTENT_ENCODING)
            .filter(|encoding| !encoding.eq_ignore_ascii_case("identity")),
        etag: text(&response, ETAG),
        last_modified: text(&response, LAST_MODIFIED),
        disposition: response.headers().get(CONTENT_DISPOSITION).map(|value| value.as_bytes().to_vec()),
        url: url.clone(),
    })
}

pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect leads; only http and https are followed.
pub(super) fn redirect_target(response: &Response, url: &Url, name: &str) -> Result<Url, ItemError> {
    let refused = |detail: &str| ItemError::new(ErrorKind::Redirect, name).with("detail", detail);
    let location = response.headers().get(LOCATION).ok_or_else(|| refused("it names no other address"))?;
    let mut target = std::str::from_utf8(location.as_bytes())
        .ok()
        .and_then(|location| url.join(location).ok())
        .ok_or_else(|| refused("it names no usable address"))?;
    if !matches!(target.scheme(), "http" | "https") {
        return Err(refused(&format!("{}: is not followed", target.scheme())));
    }
    // RFC 9110, 10.2.2: the fragment is inherited; it never reaches a server.
    target.set_fragment(None);
    // Who one is elsewhere is not for a redirect to say.
    let _ = super::secrets::take_user_info(&mut target);
    Ok(target)
}

fn too_large(name: &str, limits: &FetchLimits) -> Fault {
    let limit = crate::model::human::bytes(limits.max_body_bytes);
    Fault::new(ItemError::new(ErrorKind::BodyTooLarge, name).with("limit", limit))
}

fn text(response: &Response, header: HeaderName) -> Option<String> {
    let value = response.headers().get(header)?;
    Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).filter(|value| !value.is_empty())
}

/// Reads what little is left of an unwanted body: otherwise its connection would be lost.
async fn drain(mut response: Response) {
    let rest = async {
        let mut read_bytes = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            read_bytes += chunk.len();
            if read_bytes > DRAIN_BYTES {
                break;
            }
        }
    };
    // Whatever happens, the body is not wanted.
    let _ = tokio::time::timeout(DRAIN_TIME, rest).await;
}
