//! Fetches one link: its turn, the request, redirects, retries, and waiting for a lost network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::dns::Resolve;
use reqwest::header::HeaderMap;
use url::Url;

use super::cancel::Cancel;
use super::connect::dns_cache::Cached;
use super::connect::network_watch::{Network, Verdict};
use super::connect::resolver::SystemResolver;
use super::credentials::cookies::ChainCookies;
use super::credentials::secrets::{AccessError, Secrets};
use super::fault::{self, Fault};
use super::limits::FetchLimits;
use super::meter::Meter;
use super::politeness::robots_policy::{LinkCounts, Robots, RobotsCheck, robots_url};
use super::request::body::Body;
use super::request::exchange::{self, HttpRequest, Known, Received, Reply};
use super::request::kept_parts::KeptParts;
use super::request::resume::{self, Partial};
use super::routes::{Link, Routes};
use super::schedule::host_state::Priority;
use super::schedule::progress::Progress;
use super::schedule::rate::Rate;
use super::schedule::scheduler::{Scheduler, Slot, Ticket};
use super::schedule::stopwatch::Stopwatch;
use super::{file_name, retry};
use crate::error::{ErrorKind, ItemError};
use crate::model::{Message, NetworkSpec, Origin, RobotsPolicy, Transfer, TransferTimes};
use crate::store::{Spool, descriptors};

/// An attempt that receives this many bytes more of a body makes up for the failures before it.
const PROGRESS_BYTES: u64 = 256 << 10;

/// Most challenges for credentials that an attempt answers: the first, and newer ones.
const MAX_CHALLENGES: u32 = 3;

/// How long to wait for a file descriptor before the next try.
const DESCRIPTOR_WAIT: Duration = Duration::from_millis(100);

/// Fetches links for one job; clones share the scheduler, connections and what is known of the network.
#[derive(Clone)]
pub struct Fetcher {
    shared: Arc<Shared>,
}

struct Shared {
    routes: Routes,
    robots: RobotsCheck,
    limits: FetchLimits,
    scheduler: Scheduler,
    /// Bytes per second that all transfers may receive together.
    bytes: Option<Rate>,
    kept_parts: Arc<KeptParts>,
    network: Network,
}

/// How a fetcher is set up.
pub struct Setup {
    /// Limits and time-outs.
    pub limits: FetchLimits,
    /// The user's network settings.
    pub network: NetworkSpec,
    /// Where secrets are looked up.
    pub secrets: Arc<Secrets>,
    /// Resolves host names; the guard of addresses checks what it finds.
    pub resolver: Arc<dyn Resolve>,
}

impl Default for Setup {
    /// The defaults: no secrets, the system's resolver.
    fn default() -> Self {
        Self {
            limits: FetchLimits::default(),
            network: NetworkSpec::default(),
            secrets: Arc::default(),
            resolver: Arc::new(SystemResolver),
        }
    }
}

/// A link to fetch.
#[derive(Clone, Copy)]
pub struct LinkRequest<'a> {
    /// Its URL.
    pub url: &'a str,
    /// Who named it.
    pub origin: Origin,
    /// What is known from fetching it before: the body is only wanted if it has changed.
    pub known: Option<&'a Known>,
    /// Its ticket from the scheduler, if it was handed out there.
    pub ticket: Option<&'a Ticket>,
    /// Shows how much of its body has been received.
    pub meter: Option<&'a Arc<Meter>>,
}

impl<'a> LinkRequest<'a> {
    /// A link that was never fetched before.
    pub const fn new(url: &'a str, origin: Origin) -> Self {
        Self { url, origin, known: None, ticket: None, meter: None }
    }
}

/// A response that was received completely.
#[derive(Debug)]
pub struct Fetched {
    /// The bytes, decoded if the server encoded them.
    pub body: Body,
    /// Their number.
    pub size_bytes: u64,
    /// Status of the response.
    pub http_status: u16,
    /// Content-Type.
    pub content_type: Option<String>,
    /// ETag.
    pub etag: Option<String>,
    /// Last-Modified, as the server sent it.
    pub last_modified: Option<String>,
    /// The URL that answered, after redirects, without user info.
    pub final_url: String,
    /// A safe name from Content-Disposition or the URL, with its extension if it has one.
    pub file_name: Option<String>,
    /// Number of attempts.
    pub attempts: u32,
    /// Duration of all requests in ms, without waits.
    pub fetch_ms: u64,
    /// Time in ms that counts towards the item's time limit: requests and the pauses between them.
    pub counted_ms: u64,
    /// Details of the transfer.
    pub transfer: Transfer,
}

/// The result of a conditional request.
#[derive(Debug)]
pub enum Visit {
    /// The content has changed.
    Changed(Fetched),
    /// The content is still the same: the server answered 304 and sent no body.
    Unchanged {
        /// Number of attempts.
        attempts: u32,
        /// Duration of all requests in ms, without waits.
        fetch_ms: u64,
        /// Details of the transfer.
        transfer: Transfer,
    },
}

/// Why a link could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchFailure {
    /// The item's error.
    pub error: ItemError,
    /// Status of the last response, if there was one.
    pub http_status: Option<u16>,
    /// Number of attempts.
    pub attempts: u32,
    /// Duration of all requests in ms, without waits.
    pub fetch_ms: u64,
    /// Duration of the parts of the last request, as far as it got.
    pub times: Option<TransferTimes>,
}

/// What all attempts at a link share.
struct Attempts<'a> {
    link: Link,
    /// What errors call the link.
    name: String,
    known: Option<&'a Known>,
    spool: &'a Spool,
    ticket: Option<&'a Ticket>,
    meter: Option<&'a Arc<Meter>>,
    stopwatch: Stopwatch,
    count: AtomicU32,
    fetch_ms: AtomicU64,
}

/// Which attempt at a link is next.
#[derive(Clone, Copy)]
struct Turn {
    priority: Priority,
    may_give_way: bool,
    /// Whether it uses the fallback of [`Clients`](super::connect::clients::Clients): the attempt before it got no
    /// head in time, perhaps because of a flood of heads such as 100 (Continue), which only the fallback ends.
    is_fallback: bool,
}

impl Fetcher {
    /// A fetcher with these limits and default network settings.
    pub fn new(limits: FetchLimits) -> Self {
        let routes = Routes::plain(&limits, Arc::new(Cached::new(Arc::new(SystemResolver))));
        Self::with(limits, routes, RobotsPolicy::default())
    }

    /// A fetcher with this setup. Looks up every secret that the settings name.
    pub fn open(setup: Setup) -> Result<Self, AccessError> {
        let Setup { limits, network, secrets, resolver } = setup;
        let limits = limits.with_network(&network);
        let resolver = Arc::new(Cached::new(resolver));
        let routes = Routes::new(&limits, &network, secrets, resolver)?;
        Ok(Self::with(limits, routes, network.robots))
    }

    fn with(limits: FetchLimits, routes: Routes, robots: RobotsPolicy) -> Self {
        let shared = Shared {
            routes,
            robots: RobotsCheck::new(robots),
            scheduler: Scheduler::new(&limits),
            bytes: Rate::new(limits.bytes_per_s.map(|bytes| bytes as f64)),
            kept_parts: KeptParts::new(&limits),
            network: Network::new(limits.clone()),
            limits,
        };
        Self { shared: Arc::new(shared) }
    }

    /// How many links each host has; filled in while a job's lists are read.
    pub fn link_counts(&self) -> Arc<LinkCounts> {
        Arc::clone(self.shared.robots.counts())
    }

    /// Which link may be requested when.
    pub fn scheduler(&self) -> &Scheduler {
        &self.shared.scheduler
    }

    /// Fetches a link: waits for its turn, follows redirects, tries again where that makes sense, and waits while the
    /// network is lost. Ends at once when cancelled. Must be awaited in a tokio runtime with timers and I/O. `origin`
    /// is who named the link.
    pub async fn fetch(
        &self,
        url: &str,
        origin: Origin,
        spool: &Spool,
        cancel: &Cancel,
    ) -> Result<Fetched, FetchFailure> {
        match self.visit(LinkRequest::new(url, origin), spool, cancel).await? {
            Visit::Changed(fetched) => Ok(fetched),
            Visit::Unchanged { attempts, fetch_ms, .. } => {
                let name = Url::parse(url).map_or_else(|_| url.to_owned(), |url| fault::shown(&url));
                let error = fault::bad_response(&name, "link_unconditional").error;
                Err(FetchFailure { error, http_status: Some(304), attempts, fetch_ms, times: None })
            }
        }
    }

    /// The same for a link that may have been fetched before.
    pub async fn visit(&self, request: LinkRequest<'_>, spool: &Spool, cancel: &Cancel) -> Result<Visit, FetchFailure> {
        let link = self.shared.routes.link(request.url, request.origin).map_err(|error| FetchFailure {
            error,
            http_status: None,
            attempts: 0,
            fetch_ms: 0,
            times: None,
        })?;
        self.shared.robots.counts().requested(link.url.as_str());
        let attempts = Attempts {
            name: fault::shown(&link.url),
            link,
            known: request.known,
            spool,
            ticket: request.ticket,
            meter: request.meter,
            stopwatch: Stopwatch::start(self.shared.limits.item_timeout),
            count: AtomicU32::new(0),
            fetch_ms: AtomicU64::new(0),
        };
        let result = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Fault::new(ItemError::new(ErrorKind::Cancelled, &attempts.name))),
            // Boxed, since a task is moved as a whole now and then, and this is most of it.
            result = Box::pin(self.shared.fetch(&attempts)) => result,
        };
        let Attempts { link, stopwatch, count, fetch_ms, .. } = attempts;
        let (count, fetch_ms) = (count.into_inner(), fetch_ms.into_inner());
        match result {
            Ok(AttemptResult::Body(received)) => {
                let counted_ms = stopwatch.elapsed().as_millis() as u64;
                Ok(Visit::Changed(Fetched { counted_ms, ..received.into_fetched(&link.url, count, fetch_ms) }))
            }
            Ok(AttemptResult::Unchanged(transfer)) => Ok(Visit::Unchanged { attempts: count, fetch_ms, transfer }),
            Err(Fault { error, http_status, times, .. }) => {
                let times = times.map(|times| *times);
                Err(FetchFailure { error, http_status, attempts: count, fetch_ms, times })
            }
        }
    }

    /// Credentials from the settings (headers, cookies, users, tokens) that no request used: each host, with another
    /// one of the same name that was requested. Empty as long as nothing was requested.
    pub fn unused_access(&self) -> Vec<(String, Option<String>)> {
        self.shared.routes.unused()
    }

    /// Requests in progress.
    pub fn in_use(&self) -> usize {
        self.shared.scheduler.in_use()
    }

    /// Allows this many requests in all from now on (at least 1); those above it are finished.
    pub fn set_connections(&self, connections: usize) {
        self.shared.scheduler.set_connections(connections);
    }

    /// Allows this many requests at one host from now on (at least 1); those above it are finished.
    pub fn set_per_host(&self, per_host: usize) {
        self.shared.scheduler.set_per_host(per_host);
    }

    /// Since when the network has been lost, if it is.
    pub fn network_gone_since(&self) -> Option<Instant> {
        self.shared.network.gone_since()
    }
}

impl Shared {
    /// Tries until the body is received, or until trying makes no sense any more. Continues what an earlier run has saved
    /// of it. If it ends early, the part stays saved unless no later request can continue it.
    async fn fetch(&self, attempts: &Attempts<'_>) -> Result<AttemptResult, Fault> {
        let Attempts { link, spool, meter, .. } = attempts;
        let mut partial = resume::saved_part(spool, &link.url, self.limits.max_body_in_memory_bytes, *meter).await;
        let result = self.try_to_fetch(attempts, &mut partial).await;
        if result.as_ref().is_err_and(|fault| !may_continue(&fault.error)) {
            resume::discard(&mut partial);
        }
        result
    }

    async fn try_to_fetch<'a>(
        &self,
        attempts: &Attempts<'a>,
        partial: &mut Option<Partial<'a>>,
    ) -> Result<AttemptResult, Fault> {
        let Attempts { name, ticket, stopwatch, .. } = attempts;
        let mut turn = Turn { priority: Priority::Untried, may_give_way: true, is_fallback: false };
        let (mut failures, mut lacking) = (0, Duration::ZERO);
        let mut first_failure = Duration::ZERO;
        loop {
            if self.network.gone_since().is_some() {
                let waiting = Instant::now();
                self.network.wait_while_gone(&self.routes.clients).await;
                stopwatch.exclude(waiting.elapsed());
                self.scheduler.forgive();
            }
            let had_bytes = kept_bytes(partial.as_ref());
            let result = self.attempt(attempts, turn, partial).await;
            let Err(fault) = result else { return result };
            if stopwatch.left().is_zero() {
                return Err(Fault { times: fault.times, ..fault::out_of_time(name, &self.limits) });
            }
            if fault.lacks_descriptor && lacking < descriptors::LONGEST_WAIT {
                attempts.count.fetch_sub(1, Ordering::Relaxed);
                tokio::time::sleep(DESCRIPTOR_WAIT).await;
                lacking += DESCRIPTOR_WAIT;
                stopwatch.exclude(DESCRIPTOR_WAIT);
                continue;
            }
            if let Some(began) = fault.unreached_since {
                self.network.failed(began);
            }
            if !fault.gave_way {
                if kept_bytes(partial.as_ref()) >= had_bytes.saturating_add(PROGRESS_BYTES) {
                    (failures, first_failure) = (0, stopwatch.elapsed());
                }
                failures += 1;
                let in_time = stopwatch.elapsed().saturating_sub(first_failure) < self.limits.max_retry_time;
                if !in_time || !retry::is_worth_it(&fault, failures, &self.limits) {
                    self.blame_network(fault, stopwatch).await?;
                    (failures, first_failure) = (0, stopwatch.elapsed());
                    continue;
                }
            }
            let may_give_way = turn.may_give_way && !fault.gave_way;
            turn = Turn { priority: Priority::Retry, may_give_way, is_fallback: fault.is_headless };
            if let Some(ticket) = ticket {
                ticket.will_retry();
            }
            // A part that can't be resumed, or that does not fit, is not kept until the retry.
            if let Some(part) = partial {
                part.kept = self.kept_parts.keep(part.collector.holding()).filter(|_| part.can_resume());
                if part.kept.is_none() {
                    resume::discard(partial);
                }
            }
            // A host that sent Retry-After is not requested before that time.
            let has_pause = !fault.gave_way && fault.retry_after.is_none();
            if has_pause && !stopwatch.sleep(retry::backoff(failures, &self.limits)).await {
                return Err(fault::out_of_time(name, &self.limits));
            }
        }
    }

    /// Returns a final failure, unless the network was lost and is back now.
    async fn blame_network(&self, fault: Fault, stopwatch: &Stopwatch) -> Result<(), Fault> {
        if let Some(wait) = fault.retry_after.filter(|wait| *wait > self.limits.max_retry_after) {
            let why = Message::new("link_asks_wait").with("seconds", wait.as_secs());
            return Err(Fault { error: fault.error.saying(&why), ..fault });
        }
        let Some(began) = fault.unreached_since else { return Err(fault) };
        let waiting = Instant::now();
        let verdict = self.network.judge(began, &self.routes.clients).await;
        stopwatch.exclude(waiting.elapsed());
        if verdict == Verdict::NetworkReturned { Ok(()) } else { Err(fault) }
    }

    /// One attempt: a request, and those that it is redirected to.
    async fn attempt<'a>(
        &self,
        attempts: &Attempts<'a>,
        turn: Turn,
        partial: &mut Option<Partial<'a>>,
    ) -> Result<AttemptResult, Fault> {
        let Attempts { link, name, stopwatch, .. } = attempts;
        let mut seen = vec![(link.url.clone(), 0)];
        let mut cookies = ChainCookies::default();
        let mut challenges = 0;
        let (mut is_fallback, mut is_fresh) = (false, false);
        let mut slot: Option<Slot> = None;
        let mut at = link.url.clone();
        attempts.count.fetch_add(1, Ordering::Relaxed);
        loop {
            let host = at.origin().ascii_serialization();
            let (mut way, mut headers) = self.routes.to(&at, link, name)?;
            way.is_fallback |= is_fallback || turn.is_fallback;
            cookies.add_to(&mut headers, &at, self.routes.cookies());
            let held = slot.take().filter(|slot| slot.is_for(&host));
            let robots = self.robots(&at, attempts, turn, held.is_some());
            let check = tokio::time::timeout(stopwatch.left(), self.robots.check(&at, name, robots));
            check.await.unwrap_or_else(|_elapsed| Err(fault::out_of_time(name, &self.limits)))?;
            let held = match held {
                Some(held) => held,
                None => self.acquire(&host, attempts, turn.priority).await?,
            };
            if let Some(part) = partial {
                // It is being received again.
                part.kept = None;
            }
            let (client, _kept) = self.routes.begin(way, &host, is_fresh, name)?;
            let progress = Progress::start(self.bytes.as_ref(), self.limits.give_way_after);
            let began = progress.began();
            let on_answer = |status, headers: &HeaderMap| {
                cookies.note(headers, &at);
                self.network.answered(&host);
                if is_fallback {
                    self.routes.clients.fall_back(&host);
                }
                // A refusal says nothing about how many requests the host can take.
                if fault::is_refusing(status) { held.reached() } else { held.answered(began) }
            };
            let request = HttpRequest {
                client,
                headers,
                url: &at,
                requested: &link.url,
                name,
                limits: &self.limits,
                spool: attempts.spool,
                meter: attempts.meter.map(Arc::as_ref),
                known: attempts.known,
                slot: &held,
                progress: &progress,
                time_limit: self.limits.total_timeout.min(stopwatch.left()),
                may_give_way: turn.may_give_way,
            };
            let reply = exchange::request(request, partial, on_answer).await;
            attempts.fetch_ms.fetch_add(began.elapsed().as_millis() as u64, Ordering::Relaxed);
            // The connection returns to its pool first: the next request would else open another one.
            tokio::task::yield_now().await;
            if reply.is_ok() {
                held.accepted();
            }
            match reply {
                Ok(Reply::Received(received)) => return Ok(AttemptResult::Body(received)),
                Ok(Reply::Unchanged(times)) => {
                    return Ok(AttemptResult::Unchanged(Transfer { times, ..Transfer::default() }));
                }
                Ok(Reply::Challenged(challenge, fault)) => {
                    let is_new = challenges == 0 || (challenge.is_stale && challenges < MAX_CHALLENGES);
                    challenges += 1;
                    if !is_new || !self.routes.challenged(&at, link, *challenge) {
                        held.failed(&fault, began);
                        return Err(*fault);
                    }
                    slot = Some(held);
                }
                // No part is kept now, so that this happens once.
                Ok(Reply::StartAgain) => slot = Some(held),
                Ok(Reply::Redirect(next)) => {
                    (challenges, is_fallback, is_fresh) = (0, false, false);
                    at = self.next_hop(next, &mut seen, cookies.count(), name)?;
                    slot = Some(held);
                }
                Err(fault) if fault.lacks_descriptor => return Err(fault),
                // A new connection shows whether the host is there.
                Err(fault) if fault.is_stale && !is_fresh => (is_fresh, slot) = (true, Some(held)),
                Err(fault) if fault.needs_fallback && !way.is_fallback => (is_fallback, slot) = (true, Some(held)),
                Err(fault) if fault.gave_way => {
                    attempts.count.fetch_sub(1, Ordering::Relaxed);
                    return Err(fault);
                }
                Err(fault) => {
                    if fault.needs_fallback {
                        self.routes.clients.fall_back(&host);
                    }
                    held.failed(&fault, began);
                    return Err(self.routes.naming_proxy(fault));
                }
            }
        }
    }

    /// Waits until a host may be requested.
    async fn acquire(&self, host: &str, attempts: &Attempts<'_>, priority: Priority) -> Result<Slot, Fault> {
        let Attempts { name, ticket, stopwatch, .. } = attempts;
        let slot = self.scheduler.acquire(host, *ticket, priority, stopwatch).await;
        slot.map_err(|why| fault::unavailable(why, name, &self.limits))
    }

    /// Gets a host's robots.txt, as one request of that host.
    async fn robots(&self, at: &Url, attempts: &Attempts<'_>, turn: Turn, holds_slot: bool) -> Result<Robots, Fault> {
        let host = at.origin().ascii_serialization();
        let _slot = if holds_slot { None } else { Some(self.acquire(&host, attempts, turn.priority).await?) };
        let answer = self.routes.robots(robots_url(at), &attempts.link, &attempts.name, &self.limits).await?;
        self.network.answered(&host);
        Ok(answer)
    }

    /// The next URL to request, unless it was requested before with as many cookies, or there were too many redirects.
    fn next_hop(&self, next: Url, seen: &mut Vec<(Url, usize)>, cookies: usize, name: &str) -> Result<Url, Fault> {
        let refused = |why: Message| Fault::new(ItemError::new(ErrorKind::Redirect, name).saying(&why));
        if seen.iter().any(|(url, had)| *url == next && *had == cookies) {
            return Err(refused(Message::new("link_circle")));
        }
        if seen.len() > self.limits.max_redirects as usize {
            let most = self.limits.max_redirects;
            return Err(refused(Message::new("link_redirects").with("most", most)));
        }
        seen.push((next.clone(), cookies));
        Ok(next)
    }
}

/// The result of an attempt.
enum AttemptResult {
    Body(Box<Received>),
    Unchanged(Transfer),
}

/// Whether a later run may continue a part after this failure.
fn may_continue(error: &ItemError) -> bool {
    let may_pass = [ErrorKind::TookTooLong, ErrorKind::MissingSecret, ErrorKind::RobotsUnavailable];
    error.is_retryable() || may_pass.contains(&error.kind)
}

fn kept_bytes(partial: Option<&Partial<'_>>) -> u64 {
    partial.map_or(0, |partial| partial.collector.size_bytes())
}

impl Received {
    fn into_fetched(self, requested: &Url, attempts: u32, fetch_ms: u64) -> Fetched {
        let file_name = file_name::name_of_response(self.head.disposition.as_deref(), requested, &self.url);
        let own_name = file_name::name_of_response(None, requested, requested);
        let transfer =
            Transfer { file_name: file_name.clone().filter(|name| own_name.as_ref() != Some(name)), ..self.transfer };
        let mut final_url = self.url;
        // Only a URL that can't have them refuses.
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
            counted_ms: 0,
            transfer,
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
