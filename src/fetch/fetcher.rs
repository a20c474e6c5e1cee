//! The way of one link: slot, request, redirects, retries, and waiting for a network that is gone.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use reqwest::Client;
use url::Url;

use super::body::{Body, Spool};
use super::cancel::Cancel;
use super::fault::{self, Fault};
use super::limits::FetchLimits;
use super::network::{Network, Verdict};
use super::resume::Partial;
use super::slots::{Slot, Slots};
use super::transfer::{self, Ask, Known, Received, Reply};
use super::{client, name, retry};
use crate::error::{ErrorKind, ItemError};
use crate::model::Transfer;

/// Bytes that an attempt must bring a body forward by for the failures before it to be forgotten.
const PROGRESS_BYTES: u64 = 256 << 10;

/// Fetches links for one job; clones share slots, connections and the watch over the network.
#[derive(Clone)]
pub struct Fetcher {
    shared: Arc<Shared>,
}

struct Shared {
    /// Made for the first link: reading the system's certificates takes longer than many a job without any.
    client: OnceLock<Client>,
    limits: FetchLimits,
    slots: Slots,
    network: Network,
}

/// What came.
#[derive(Debug)]
pub struct Fetched {
    /// The bytes, unpacked if they came packed.
    pub body: Body,
    /// Their number.
    pub size_bytes: u64,
    /// SHA-256 of the bytes, lower-case hex.
    pub hash: String,
    /// Status of the response.
    pub http_status: u16,
    /// Content-Type.
    pub content_type: Option<String>,
    /// ETag.
    pub etag: Option<String>,
    /// Last-Modified, as it was sent.
    pub last_modified: Option<String>,
    /// The URL that answered, after redirects, without user info.
    pub final_url: String,
    /// A safe name from Content-Disposition or the URL, with its extension if it has one.
    pub file_name: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// How long requests took in all, waits left out, in ms.
    pub fetch_ms: u64,
    /// How the bytes came.
    pub transfer: Transfer,
}

/// What came of asking for something that was fetched before.
#[derive(Debug)]
pub enum Visit {
    /// It is another now.
    Changed(Fetched),
    /// It is still the same: the server answered 304 and sent no body.
    Unchanged {
        /// How often it was tried.
        attempts: u32,
        /// How long requests took in all, waits left out, in ms.
        fetch_ms: u64,
        /// How the answer came.
        transfer: Transfer,
    },
}

/// Why nothing came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchFailure {
    /// Why.
    pub error: ItemError,
    /// Status of the last response, if there was one.
    pub http_status: Option<u16>,
    /// How often it was tried.
    pub attempts: u32,
    /// How long requests took in all, waits left out, in ms.
    pub fetch_ms: u64,
}

/// What was spent on a link so far.
#[derive(Default)]
struct Tally {
    attempts: AtomicU32,
    fetch_ms: AtomicU64,
}

impl Fetcher {
    /// A fetcher within these limits.
    pub fn new(limits: FetchLimits) -> Self {
        let shared = Shared {
            client: OnceLock::new(),
            slots: Slots::new(limits.connections, limits.per_host),
            network: Network::new(limits.clone()),
            limits,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Fetches a link: waits for a slot, follows redirects, tries again where that makes sense, and waits while the
    /// network is gone. Stops at once when cancelled. To be awaited within a tokio runtime with timers and I/O.
    pub async fn fetch(&self, url: &str, spool: &Spool, cancel: &Cancel) -> Result<Fetched, FetchFailure> {
        match self.visit(url, None, spool, cancel).await? {
            Visit::Changed(fetched) => Ok(fetched),
            Visit::Unchanged { attempts, fetch_ms, .. } => {
                let name = Url::parse(url).map_or_else(|_| url.to_owned(), |url| fault::shown(&url));
                let error = fault::bad_response(&name, "304 to a request without conditions").error;
                Err(FetchFailure { error, http_status: Some(304), attempts, fetch_ms })
            }
        }
    }

    /// The same for a link whose body is only wanted if it is another than the one that `known` tells of.
    pub async fn visit(
        &self,
        url: &str,
        known: Option<&Known>,
        spool: &Spool,
        cancel: &Cancel,
    ) -> Result<Visit, FetchFailure> {
        let tally = Tally::default();
        let result = match parse(url) {
            Ok(url) => {
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => {
                        Err(Fault::new(ItemError::new(ErrorKind::Cancelled, fault::shown(&url))))
                    }
                    received = self.shared.persist(&url, known, spool, &tally) => {
                        received.map(|received| (received, url))
                    }
                }
            }
            Err(error) => Err(Fault::new(error)),
        };
        let attempts = tally.attempts.load(Ordering::Relaxed);
        let fetch_ms = tally.fetch_ms.load(Ordering::Relaxed);
        match result {
            Ok((Came::Body(received), asked)) => Ok(Visit::Changed(received.into_fetched(&asked, attempts, fetch_ms))),
            Ok((Came::Unchanged(transfer), _)) => Ok(Visit::Unchanged { attempts, fetch_ms, transfer }),
            Err(fault) => Err(FetchFailure { error: fault.error, http_status: fault.http_status, attempts, fetch_ms }),
        }
    }

    /// Requests in flight now.
    pub fn in_use(&self) -> usize {
        self.shared.slots.in_use()
    }

    /// Allows so many requests in all from now on (at least 1); those above it are finished.
    pub fn set_connections(&self, connections: usize) {
        self.shared.slots.set_connections(connections);
    }

    /// Allows so many requests at one host from now on (at least 1); those above it are finished.
    pub fn set_per_host(&self, per_host: usize) {
        self.shared.slots.set_per_host(per_host);
    }

    /// Since when the network has counted as gone, while it does.
    pub fn network_gone_since(&self) -> Option<Instant> {
        self.shared.network.gone_since()
    }
}

impl Shared {
    fn client(&self, name: &str) -> Result<&Client, Fault> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = client::build(&self.limits)
            .map_err(|error| Fault::new(ItemError::new(ErrorKind::Tls, name).with("detail", error)))?;
        Ok(self.client.get_or_init(|| made))
    }

    /// Tries until it comes, or until trying makes no sense.
    async fn persist(&self, url: &Url, known: Option<&Known>, spool: &Spool, tally: &Tally) -> Result<Came, Fault> {
        let mut failures = 0;
        let mut began_at = Instant::now();
        let mut partial = None;
        let client = self.client(&fault::shown(url))?;
        loop {
            self.network.wait_while_gone(client).await;
            let had_bytes = kept_bytes(partial.as_ref());
            let fault = match self.attempt(client, (url, known), spool, &mut partial, tally).await {
                Ok(came) => return Ok(came),
                Err(fault) => fault,
            };
            // What can't be gone on with need not take room meanwhile.
            partial = partial.take().filter(Partial::can_go_on);
            if kept_bytes(partial.as_ref()) >= had_bytes.saturating_add(PROGRESS_BYTES) {
                failures = 0;
            }
            failures += 1;
            if let Some(began) = fault.unreached_since {
                self.network.failed(began);
            }
            if retry::is_worth_it(&fault, failures, &self.limits) && began_at.elapsed() < self.limits.max_retry_time {
                // A host that asked for rest is given it before the next slot.
                if fault.retry_after.is_none() {
                    tokio::time::sleep(retry::backoff(failures, &self.limits)).await;
                }
                continue;
            }
            if let Some(wait) = fault.retry_after.filter(|wait| *wait > self.limits.max_retry_after) {
                let detail = format!("it asks to wait {} s", wait.as_secs());
                return Err(Fault { error: fault.error.with("detail", detail), ..fault });
            }
            match fault.unreached_since {
                Some(began) if self.network.judge(began, client).await == Verdict::NetworkReturned => {
                    failures = 0;
                    began_at = Instant::now();
                }
                _ => return Err(fault),
            }
        }
    }

    /// One attempt: the request, and those it is redirected to.
    async fn attempt<'a>(
        &self,
        client: &Client,
        (url, known): (&Url, Option<&Known>),
        spool: &'a Spool,
        partial: &mut Option<Partial<'a>>,
        tally: &Tally,
    ) -> Result<Came, Fault> {
        let name = fault::shown(url);
        let mut seen = vec![url.clone()];
        let mut slot: Option<Slot> = None;
        let mut at = url.clone();
        let mut is_first = true;
        loop {
            let origin = at.origin().ascii_serialization();
            let held = match slot.take().filter(|slot| slot.is_for(&origin)) {
                Some(held) => held,
                None => self.slots.acquire(&origin).await,
            };
            if is_first {
                is_first = false;
                tally.attempts.fetch_add(1, Ordering::Relaxed);
            }
            let began = Instant::now();
            let on_answer = || self.network.answered(&origin);
            let ask = Ask { client, url: &at, name: &name, limits: &self.limits, spool, known };
            let reply = transfer::request(ask, partial, on_answer).await;
            tally.fetch_ms.fetch_add(began.elapsed().as_millis() as u64, Ordering::Relaxed);
            match reply {
                Ok(Reply::Received(received)) => return Ok(Came::Body(received)),
                Ok(Reply::Unchanged(times)) => return Ok(Came::Unchanged(Transfer { times, ..Transfer::default() })),
                // Nothing is kept any more, so that this happens once.
                Ok(Reply::StartAgain) => slot = Some(held),
                Ok(Reply::Redirect(next)) => {
                    at = self.next_hop(next, &mut seen, &name)?;
                    slot = Some(held);
                }
                Err(fault) => {
                    if let Some(wait) = fault.retry_after {
                        held.rest_host(wait.min(self.limits.max_retry_after));
                    }
                    return Err(fault);
                }
            }
        }
    }

    /// The next place to ask, unless it was asked before or there were too many.
    fn next_hop(&self, next: Url, seen: &mut Vec<Url>, name: &str) -> Result<Url, Fault> {
        let refused = |detail: String| Fault::new(ItemError::new(ErrorKind::Redirect, name).with("detail", detail));
        if seen.contains(&next) {
            return Err(refused("they go round in a circle".to_owned()));
        }
        if seen.len() > self.limits.max_redirects as usize {
            return Err(refused(format!("more than {}", self.limits.max_redirects)));
        }
        seen.push(next.clone());
        Ok(next)
    }
}

/// What an attempt led to.
enum Came {
    Body(Box<Received>),
    Unchanged(Transfer),
}

fn kept_bytes(partial: Option<&Partial<'_>>) -> u64 {
    partial.map_or(0, |partial| partial.collector.size_bytes())
}

impl Received {
    fn into_fetched(self, asked: &Url, attempts: u32, fetch_ms: u64) -> Fetched {
        let file_name = name::name_of_response(self.head.disposition.as_deref(), asked, &self.url);
        let mut final_url = self.url;
        // Only URLs that can't have them refuse.
        let _ = final_url.set_username("");
        let _ = final_url.set_password(None);
        Fetched {
            body: self.body,
            size_bytes: self.size_bytes,
            hash: self.hash,
            http_status: self.head.http_status,
            content_type: self.head.content_type,
            etag: self.head.etag,
            last_modified: self.head.last_modified,
            final_url: final_url.into(),
            file_name,
            attempts,
            fetch_ms,
            transfer: self.transfer,
        }
    }
}

/// A URL that can be asked for; its fragment never reaches a server.
fn parse(text: &str) -> Result<Url, ItemError> {
    let mut url = Url::parse(text.trim()).map_err(|error| bad_url(text, &error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad_url(text, "only http and https are fetched"));
    }
    url.set_fragment(None);
    Ok(url)
}

/// What can't be parsed can't be cleaned either: what stands before an `@` may be a password.
fn bad_url(text: &str, detail: &str) -> ItemError {
    const MAX_SHOWN_CHARS: usize = 200;
    let text = match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    };
    ItemError::new(ErrorKind::BadUrl, text.chars().take(MAX_SHOWN_CHARS).collect::<String>()).with("detail", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_makes_no_sense_is_refused_without_its_password() {
        for text in ["", "ftp://h/x", "http://", "nonsense", "http://me:secret@h:99999/x", "file:///etc/passwd"] {
            let error = parse(text).err();
            assert_eq!(error.as_ref().map(|error| error.kind), Some(ErrorKind::BadUrl), "{text}");
            assert!(!error.map(|error| error.to_string()).unwrap_or_default().contains("secret"));
        }
    }

    #[test]
    fn futures_can_move_between_threads() {
        fn is_send<T: Send>(_: &T) {}
        let fetcher = Fetcher::new(FetchLimits::default());
        let (spool, cancel) = (Spool::new("."), Cancel::new());
        is_send(&fetcher.fetch("http://127.0.0.1/", &spool, &cancel));
    }
}
