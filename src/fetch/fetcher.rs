//! The way of one link: slot, request, redirects, retries, and waiting for a network that is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use reqwest::dns::Resolve;
use url::Url;

use super::cancel::Cancel;
use super::connect::dns_cache::Cached;
use super::connect::network_watch::{Network, Verdict};
use super::connect::resolver::SystemResolver;
use super::credentials::secrets::{AccessError, Secrets};
use super::fault::{self, Fault};
use super::limits::FetchLimits;
use super::politeness::robots_policy::{LinkCounts, Robots, RobotsCheck, robots_url};
use super::request::body::Body;
use super::request::exchange::{self, Ask, Known, Received, Reply};
use super::request::resume::Partial;
use super::routes::{Link, Routes};
use super::schedule::hosts::{Slot, Slots};
use super::schedule::rate::{Rate, Throttle};
use super::{file_name, retry};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Message, NetworkSpec, Origin, RobotsPolicy, Transfer, TransferTimes};
use crate::store::Spool;

/// Bytes that an attempt must bring a body forward by for the failures before it to be forgotten.
const PROGRESS_BYTES: u64 = 256 << 10;

/// Fetches links for one job; clones share slots, connections and the watch over the network.
#[derive(Clone)]
pub struct Fetcher {
    shared: Arc<Shared>,
}

struct Shared {
    ways: Routes,
    courtesy: RobotsCheck,
    limits: FetchLimits,
    slots: Slots,
    /// What may be received in all.
    bytes: Option<Rate>,
    network: Network,
}

/// What a fetcher is made of.
pub struct Setup {
    /// What it may use, and how patient it is.
    pub limits: FetchLimits,
    /// How it goes about it.
    pub network: NetworkSpec,
    /// Where secrets are looked up.
    pub secrets: Arc<Secrets>,
    /// Who knows the addresses of names; the guard stands behind it.
    pub resolver: Arc<dyn Resolve>,
}

impl Default for Setup {
    /// The defaults, without any secret, with the system's resolver.
    fn default() -> Self {
        Self {
            limits: FetchLimits::default(),
            network: NetworkSpec::default(),
            secrets: Arc::default(),
            resolver: Arc::new(SystemResolver),
        }
    }
}

/// What came.
#[derive(Debug)]
pub struct Fetched {
    /// The bytes, unpacked if they came packed.
    pub body: Body,
    /// Their number.
    pub size_bytes: u64,
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
    /// How long the parts of the last request took, as far as it came.
    pub times: Option<TransferTimes>,
}

/// What was spent on a link so far.
#[derive(Default)]
struct Tally {
    attempts: AtomicU32,
    fetch_ms: AtomicU64,
}

impl Fetcher {
    /// A fetcher within these limits, with no settings beyond them.
    pub fn new(limits: FetchLimits) -> Self {
        let ways = Routes::plain(&limits, Arc::new(Cached::new(Arc::new(SystemResolver))));
        Self::with(limits, ways, RobotsPolicy::default())
    }

    /// A fetcher of that kind. Every secret that the settings name is looked up now.
    pub fn open(setup: Setup) -> Result<Self, AccessError> {
        let Setup { mut limits, network, secrets, resolver } = setup;
        limits.obeys_noai |= network.obey_noai;
        limits.requests_per_s = network.requests_per_s.or(limits.requests_per_s);
        limits.bytes_per_s = network.bytes_per_s.or(limits.bytes_per_s);
        let resolver = Arc::new(Cached::new(resolver));
        let ways = Routes::new(&limits, &network, secrets, resolver)?;
        Ok(Self::with(limits, ways, network.robots))
    }

    fn with(limits: FetchLimits, ways: Routes, robots: RobotsPolicy) -> Self {
        let shared = Shared {
            ways,
            courtesy: RobotsCheck::new(robots),
            slots: Slots::new(&limits),
            bytes: Rate::new(limits.bytes_per_s.map(|bytes| bytes as f64)),
            network: Network::new(limits.clone()),
            limits,
        };
        Self { shared: Arc::new(shared) }
    }

    /// How many links each host has; whoever reads a job's lists tells it.
    pub fn link_counts(&self) -> Arc<LinkCounts> {
        Arc::clone(self.shared.courtesy.counts())
    }

    /// Fetches a link: waits for a slot, follows redirects, tries again where that makes sense, and waits while the
    /// network is gone. Stops at once when cancelled. To be awaited within a tokio runtime with timers and I/O.
    /// `origin` is who named the link.
    pub async fn fetch(
        &self,
        url: &str,
        origin: Origin,
        spool: &Spool,
        cancel: &Cancel,
    ) -> Result<Fetched, FetchFailure> {
        match self.visit(url, origin, None, spool, cancel).await? {
            Visit::Changed(fetched) => Ok(fetched),
            Visit::Unchanged { attempts, fetch_ms, .. } => {
                let name = Url::parse(url).map_or_else(|_| url.to_owned(), |url| fault::shown(&url));
                let error = fault::bad_response(&name, "304 to a request without conditions").error;
                Err(FetchFailure { error, http_status: Some(304), attempts, fetch_ms, times: None })
            }
        }
    }

    /// The same for a link whose body is only wanted if it is another than the one that `known` tells of.
    pub async fn visit(
        &self,
        url: &str,
        origin: Origin,
        known: Option<&Known>,
        spool: &Spool,
        cancel: &Cancel,
    ) -> Result<Visit, FetchFailure> {
        let tally = Tally::default();
        let result = match self.shared.ways.link(url, origin) {
            Ok(link) => {
                self.shared.courtesy.counts().asked(link.url.as_str());
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => {
                        Err(Fault::new(ItemError::new(ErrorKind::Cancelled, fault::shown(&link.url))))
                    }
                    // Apart, since a task is moved as a whole now and then, and this is most of it.
                    came = Box::pin(self.shared.persist(&link, known, spool, &tally)) => {
                        came.map(|came| (came, link.url))
                    }
                }
            }
            Err(error) => Err(Fault::new(error)),
        };
        let attempts = tally.attempts.load(Ordering::Relaxed);
        let fetch_ms = tally.fetch_ms.load(Ordering::Relaxed);
        match result {
            Ok((AttemptResult::Body(received), asked)) => {
                Ok(Visit::Changed(received.into_fetched(&asked, attempts, fetch_ms)))
            }
            Ok((AttemptResult::Unchanged(transfer), _)) => Ok(Visit::Unchanged { attempts, fetch_ms, transfer }),
            Err(Fault { error, http_status, times, .. }) => {
                Err(FetchFailure { error, http_status, attempts, fetch_ms, times: times.map(|times| *times) })
            }
        }
    }

    /// Places that were never told what the settings have for them (headers, cookies, users, tokens), each with another
    /// of its host that was asked. None as long as nothing was asked.
    pub fn unused_access(&self) -> Vec<(String, Option<String>)> {
        self.shared.ways.unused()
    }

    /// Links of a link's host that are worth having in hand now: those it is asked for, and some in line. What is
    /// beyond would only wait, and hold up the others.
    pub fn room(&self, place: &str) -> usize {
        self.shared.slots.room(place)
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
    /// Tries until it comes, or until trying makes no sense.
    async fn persist(
        &self,
        link: &Link,
        known: Option<&Known>,
        spool: &Spool,
        tally: &Tally,
    ) -> Result<AttemptResult, Fault> {
        let mut failures = 0;
        let mut began_at = Instant::now();
        let mut partial = None;
        let clients = &self.ways.clients;
        loop {
            if self.network.gone_since().is_some() {
                self.network.wait_while_gone(clients).await;
                self.slots.forgive();
            }
            let had_bytes = kept_bytes(partial.as_ref());
            let fault = match self.attempt(link, known, spool, &mut partial, tally).await {
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
                Some(began) if self.network.judge(began, clients).await == Verdict::NetworkReturned => {
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
        link: &Link,
        known: Option<&Known>,
        spool: &'a Spool,
        partial: &mut Option<Partial<'a>>,
        tally: &Tally,
    ) -> Result<AttemptResult, Fault> {
        let name = fault::shown(&link.url);
        let mut seen = vec![link.url.clone()];
        let mut slot: Option<Slot> = None;
        let mut at = link.url.clone();
        tally.attempts.fetch_add(1, Ordering::Relaxed);
        loop {
            let origin = at.origin().ascii_serialization();
            let way = self.ways.to(&at, link, &name)?;
            let held = slot.take().filter(|slot| slot.is_for(&origin));
            self.courtesy.check(&at, &name, self.robots(&at, link, &name, held.is_some())).await?;
            let held = match held {
                Some(held) => held,
                None => self.slots.acquire(&origin).await.map_err(|why| fault::of_given_up(why, &name))?,
            };
            let began = Instant::now();
            let on_answer = |status| {
                self.network.answered(&origin);
                // A refusal says nothing of what the host bears.
                if fault::is_refusing(status) { held.reached() } else { held.answered(began) }
            };
            let throttle = Throttle::new(self.bytes.as_ref());
            let ask = Ask { way, url: &at, name: &name, limits: &self.limits, spool, known, throttle: &throttle };
            let reply = exchange::request(ask, partial, on_answer).await;
            tally.fetch_ms.fetch_add(began.elapsed().as_millis() as u64, Ordering::Relaxed);
            // The connection goes back to its pool first: whoever gets the slot would else open another one.
            tokio::task::yield_now().await;
            if reply.is_ok() {
                held.welcomed();
            }
            match reply {
                Ok(Reply::Received(received)) => return Ok(AttemptResult::Body(received)),
                Ok(Reply::Unchanged(times)) => {
                    return Ok(AttemptResult::Unchanged(Transfer { times, ..Transfer::default() }));
                }
                // Nothing is kept any more, so that this happens once.
                Ok(Reply::StartAgain) => slot = Some(held),
                Ok(Reply::Redirect(next)) => {
                    at = self.next_hop(next, &mut seen, &name)?;
                    slot = Some(held);
                }
                Err(fault) => {
                    if fault.is_unanswered() {
                        held.unanswered(began);
                    }
                    if fault.is_refusal() {
                        held.refused(began);
                    } else if fault.is_trouble() {
                        held.troubled(began);
                    }
                    if let Some(wait) = fault.retry_after {
                        held.rest_host(wait, fault.http_status.unwrap_or_default());
                    }
                    return Err(self.ways.naming_proxy(fault));
                }
            }
        }
    }

    /// Gets a place's robots.txt, as one request of its host.
    async fn robots(&self, at: &Url, link: &Link, name: &str, holds_slot: bool) -> Result<Robots, Fault> {
        let origin = at.origin().ascii_serialization();
        let slot = if holds_slot { None } else { Some(self.slots.acquire(&origin).await) };
        let _slot = slot.transpose().map_err(|why| fault::of_given_up(why, name))?;
        let answer = self.ways.robots(robots_url(at), link, name, &self.limits).await?;
        self.network.answered(&origin);
        Ok(answer)
    }

    /// The next place to ask, unless it was asked before or there were too many.
    fn next_hop(&self, next: Url, seen: &mut Vec<Url>, name: &str) -> Result<Url, Fault> {
        let refused = |why: Message| Fault::new(ItemError::new(ErrorKind::Redirect, name).saying(&why));
        if seen.contains(&next) {
            return Err(refused(Message::new("link_circle", "they go round in a circle")));
        }
        if seen.len() > self.limits.max_redirects as usize {
            let most = self.limits.max_redirects;
            return Err(refused(Message::new("link_redirects", "more than {most}").with("most", most)));
        }
        seen.push(next.clone());
        Ok(next)
    }
}

/// What an attempt led to.
enum AttemptResult {
    Body(Box<Received>),
    Unchanged(Transfer),
}

fn kept_bytes(partial: Option<&Partial<'_>>) -> u64 {
    partial.map_or(0, |partial| partial.collector.size_bytes())
}

impl Received {
    fn into_fetched(self, asked: &Url, attempts: u32, fetch_ms: u64) -> Fetched {
        let file_name = file_name::name_of_response(self.head.disposition.as_deref(), asked, &self.url);
        let mut final_url = self.url;
        // Only URLs that can't have them refuse.
        let _ = final_url.set_username("");
        let _ = final_url.set_password(None);
        Fetched {
            body: self.body,
            size_bytes: self.size_bytes,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn futures_can_move_between_threads() {
        fn is_send<T: Send>(_: &T) {}
        let fetcher = Fetcher::new(FetchLimits::default());
        let (spool, cancel) = (Spool::new("."), Cancel::new());
        is_send(&fetcher.fetch("http://127.0.0.1/", Origin::User, &spool, &cancel));
    }
}
