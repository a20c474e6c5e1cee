//! Measures the parts of a request: resolving the name, connecting, waiting for the response, receiving the body.
//!
//! The HTTP client does not report on its connections, so they are measured below it, and assigned to requests by the
//! task they run in. A reused connection took no time, and one that another request ends up using is not counted. The
//! TLS handshake is taken to begin when the first random bytes are drawn, for the ClientHello (RFC 8446, 4.1.2).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use reqwest::dns::{Name, Resolve, Resolving};
use rustls::crypto::{CryptoProvider, GetRandomFailed, SecureRandom, ring};
use tower_layer::Layer;
use tower_service::Service;

use crate::model::TransferTimes;

tokio::task_local! {
    static MADE: Arc<Made>;
}

/// A request's stopwatch.
pub(crate) struct Watch(Arc<Made>);

/// Durations of making a connection in microseconds; 0 if none was made.
struct Made {
    began: Instant,
    dns_us: AtomicU64,
    all_us: AtomicU64,
    /// From the beginning until the TLS ClientHello.
    greeted_us: AtomicU64,
    tls_us: AtomicU64,
    /// From the beginning until the head of the response; 0 if there is none.
    answered_us: AtomicU64,
    /// From the beginning until its body was first awaited; 0 if it was not.
    body_us: AtomicU64,
}

impl Made {
    fn elapsed_us(&self) -> u64 {
        micros(self.began.elapsed()).max(1)
    }

    /// The durations at a point in time, in microseconds since the beginning. Reads no clock: parts that were not
    /// reached take exactly no time.
    fn times_at(&self, now_us: u64) -> TransferTimes {
        let of = |part: &AtomicU64| part.load(Ordering::Relaxed);
        let reached = |part: &AtomicU64| Some(of(part)).filter(|us| *us > 0);
        let some_ms = |us: u64| (us > 0).then_some(us / 1000);
        let (dns_us, all_us, tls_us) = (of(&self.dns_us), of(&self.all_us), of(&self.tls_us));
        let answered_us = reached(&self.answered_us).unwrap_or(now_us);
        let body_us = reached(&self.body_us).map_or(0, |since_us| now_us.saturating_sub(since_us));
        TransferTimes {
            dns_ms: some_ms(dns_us),
            connect_ms: some_ms(all_us.saturating_sub(dns_us + tls_us)),
            tls_ms: some_ms(tls_us),
            wait_ms: answered_us.saturating_sub(all_us.max(dns_us)) / 1000,
            body_ms: body_us / 1000,
        }
    }
}

impl Watch {
    pub(crate) fn start() -> Self {
        let none = || AtomicU64::new(0);
        Self(Arc::new(Made {
            began: Instant::now(),
            dns_us: none(),
            all_us: none(),
            greeted_us: none(),
            tls_us: none(),
            answered_us: none(),
            body_us: none(),
        }))
    }

    /// Awaits the head of the response. A request that fails has none.
    pub(crate) async fn head<T, E>(&self, head: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let head = MADE.scope(Arc::clone(&self.0), head).await;
        if head.is_ok() {
            self.0.answered_us.store(self.0.elapsed_us(), Ordering::Relaxed);
        }
        head
    }

    /// Whether a connection was made for the request.
    pub(crate) fn was_connected(&self) -> bool {
        self.0.all_us.load(Ordering::Relaxed) > 0
    }

    /// The body is awaited from now on. A response whose body is not wanted has none.
    pub(crate) fn body_begins(&self) {
        self.0.body_us.store(self.0.elapsed_us(), Ordering::Relaxed);
    }

    /// The durations so far.
    pub(crate) fn times(&self) -> TransferTimes {
        self.0.times_at(self.0.elapsed_us())
    }
}

fn note(which: impl FnOnce(&Made) -> &AtomicU64, took: Duration) {
    // Outside any request (a connection finished in the background) there is nothing to record.
    let _ = MADE.try_with(|made| which(made).store(micros(took).max(1), Ordering::Relaxed));
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A resolver with time measurement.
pub(crate) struct TimedResolver<R>(pub(crate) R);

impl<R: Resolve> Resolve for TimedResolver<R> {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolving, began) = (self.0.resolve(name), Instant::now());
        Box::pin(async move {
            let resolved = resolving.await;
            note(|made| &made.dns_us, began.elapsed());
            resolved
        })
    }
}

/// Adds time measurement to the connector.
#[derive(Clone, Copy)]
pub(crate) struct TimedConnector;

impl<S> Layer<S> for TimedConnector {
    type Service = Timed<S>;
    fn layer(&self, inner: S) -> Timed<S> {
        Timed(inner)
    }
}

/// A connector with time measurement.
#[derive(Clone)]
pub(crate) struct Timed<S>(S);

impl<R, S> Service<R> for Timed<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (making, began) = (self.0.call(request), Instant::now());
        Box::pin(async move {
            let made = making.await;
            note(|made| &made.all_us, began.elapsed());
            let _ = MADE.try_with(|made| {
                let greeted = made.greeted_us.load(Ordering::Relaxed);
                let tls_us = made.elapsed_us().saturating_sub(greeted).max(1);
                made.tls_us.store(if greeted > 0 { tls_us } else { 0 }, Ordering::Relaxed);
            });
            made
        })
    }
}

/// The crypto provider, which records when a handshake begins.
pub(crate) fn crypto() -> CryptoProvider {
    let provider = ring::default_provider();
    CryptoProvider { secure_random: Box::leak(Box::new(Noted(provider.secure_random))), ..provider }
}

/// A source of random bytes; the first ones of a request are for the ClientHello.
#[derive(Debug)]
struct Noted(&'static dyn SecureRandom);

impl SecureRandom for Noted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        let _ = MADE.try_with(|made| {
            let now = made.elapsed_us();
            let _ = made.greeted_us.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        });
        self.0.fill(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_was_not_reached_took_no_time() {
        let watch = Watch::start();
        let Watch(made) = &watch;
        made.all_us.store(2_000, Ordering::Relaxed);
        let unanswered = made.times_at(301_900);
        assert_eq!((unanswered.wait_ms, unanswered.body_ms), (299, 0));
        made.answered_us.store(12_000, Ordering::Relaxed);
        let unwanted = made.times_at(301_900);
        assert_eq!((unwanted.wait_ms, unwanted.body_ms), (10, 0));
        made.body_us.store(12_100, Ordering::Relaxed);
        let received = made.times_at(42_200);
        assert_eq!((received.connect_ms, received.wait_ms, received.body_ms), (Some(2), 10, 30));
    }

    #[test]
    fn a_request_that_failed_has_no_head() {
        let watch = Watch::start();
        let failed = futures_util::FutureExt::now_or_never(watch.head(std::future::ready(Err::<(), ()>(()))));
        assert_eq!((failed, watch.0.answered_us.load(Ordering::Relaxed)), (Some(Err(())), 0));
        let answered = futures_util::FutureExt::now_or_never(watch.head(std::future::ready(Ok::<(), ()>(()))));
        assert!(answered == Some(Ok(())) && watch.0.answered_us.load(Ordering::Relaxed) > 0);
    }
}
