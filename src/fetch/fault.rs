//! Failed attempts, as errors of their items. Messages contain no secrets: user info and signed queries are removed
//! from every name.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use url::Url;

use super::connect::lenient::SendError;
use super::connect::resolver::{NameNotFound, Refused};
use super::connect::response_head::TooLarge;
use super::limits::FetchLimits;
use super::schedule::host_state::Unavailable;
use crate::error::{ErrorKind, ItemError};
use crate::model::{Message, TransferTimes, human, locator};
use crate::store::descriptors;

/// Longest text from outside that a message quotes, in bytes.
const MAX_DETAIL_BYTES: usize = 200;

/// Why one attempt failed.
#[derive(Debug)]
pub(super) struct Fault {
    /// The item's error.
    pub(super) error: ItemError,
    /// When the request began, if it reached no server at all.
    pub(super) unreached_since: Option<Instant>,
    /// Status of the response, if there was one.
    pub(super) http_status: Option<u16>,
    /// How long a pause the server asks for.
    pub(super) retry_after: Option<Duration>,
    /// Whether nothing was requested, since the host is unavailable.
    pub(super) is_unavailable: bool,
    /// Whether it took too long.
    pub(super) is_time_out: bool,
    /// Whether it gave way to other links, which is no failure.
    pub(super) gave_way: bool,
    /// Whether this process had no file descriptor left for it.
    pub(super) lacks_descriptor: bool,
    /// Whether the host may answer with the fallback of [`Clients`](super::connect::clients::Clients), or wastes less
    /// time with it.
    pub(super) needs_fallback: bool,
    /// Whether the server closed a connection that was open before, perhaps just when the request was sent.
    pub(super) is_stale: bool,
    /// Whether the host was reached, but sent no complete head in time.
    pub(super) is_headless: bool,
    /// Duration of the parts of the request, as far as it got.
    pub(super) times: Option<Box<TransferTimes>>,
}

impl Fault {
    /// A failure that says nothing about the connection.
    pub(super) const fn new(error: ItemError) -> Self {
        Self {
            error,
            unreached_since: None,
            http_status: None,
            retry_after: None,
            is_unavailable: false,
            is_time_out: false,
            gave_way: false,
            lacks_descriptor: false,
            needs_fallback: false,
            is_stale: false,
            is_headless: false,
            times: None,
        }
    }

    /// A request that took too long.
    pub(super) fn time_out(error: ItemError) -> Self {
        Self { is_time_out: true, ..Self::new(error) }
    }

    /// Whether there was no answer at all.
    pub(super) const fn is_unanswered(&self) -> bool {
        let kind = self.error.kind;
        self.http_status.is_none()
            && matches!(kind, ErrorKind::Timeout | ErrorKind::Connect | ErrorKind::UnknownHost)
            && !self.is_unavailable
    }

    fn is_refused(&self) -> bool {
        self.http_status.is_some_and(is_refusing)
    }

    /// Whether the host refused for now, without saying for how long.
    pub(super) fn is_refusal(&self) -> bool {
        self.is_refused() && self.retry_after.is_none()
    }

    /// Whether it suggests that the host gets too many requests.
    pub(super) fn suggests_overload(&self) -> bool {
        self.is_refused() || matches!(self.error.kind, ErrorKind::Connect | ErrorKind::ShortBody)
    }

    /// The same with the status of the response.
    pub(super) const fn with_status(mut self, status: u16) -> Self {
        self.http_status = Some(status);
        self
    }
}

/// Whether a status asks for a later retry.
pub(super) const fn is_refusing(status: u16) -> bool {
    matches!(status, 429 | 503)
}

/// Nothing was requested: the host is unavailable, or the item's time is over.
pub(super) fn unavailable(why: Unavailable, name: &str, limits: &FetchLimits) -> Fault {
    let error = match why {
        Unavailable::Silent(silent) => {
            let sentence = Message::new("link_silent").with("seconds", silent.as_secs());
            ItemError::new(ErrorKind::Timeout, name).saying(&sentence)
        }
        Unavailable::AtRest { status, left } => {
            let sentence = Message::new("link_at_rest").with("seconds", left.as_secs());
            ItemError::new(ErrorKind::HttpStatus, name).with("status", status).saying(&sentence)
        }
        Unavailable::OutOfTime => return out_of_time(name, limits),
    };
    Fault { is_unavailable: true, ..Fault::new(error) }
}

/// The item's time is over.
pub(super) fn out_of_time(name: &str, limits: &FetchLimits) -> Fault {
    let limit = human::time_limit(limits.item_timeout.unwrap_or_default().as_secs());
    Fault::time_out(ItemError::new(ErrorKind::TookTooLong, name).with("limit", limit))
}

/// The request gave way to links that were never tried.
pub(super) fn gave_way(name: &str) -> Fault {
    Fault { gave_way: true, ..Fault::time_out(ItemError::new(ErrorKind::Timeout, name)) }
}

/// A URL without anything secret, for messages.
pub(super) fn shown(url: &Url) -> String {
    let is_plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if is_plain { url.as_str().to_owned() } else { locator::shown_url(url.as_str()) }
}

/// A request that got no response; `was_connected` says whether a connection was made for it.
pub(super) fn of_request(
    error: &SendError,
    name: &str,
    began: Instant,
    was_connected: bool,
    connect_timeout: Duration,
) -> Fault {
    let item = |kind, why: &Message| ItemError::new(kind, name).saying(why);
    let detail = root_cause(error);
    if causes(error).filter_map(io_error).any(descriptors::are_exhausted) {
        return Fault { lacks_descriptor: true, ..Fault::new(item(ErrorKind::Connect, &detail)) };
    }
    if caused_by::<NameNotFound>(error) {
        return Fault { unreached_since: Some(began), ..Fault::new(item(ErrorKind::UnknownHost, &detail)) };
    }
    if caused_by::<Refused>(error) {
        return Fault::new(item(ErrorKind::RefusedAddress, &detail));
    }
    if let Some(why) = find::<rustls::Error>(error) {
        let error = item(ErrorKind::Tls, &detail);
        return Fault::new(match tls_advice(why) {
            Some(advice) => error.with("advice", advice),
            None => error,
        });
    }
    if error.is_connect() {
        let is_time_out = error.is_timeout();
        let error = if is_time_out {
            let sentence = Message::new("link_no_answer");
            let sentence = sentence.with("seconds", connect_timeout.as_secs_f64());
            ItemError::new(ErrorKind::Connect, name).saying(&sentence)
        } else {
            item(ErrorKind::Connect, &detail)
        };
        return Fault { unreached_since: Some(began), is_time_out, ..Fault::new(error) };
    }
    if error.is_timeout() {
        let sentence = Message::new("link_incomplete");
        let fault = Fault::time_out(ItemError::new(ErrorKind::Timeout, name).saying(&sentence));
        return Fault { is_headless: true, ..fault };
    }
    if caused_by::<TooLarge>(error) {
        let fault = Fault::new(item(ErrorKind::BadResponse, &Message::new("link_headers")));
        return Fault { needs_fallback: true, ..fault };
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        let too_large = detail.arg("text").contains("too large");
        let detail = if too_large { Message::new("link_headers") } else { detail };
        return Fault { needs_fallback: error.is_usual(), ..Fault::new(item(ErrorKind::BadResponse, &detail)) };
    }
    if error.is_builder() {
        return Fault::new(item(ErrorKind::BadUrl, &detail));
    }
    let closed = item(ErrorKind::Connect, &Message::new("link_closed").with_message("detail", detail));
    Fault {
        needs_fallback: wants_http_1(error),
        is_stale: !was_connected || is_unprocessed(error),
        ..Fault::new(closed)
    }
}

/// Whether a server has not processed a request over HTTP/2, so that it is safe to send it again (RFC 9113, 8.7).
fn is_unprocessed(error: &(dyn Error + 'static)) -> bool {
    find::<h2::Error>(error).and_then(h2::Error::reason) == Some(h2::Reason::REFUSED_STREAM)
}

/// Whether a server refuses a request over HTTP/2 that it would answer over HTTP/1.1 (RFC 9113, 7).
fn wants_http_1(error: &(dyn Error + 'static)) -> bool {
    find::<h2::Error>(error).and_then(h2::Error::reason) == Some(h2::Reason::HTTP_1_1_REQUIRED)
}

/// What helps against a failed handshake: the end of the id of the error's message.
fn tls_advice(error: &rustls::Error) -> Option<&'static str> {
    use rustls::{AlertDescription as Alert, CertificateError as Certificate, Error};
    Some(match error {
        Error::InvalidCertificate(why) => match why {
            // A bad signature is that of another authority of the same name.
            Certificate::UnknownIssuer | Certificate::BadSignature => "issuer",
            Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. } => "expired",
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => "name",
            Certificate::Revoked => return None,
            _ => "certificate",
        },
        Error::AlertReceived(
            Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::UnsupportedCertificate,
        ) => "client",
        Error::AlertReceived(Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity)
        | Error::PeerIncompatible(_) => "old",
        Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => "plain",
        _ => return None,
    })
}

/// Whether this process had no file descriptor left for a request.
pub(super) fn lacks_descriptor(error: &reqwest::Error) -> bool {
    causes(error).filter_map(io_error).any(descriptors::are_exhausted)
}

/// A body that broke off after `had_bytes`.
pub(super) fn of_body(error: &reqwest::Error, name: &str, had_bytes: u64, wanted_bytes: Option<u64>) -> Fault {
    if error.is_timeout() {
        let sentence = Message::new("link_stopped");
        let sentence = sentence.with("had", human::bytes(had_bytes));
        return Fault::time_out(ItemError::new(ErrorKind::Timeout, name).saying(&sentence));
    }
    let is_invalid = |error: &std::io::Error| {
        matches!(error.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData)
    };
    if find::<std::io::Error>(error).is_some_and(is_invalid) {
        return bad_response(name, Message::new("link_body").with_message("detail", root_cause(error)));
    }
    let short = short_body(name, had_bytes, wanted_bytes).saying(&root_cause(error));
    Fault { needs_fallback: wants_http_1(error), ..Fault::new(short) }
}

/// An answer that violates the protocol.
pub(super) fn bad_response(name: &str, why: impl Into<Message>) -> Fault {
    Fault::new(ItemError::new(ErrorKind::BadResponse, name).saying(&why.into()))
}

/// A body that ended early.
pub(super) fn short_body(name: &str, had_bytes: u64, wanted_bytes: Option<u64>) -> ItemError {
    let error = ItemError::new(ErrorKind::ShortBody, name);
    match wanted_bytes {
        Some(wanted) => error.with("had", human::bytes(had_bytes)).with("wanted", human::bytes(wanted)),
        None => error,
    }
}

/// The I/O error of a cause.
fn io_error<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    let of_name = cause.downcast_ref::<NameNotFound>().map(|NameNotFound(error)| error);
    cause.downcast_ref::<io::Error>().or(of_name)
}

fn caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    find::<E>(error).is_some()
}

fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    causes(error).find_map(|cause| cause.downcast_ref::<E>())
}

/// The innermost cause; the errors around it only repeat the URL.
fn root_cause(error: &(dyn Error + 'static)) -> Message {
    let Some(cause) = causes(error).last() else { return Message::new("link_failed") };
    if let Some(refused) = cause.downcast_ref::<Refused>() {
        return refused.message();
    }
    if let Some(error) = io_error(cause) {
        return error.into();
    }
    let text = cause.to_string();
    Message::new("system_text").with("text", text.get(..text.floor_char_boundary(MAX_DETAIL_BYTES)).unwrap_or_default())
}

/// The causes of an error, the outermost first. The source of an `io::Error` skips the error that it wraps.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause: &&(dyn Error + 'static)| {
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        wrapped.map_or_else(|| cause.source(), |wrapped| Some(wrapped as &(dyn Error + 'static)))
    })
}
