//! Sends one request and interprets its response.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use percent_encoding::AsciiSet;
use reqwest::header::{HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};
use url::Url;

use super::body::{Body, Collector};
use super::content_encoding::{self, Coding};
use super::head::{Head, text};
use super::receive::{self, Terms};
use super::resume::{self, Partial};
use super::saved_parts::PartOf;
use super::timing;
use crate::error::{ErrorKind, ItemError};
use crate::fetch::connect::clients::HttpClient;
use crate::fetch::credentials::digest::Challenge;
use crate::fetch::fault::{self, Fault};
use crate::fetch::limits::FetchLimits;
use crate::fetch::meter::Meter;
use crate::fetch::politeness::noai;
use crate::fetch::schedule::progress::{Progress, Watched};
use crate::fetch::schedule::scheduler::Slot;
use crate::fetch::{file_name, retry};
use crate::model::{Message, Transfer, TransferTimes, human};
use crate::store::Spool;

/// Only what is not ASCII is escaped.
const NON_ASCII: AsciiSet = AsciiSet::EMPTY;
/// Bytes of an unwanted body that are read so that its connection can be reused.
const DRAIN_BYTES: usize = 64 << 10;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// The outcome of a request.
pub(crate) enum Reply {
    /// The body.
    Received(Box<Received>),
    /// Another URL to request.
    Redirect(Url),
    /// Not changed since it was last fetched.
    Unchanged(TransferTimes),
    /// The part received before is useless: request the whole again.
    StartAgain,
    /// The server wants credentials in this form; the fault if there are none.
    Challenged(Box<Challenge>, Box<Fault>),
}

/// A complete body.
pub(crate) struct Received {
    pub(crate) body: Body,
    pub(crate) size_bytes: u64,
    pub(crate) head: Head,
    pub(crate) transfer: Transfer,
    pub(crate) url: Url,
}

/// The validators of something fetched before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its ETag.
    pub etag: Option<String>,
    /// Its Last-Modified, as the server sent it.
    pub last_modified: Option<String>,
}

/// A request; the spool outlives it, since a partial body may be resumed.
pub(crate) struct HttpRequest<'r, 'a> {
    pub(crate) client: &'r HttpClient,
    /// With credentials.
    pub(crate) headers: HeaderMap,
    pub(crate) url: &'r Url,
    /// The link itself, before any redirect.
    pub(crate) requested: &'r Url,
    /// What errors call it.
    pub(crate) name: &'r str,
    pub(crate) limits: &'r FetchLimits,
    pub(crate) spool: &'a Spool,
    /// Shows how much was received.
    pub(crate) meter: Option<&'r Meter>,
    /// Validators of a result that still exists.
    pub(crate) known: Option<&'r Known>,
    /// The right to this request.
    pub(crate) slot: &'r Slot,
    pub(crate) progress: &'r Progress<'r>,
    /// How long it may take in all.
    pub(crate) time_limit: Duration,
    /// Whether it gives way to other links when it is silent.
    pub(crate) may_give_way: bool,
}

/// Requests a URL within the time limit. If `partial` holds a part of that URL's body, only the rest is requested; the
/// received part of a body that breaks off is left there. `on_answer` is called with the status and the headers when a server answered.
pub(crate) async fn request<'a>(
    request: HttpRequest<'_, 'a>,
    partial: &mut Option<Partial<'a>>,
    mut on_answer: impl FnMut(u16, &HeaderMap),
) -> Result<Reply, Fault> {
    let watch = timing::Watch::start();
    let whole = async {
        let from = partial.as_ref().filter(|partial| partial.can_resume() && partial.is_of(request.url));
        let is_resumed = from.is_some();
        let sending = request.client.send(with_conditions(&request, from));
        let response = watch.head(sending).await;
        let response = response.map_err(|error| {
            let began = request.progress.began();
            fault::of_request(&error, request.name, began, watch.was_connected(), request.limits.connect_timeout)
        })?;
        request.progress.note_byte(Instant::now());
        let status = response.status().as_u16();
        on_answer(status, response.headers());
        let answer = Answer { request: &request, response, watch: &watch, is_resumed };
        answer.take(partial).await.map_err(|fault| fault.with_status(status))
    };
    let reply = match request.progress.watch(request.time_limit, request.slot, request.may_give_way, whole).await {
        Watched::Ended(reply) => reply,
        Watched::GaveWay => Err(fault::gave_way(request.name)),
        Watched::TimedOut => {
            let sentence = Message::new("link_unfinished");
            let sentence = sentence.with("seconds", request.time_limit.as_secs_f64());
            Err(Fault::time_out(ItemError::new(ErrorKind::Timeout, request.name).saying(&sentence)))
        }
    };
    reply.map_err(|fault| Fault { times: Some(Box::new(watch.times())), ..fault })
}

fn with_conditions(request: &HttpRequest<'_, '_>, from: Option<&Partial<'_>>) -> RequestBuilder {
    let mut builder = request.client.get(request.url.clone()).headers(request.headers.clone());
    if let Some((partial, validator)) = from.and_then(|partial| Some((partial, partial.validator.as_deref()?))) {
        builder = builder.header(RANGE, format!("bytes={}-", partial.collector.size_bytes()));
        return builder.header(IF_RANGE, validator);
    }
    let Some(known) = request.known else { return builder };
    // RFC 9110, 13.1.3: a server that supports If-None-Match ignores the other.
    if let Some(etag) = &known.etag {
        builder = builder.header(IF_NONE_MATCH, etag);
    }
    if let Some(modified) = &known.last_modified {
        builder = builder.header(IF_MODIFIED_SINCE, modified);
    }
    builder
}

/// A response.
struct Answer<'r, 'a> {
    request: &'r HttpRequest<'r, 'a>,
    response: Response,
    watch: &'r timing::Watch,
    /// Whether only the rest of a body was requested.
    is_resumed: bool,
}

impl<'a> Answer<'_, 'a> {
    async fn take(self, partial: &mut Option<Partial<'a>>) -> Result<Reply, Fault> {
        let status = self.response.status();
        match status.as_u16() {
            _ if is_redirect(&self.response) => {
                let target = redirect_target(&self.response, self.request.url, self.request.name);
                drain(self.response).await;
                target.map(Reply::Redirect).map_err(Fault::new)
            }
            304 if self.request.known.is_some() && !self.is_resumed => Ok(Reply::Unchanged(self.watch.times())),
            206 if self.is_resumed => self.resume(partial).await,
            412 | 416 if self.is_resumed => {
                if status == StatusCode::RANGE_NOT_SATISFIABLE
                    && partial.as_ref().is_some_and(|partial| partial.was_all(self.response.headers()))
                    && let Some(mut whole) = partial.take()
                {
                    whole.url.clone_from(self.request.url);
                    drain(self.response).await;
                    return finish(whole, self.request.name, self.watch.times(), None).await;
                }
                resume::discard(partial);
                drain(self.response).await;
                Ok(Reply::StartAgain)
            }
            206 if !resume::is_the_whole(self.response.headers()) => {
                Err(fault::bad_response(self.request.name, "link_part"))
            }
            // "No content" and "reset content": a success without anything to save.
            204 | 205 => Err(self.refused().await),
            401 if let Some(challenge) = Challenge::of(self.response.headers()) => {
                let fault = self.refused().await.with_status(401);
                Ok(Reply::Challenged(Box::new(challenge), Box::new(fault)))
            }
            _ if status.is_success() => self.begin(partial).await,
            _ => Err(self.refused().await),
        }
    }

    async fn refused(self) -> Fault {
        let status = self.response.status();
        let mut error = ItemError::new(ErrorKind::HttpStatus, self.request.name).with("status", status.as_u16());
        if let Some(reason) = status.canonical_reason() {
            error = error.with("detail", reason);
        }
        // An error that won't pass is not worth waiting for.
        let retry_after = text(self.response.headers(), RETRY_AFTER)
            .filter(|_| error.is_retryable())
            .and_then(|value| retry::retry_after(&value, SystemTime::now()));
        drain(self.response).await;
        Fault { retry_after, ..Fault::new(error) }
    }

    /// Receives a whole body; a part received before is dropped.
    async fn begin(self, partial: &mut Option<Partial<'a>>) -> Result<Reply, Fault> {
        let &HttpRequest { limits, name, url, spool, progress, meter, .. } = self.request;
        let headers = self.response.headers();
        if let Some(directive) = limits.skips_noai.then(|| noai::refusal(headers)).flatten() {
            let error = ItemError::new(ErrorKind::NoAi, name).with("detail", directive);
            drain(self.response).await;
            return Err(Fault::new(error));
        }
        let head = Head::of(&self.response);
        let codings = codings_of(&head, self.request)?;
        let is_packed = !codings.is_empty();
        let announced = self.response.content_length();
        let whole_bytes = announced.filter(|_| !is_packed);
        let terms = Terms { name, limits, whole_bytes, end_bytes: announced, progress, meter };
        terms.check_size(announced.unwrap_or(0))?;
        let validator = if is_packed { None } else { resume::strong_validator(headers) };
        resume::discard(partial);
        let coming_bytes = announced.unwrap_or(0);
        if let Some(free) = lacking_space(self.request, coming_bytes).await {
            let error = ItemError::new(ErrorKind::BodyTooLarge, name).with("size", human::bytes(coming_bytes));
            return Err(Fault::new(error.with("free", human::bytes(free))));
        }
        let mut collector = Collector::new(spool, limits.max_body_in_memory_bytes, whole_bytes);
        let may_spool = whole_bytes.is_none_or(|whole| whole > limits.max_body_in_memory_bytes);
        if let Some(validator) = validator.as_deref().filter(|_| may_spool && spool.saves_parts())
            && let Some(of) = PartOf::new(self.request.requested, url, &head, whole_bytes, validator)
        {
            collector.save_part_of(of);
        }
        let (url, resource) = (url.clone(), None);
        let part = Partial { url, resource, head, collector, whole_bytes, validator, resumed: 0, kept: None };
        let part = partial.insert(part);
        self.watch.body_begins();
        let packed_bytes = if is_packed {
            Some(receive::packed(self.response, &codings, &mut part.collector, terms).await?)
        } else {
            receive::plain(self.response, &mut part.collector, terms).await?;
            None
        };
        let times = self.watch.times();
        match partial.take() {
            Some(whole) => finish(whole, name, times, packed_bytes).await,
            None => Ok(Reply::StartAgain),
        }
    }

    /// Receives the rest of a body, if the response is that.
    async fn resume(self, partial: &mut Option<Partial<'a>>) -> Result<Reply, Fault> {
        let &HttpRequest { limits, name, progress, meter, .. } = self.request;
        let fits = partial.as_ref().map(|part| part.fits(self.response.headers()));
        let (Some(Ok(end)), Some(part)) = (fits, partial.as_mut()) else {
            tracing::debug!(name, why = ?fits, "a transfer starts again");
            resume::discard(partial);
            drain(self.response).await;
            return Ok(Reply::StartAgain);
        };
        let whole_bytes = resume::whole_bytes(self.response.headers());
        let terms = Terms { name, limits, whole_bytes, end_bytes: Some(end), progress, meter };
        terms.check_size(whole_bytes.unwrap_or(0))?;
        if lacking_space(self.request, end.saturating_sub(part.collector.size_bytes())).await.is_some() {
            // The part is real, and worth waiting for space.
            let full = io::Error::from(io::ErrorKind::StorageFull);
            return Err(Fault::new(ItemError::writing(self.request.spool.path(), &full)));
        }
        (part.url, part.resource) = (self.request.url.clone(), None);
        part.whole_bytes = whole_bytes;
        part.head.http_status = self.response.status().as_u16();
        part.resumed += 1;
        self.watch.body_begins();
        let received = receive::plain(self.response, &mut part.collector, terms).await;
        if let Err(fault) = received {
            // A part longer than announced can't be trusted.
            if fault.error.kind == ErrorKind::BadResponse {
                resume::discard(partial);
            }
            return Err(fault);
        }
        let times = self.watch.times();
        match partial.take() {
            Some(whole) => finish(whole, name, times, None).await,
            None => Ok(Reply::StartAgain),
        }
    }
}

/// The free bytes of the disk for large bodies, if these don't fit. (A disk that is full all the same pauses the job.)
async fn lacking_space(request: &HttpRequest<'_, '_>, coming_bytes: u64) -> Option<u64> {
    if coming_bytes <= request.limits.max_body_in_memory_bytes {
        return None;
    }
    let spool = request.spool.clone();
    // The disk may be that of another machine.
    let free_bytes = tokio::task::spawn_blocking(move || spool.free_bytes()).await.ok().flatten();
    free_bytes.filter(|free| coming_bytes > *free)
}

/// What has to be decoded, in the order in which it was applied: the content's codings, then those of its transfer.
fn codings_of(head: &Head, request: &HttpRequest<'_, '_>) -> Result<Vec<Coding>, Fault> {
    if head.content_encoding.is_none() && head.transfer_encoding.is_none() {
        return Ok(Vec::new());
    }
    let refused = |id, coding: String| fault::bad_response(request.name, Message::new(id).with("coding", coding));
    let file_name = file_name::name_of_response(head.disposition.as_deref(), request.requested, request.url);
    let encoding = head.content_encoding.as_deref().unwrap_or_default();
    let mut codings = content_encoding::codings(encoding, head.content_type.as_deref(), file_name.as_deref())
        .map_err(|coding| refused("link_coding", coding))?;
    let transfer = head.transfer_encoding.as_deref().unwrap_or_default();
    codings.extend(
        content_encoding::transfer_codings(transfer).map_err(|coding| refused("link_transfer_coding", coding))?,
    );
    Ok(codings)
}

/// Whether a response names another URL to request. 300 is one if it names the server's choice (RFC 9110, 15.4.1).
pub(crate) fn is_redirect(response: &Response) -> bool {
    match response.status().as_u16() {
        300 => response.headers().contains_key(LOCATION),
        status => matches!(status, 301 | 302 | 303 | 307 | 308),
    }
}

async fn finish(
    whole: Partial<'_>,
    name: &str,
    times: TransferTimes,
    packed_bytes: Option<u64>,
) -> Result<Reply, Fault> {
    let (body, size_bytes) = whole.collector.finish().await.map_err(Fault::new)?;
    // RFC 9110, 15.3.3: the content is still to be made.
    if whole.head.http_status == 202 && size_bytes == 0 {
        let error =
            ItemError::new(ErrorKind::HttpStatus, name).with("status", 202).saying(&Message::new("link_accepted"));
        return Err(Fault::new(error).with_status(202));
    }
    let encoding = packed_bytes.and(whole.head.content_encoding.clone());
    let transfer = Transfer { times, encoding, packed_bytes, resumed: whole.resumed, ..Transfer::default() };
    Ok(Reply::Received(Box::new(Received { body, size_bytes, head: whole.head, transfer, url: whole.url })))
}

/// A Location in ASCII: other bytes, in whatever encoding, are escaped one by one, as curl, wget and browsers send them
/// back to the server.
fn in_ascii(location: &[u8]) -> String {
    percent_encoding::percent_encode(location, &NON_ASCII).to_string()
}

/// The target of a redirect; only http and https are followed.
pub(crate) fn redirect_target(response: &Response, url: &Url, name: &str) -> Result<Url, ItemError> {
    let refused = |why: Message| ItemError::new(ErrorKind::Redirect, name).saying(&why);
    let no_target = || refused(Message::new("link_nowhere"));
    let location = response.headers().get(LOCATION).ok_or_else(no_target)?;
    let target = url.join(&in_ascii(location.as_bytes()));
    let mut target = target.map_err(|_| refused(Message::new("link_no_address")))?;
    if !matches!(target.scheme(), "http" | "https") {
        let sentence = Message::new("link_scheme");
        return Err(refused(sentence.with("scheme", target.scheme())));
    }
    // RFC 9110, 10.2.2: the fragment is inherited; it never reaches a server.
    target.set_fragment(None);
    // A redirect must not supply credentials.
    let _ = crate::fetch::credentials::secrets::take_user_info(&mut target);
    Ok(target)
}

/// Reads the rest of a small unwanted body, so that its connection can be reused.
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
    // The result does not matter: the body is not wanted.
    let _ = tokio::time::timeout(DRAIN_TIME, rest).await;
}
