//! Requests whose responses the usual client refuses, although every other client reads them. The usual client makes the
//! connection (name, proxy, TLS, with all of its checks) and hands it over; the response is received here, where its head
//! can be rewritten first ([`ResponseHead`]).

#![expect(clippy::disallowed_types, reason = "it takes connections over from the HTTP clients")]

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::client::conn::http1;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::Connection;
use reqwest::header::{CONNECTION, HOST, HeaderMap, HeaderValue, PROXY_AUTHORIZATION};
use reqwest::{Body, Client, Request, Response};
use tokio::time::Sleep;
use tower_layer::Layer;
use tower_service::Service;
use url::Position;

use super::response_head::{ResponseHead, TooLarge};

/// Most headers of a response, as in curl. The usual client allows 100, since each of them takes memory.
const MAX_HEADERS: usize = 5000;
/// Bytes of a head that are read at once.
const READ_BYTES: usize = 4096;

tokio::task_local! {
    /// Where the connection of a request goes.
    static HANDED_OVER: Arc<Mutex<Option<Connected>>>;
}

/// What such requests need besides a client.
#[derive(Clone, Debug)]
pub(super) struct Lenient {
    /// The headers of every request.
    pub(super) headers: HeaderMap,
    /// The user of the proxy, as far as requests are sent to it rather than through it.
    pub(super) proxy_user: Option<HeaderValue>,
    pub(super) read_timeout: Duration,
}

/// Why a request got no response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// From the usual client.
    #[error("{0}")]
    Usual(#[source] reqwest::Error),
    /// On a connection that was handed over.
    #[error("{0}")]
    Lenient(#[source] hyper::Error),
    /// Likewise: no response within the time-out.
    #[error("no response")]
    TimedOut,
}

impl SendError {
    /// Whether it took too long.
    pub(crate) fn is_timeout(&self) -> bool {
        match self {
            Self::Usual(error) => error.is_timeout(),
            Self::Lenient(error) => {
                let cause = error.source().and_then(<dyn Error + 'static>::downcast_ref::<io::Error>);
                cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
            }
            Self::TimedOut => true,
        }
    }

    /// Whether there was no connection.
    pub(crate) fn is_connect(&self) -> bool {
        matches!(self, Self::Usual(error) if error.is_connect())
    }

    /// Whether the request is invalid.
    pub(crate) fn is_builder(&self) -> bool {
        matches!(self, Self::Usual(error) if error.is_builder())
    }

    /// Whether the usual client failed.
    pub(crate) const fn is_usual(&self) -> bool {
        matches!(self, Self::Usual(_))
    }
}

impl Lenient {
    /// Sends a request with a client that hands over its connections.
    pub(super) async fn send(&self, client: &Client, request: Request) -> Result<Response, SendError> {
        let place = Arc::new(Mutex::new(None));
        let mut outgoing = self.outgoing(&request).map_err(SendError::Usual)?;
        let outcome = HANDED_OVER.scope(Arc::clone(&place), client.execute(request)).await;
        let Some(connected) = place.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return outcome.map_err(SendError::Usual);
        };
        self.address(&mut outgoing, connected.is_proxied);
        let head = async {
            let (mut sender, connection) = http1::Builder::new()
                .allow_spaces_after_header_name_in_responses(true)
                .allow_obsolete_multiline_headers_in_responses(true)
                .ignore_invalid_headers_in_responses(true)
                .max_headers(MAX_HEADERS)
                .handshake::<_, Body>(LenientStream::new(connected, self.read_timeout))
                .await?;
            // It ends with the response, or when this request is dropped.
            tokio::spawn(connection);
            sender.send_request(outgoing).await
        };
        let response = tokio::time::timeout(self.read_timeout, head).await.map_err(|_elapsed| SendError::TimedOut)?;
        Ok(Response::from(response.map_err(SendError::Lenient)?.map(Body::wrap)))
    }

    /// The request as it is sent, with an absolute URI.
    fn outgoing(&self, request: &Request) -> Result<hyper::Request<Body>, reqwest::Error> {
        let mut copy = Request::new(request.method().clone(), request.url().clone());
        let headers = copy.headers_mut();
        headers.clone_from(request.headers());
        for (name, value) in &self.headers {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let host = &request.url()[Position::BeforeHost..Position::AfterPort];
        if let Ok(host) = HeaderValue::from_str(host) {
            headers.insert(HOST, host);
        }
        copy.try_into()
    }

    /// What a request says to whom it is sent: the server needs only its path.
    fn address(&self, request: &mut hyper::Request<Body>, is_proxied: bool) {
        if is_proxied {
            if let Some(user) = &self.proxy_user {
                request.headers_mut().insert(PROXY_AUTHORIZATION, user.clone());
            }
        } else if let Some(path) = request.uri().path_and_query() {
            *request.uri_mut() = path.clone().into();
        }
    }
}

trait Stream: Read + Write + Send + Unpin {}
impl<S: Read + Write + Send + Unpin> Stream for S {}

/// A connection that was made for a request.
struct Connected {
    stream: Box<dyn Stream>,
    /// Whether it leads to a proxy to which requests are sent.
    is_proxied: bool,
}

/// The request's connection was handed over.
#[derive(Debug, thiserror::Error)]
#[error("handed over")]
struct HandedOver;

/// Lets a client hand over the connections it makes.
#[derive(Clone, Copy)]
pub(super) struct HandOver;

impl<S> Layer<S> for HandOver {
    type Service = HandingOver<S>;
    fn layer(&self, inner: S) -> HandingOver<S> {
        HandingOver(inner)
    }
}

/// A connector that hands over its connections.
#[derive(Clone)]
pub(super) struct HandingOver<S>(S);

impl<R, S> Service<R> for HandingOver<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: Connection + Read + Write + Send + Unpin + 'static,
    S::Error: From<Box<dyn Error + Send + Sync>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let making = self.0.call(request);
        Box::pin(async move {
            let made = making.await?;
            let Ok(place) = HANDED_OVER.try_with(Arc::clone) else { return Ok(made) };
            let is_proxied = made.connected().is_proxied();
            let connected = Connected { stream: Box::new(made), is_proxied };
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(connected);
            let handed_over: Box<dyn Error + Send + Sync> = Box::new(HandedOver);
            Err(handed_over.into())
        })
    }
}

/// A connection for one response, whose head is rewritten.
struct LenientStream {
    stream: Box<dyn Stream>,
    /// While the head is incomplete.
    head: Option<ResponseHead>,
    /// The rewritten head, and what was received after it.
    ready: io::Cursor<Vec<u8>>,
    read_timeout: Duration,
    /// Runs while a read waits.
    silence: Option<Pin<Box<Sleep>>>,
}

impl LenientStream {
    fn new(connected: Connected, read_timeout: Duration) -> Self {
        let head = Some(ResponseHead::default());
        Self { stream: connected.stream, head, ready: io::Cursor::default(), read_timeout, silence: None }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>, into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let received = Pin::new(&mut self.stream).poll_read(cx, into);
        if received.is_ready() {
            self.silence = None;
            return received;
        }
        let limit = self.read_timeout;
        let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(silence.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Read for LenientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut into: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while let Some(mut head) = this.head.take() {
            let mut bytes = [0; READ_BYTES];
            let mut received = ReadBuf::new(&mut bytes);
            match this.poll_receive(cx, received.unfilled()) {
                Poll::Ready(received) => received?,
                Poll::Pending => {
                    this.head = Some(head);
                    return Poll::Pending;
                }
            }
            let has_ended = received.filled().is_empty();
            match head.take(received.filled()) {
                Err(TooLarge) => return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, TooLarge))),
                Ok(Some(whole)) => this.ready = io::Cursor::new(whole),
                Ok(None) if has_ended => this.ready = io::Cursor::new(head.rest()),
                Ok(None) => this.head = Some(head),
            }
        }
        let position = usize::try_from(this.ready.position()).unwrap_or(usize::MAX);
        let rest = this.ready.get_ref().get(position..).unwrap_or_default();
        if rest.is_empty() {
            return this.poll_receive(cx, into);
        }
        let count = rest.len().min(into.remaining());
        into.put_slice(rest.get(..count).unwrap_or_default());
        this.ready.set_position((position + count) as u64);
        Poll::Ready(Ok(()))
    }
}

impl Write for LenientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
