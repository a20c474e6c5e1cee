//! How long the parts of a request took: looking up the name, connecting, waiting for the answer, receiving the body.
//!
//! Connections are made below the HTTP client, which tells nothing of them: what is measured there finds its request
//! by the task it runs in. A connection that was there already took no time, and one that another request makes in the
//! end is nobody's.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use reqwest::dns::{Name, Resolve, Resolving};
use tower_layer::Layer;
use tower_service::Service;

use crate::model::TransferTimes;

tokio::task_local! {
    static MADE: Arc<Made>;
}

/// What making a connection took, in microseconds; 0 where none was made.
#[derive(Default)]
struct Made {
    dns_us: AtomicU64,
    all_us: AtomicU64,
}

/// Awaits an answer; gives how long its parts took, the body's left open.
pub(super) async fn answered<T>(answer: impl Future<Output = T>, is_secure: bool) -> (T, TransferTimes) {
    let (made, began) = (Arc::new(Made::default()), Instant::now());
    let answer = MADE.scope(Arc::clone(&made), answer).await;
    let whole = micros(began.elapsed());
    let (dns_us, all_us) = (made.dns_us.load(Ordering::Relaxed), made.all_us.load(Ordering::Relaxed));
    let some_ms = |us: u64| (us > 0).then_some(us / 1000);
    let connecting_ms = some_ms(all_us.saturating_sub(dns_us));
    let times = TransferTimes {
        dns_ms: some_ms(dns_us),
        // Both happen in one step below the client: of a secure connection only their sum is known.
        connect_ms: connecting_ms.filter(|_| !is_secure),
        tls_ms: None,
        connect_tls_ms: connecting_ms.filter(|_| is_secure),
        wait_ms: whole.saturating_sub(all_us) / 1000,
        body_ms: 0,
    };
    (answer, times)
}

fn note(which: impl FnOnce(&Made) -> &AtomicU64, took: Duration) {
    // Outside any request (a connection finished in the background) nobody wants to know.
    let _ = MADE.try_with(|made| which(made).store(micros(took).max(1), Ordering::Relaxed));
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A resolver whose answers are timed.
pub(super) struct TimedResolver<R>(pub(super) R);

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

/// Times what makes connections.
#[derive(Clone, Copy)]
pub(super) struct TimedConnector;

impl<S> Layer<S> for TimedConnector {
    type Service = Timed<S>;
    fn layer(&self, inner: S) -> Timed<S> {
        Timed(inner)
    }
}

/// A maker of connections that is timed.
#[derive(Clone)]
pub(super) struct Timed<S>(S);

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
            made
        })
    }
}
