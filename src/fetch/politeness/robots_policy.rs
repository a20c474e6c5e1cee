//! Whether robots.txt allows a request; it is fetched once for all links of a host, where the policy requires it.
//!
//! Does not fetch by itself: the fetcher passes a future that does.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

use super::robots_txt::Rules;
use crate::error::{ErrorKind, ItemError};
use crate::fetch::credentials::secrets::host_of;
use crate::fetch::fault::Fault;
use crate::model::{Message, RobotsPolicy};

/// Hosts whose rules are kept before those that nobody uses are forgotten.
const HOSTS_KEPT: usize = 1024;
/// Bytes of rules that are kept before the same happens.
const BYTES_KEPT: usize = 32 << 20;
/// Most hosts whose links are counted.
const HOSTS_COUNTED: usize = 1 << 20;
/// How long a host is closed after its robots.txt could not be loaded.
const CLOSED_FOR: Duration = Duration::from_mins(5);

/// The result of fetching a robots.txt.
pub(crate) enum Robots {
    /// Its rules; empty if there is no robots.txt.
    Rules(Rules),
    /// It could not be loaded, for this reason: everything is disallowed (RFC 9309, 2.3.1.4).
    Closed(Message),
}

/// How many links of each host a job has, as far as known.
#[derive(Default)]
pub struct LinkCounts {
    by_host: Mutex<HashMap<u64, Counts>>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    listed: u32,
    requested: u32,
}

/// The rules of all hosts, and the policy for them.
pub(crate) struct RobotsCheck {
    policy: RobotsPolicy,
    counts: Arc<LinkCounts>,
    hosts: Mutex<Hosts>,
}

struct Hosts {
    by_host: HashMap<String, Arc<HostRules>>,
    forget_at: usize,
    held_bytes: usize,
}

#[derive(Default)]
struct HostRules {
    /// Locked while it is fetched, so that all others wait for the result.
    known: tokio::sync::Mutex<Option<Known>>,
}

enum Known {
    Rules(Arc<Rules>),
    Closed { why: Message, until: Instant },
}

impl LinkCounts {
    /// Counts a link of the job's list; it may never be requested.
    pub fn listed(&self, url: &str) {
        self.count(url, |counts| counts.listed = counts.listed.saturating_add(1));
    }

    /// Counts a link that is about to be requested.
    pub(crate) fn requested(&self, url: &str) {
        self.count(url, |counts| counts.requested = counts.requested.saturating_add(1));
    }

    /// The number of links of the same host, at least.
    pub(crate) fn of_host(&self, url: &str) -> u32 {
        let counts = lock(&self.by_host).get(&self.key(url)).copied().unwrap_or_default();
        counts.listed.max(counts.requested)
    }

    fn count(&self, url: &str, change: impl FnOnce(&mut Counts)) {
        let key = self.key(url);
        let mut by_host = lock(&self.by_host);
        if by_host.len() < HOSTS_COUNTED || by_host.contains_key(&key) {
            change(by_host.entry(key).or_default());
        }
    }

    /// The key of a link's host, found without parsing the URL: there may be millions.
    fn key(&self, url: &str) -> u64 {
        let (_, rest) = url.split_once("://").unwrap_or(("", url));
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        self.hasher.hash_one(name.map_or(host, |(name, _)| name).to_ascii_lowercase())
    }
}

impl RobotsCheck {
    /// Follows robots.txt as the policy says.
    pub(crate) fn new(policy: RobotsPolicy) -> Self {
        let hosts = Hosts { by_host: HashMap::new(), forget_at: HOSTS_KEPT, held_bytes: 0 };
        Self { policy, counts: Arc::default(), hosts: Mutex::new(hosts) }
    }

    /// The counts, filled while lists are read.
    pub(crate) fn counts(&self) -> &Arc<LinkCounts> {
        &self.counts
    }

    /// Whether the robots.txt of a URL's host applies.
    fn applies_to(&self, url: &Url) -> bool {
        match self.policy {
            RobotsPolicy::Always => true,
            RobotsPolicy::Never => false,
            RobotsPolicy::Auto => self.counts.of_host(url.as_str()) > RobotsPolicy::AUTO_ABOVE,
        }
    }

    /// Whether the robots.txt of a URL's host allows it. `fetch` fetches that file if it is needed; errors call the
    /// item `name`.
    pub(crate) async fn check(
        &self,
        url: &Url,
        name: &str,
        fetch: impl Future<Output = Result<Robots, Fault>>,
    ) -> Result<(), Fault> {
        if !self.applies_to(url) {
            return Ok(());
        }
        let refused = |kind| ItemError::new(kind, name).with("host", url.host_str().unwrap_or_default());
        let host = self.host(&host_of(url));
        let mut known = host.known.lock().await;
        if let Some(Known::Closed { until, .. }) = &*known
            && Instant::now() >= *until
        {
            *known = None;
        }
        if known.is_none() {
            *known = Some(match fetch.await? {
                Robots::Rules(rules) => {
                    lock(&self.hosts).held_bytes += rules.size_bytes();
                    Known::Rules(Arc::new(rules))
                }
                Robots::Closed(why) => Known::Closed { why, until: Instant::now() + CLOSED_FOR },
            });
        }
        let rules = match &*known {
            Some(Known::Rules(rules)) => Arc::clone(rules),
            Some(Known::Closed { why, .. }) => {
                return Err(Fault::new(refused(ErrorKind::RobotsUnavailable).saying(why)));
            }
            None => return Ok(()),
        };
        drop(known);
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        if rules.allow(&format!("{}{query}", url.path())) {
            return Ok(());
        }
        Err(Fault::new(refused(ErrorKind::Robots)))
    }

    fn host(&self, key: &str) -> Arc<HostRules> {
        let mut hosts = lock(&self.hosts);
        if let Some(host) = hosts.by_host.get(key) {
            return Arc::clone(host);
        }
        if hosts.by_host.len() >= hosts.forget_at || hosts.held_bytes > BYTES_KEPT {
            hosts.by_host.retain(|_, host| Arc::strong_count(host) > 1);
            hosts.forget_at = HOSTS_KEPT.max(2 * hosts.by_host.len());
            hosts.held_bytes = 0;
        }
        let host = Arc::new(HostRules::default());
        hosts.by_host.insert(key.to_owned(), Arc::clone(&host));
        host
    }
}

/// The URL of a host's robots.txt.
pub(crate) fn robots_url(url: &Url) -> Url {
    let mut at = url.clone();
    at.set_path("/robots.txt");
    at.set_query(None);
    at.set_fragment(None);
    at
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::robots_policy::*;

    fn run<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(test)
    }

    fn rules(text: &str) -> Robots {
        Robots::Rules(Rules::parse(text.as_bytes()))
    }

    #[test]
    fn links_are_counted_by_host_in_any_spelling() {
        let counts = LinkCounts::default();
        for url in ["http://me:pw@H.example:81/a", "https://h.example?x", "HTTP://h.EXAMPLE", "http://h.example:/"] {
            counts.listed(url);
        }
        counts.requested("http://h.example/");
        assert_eq!((counts.of_host("https://h.example/x"), counts.of_host("http://x.example/h.example/")), (4, 0));
        counts.listed("http://[::1]:81/");
        assert_eq!((counts.of_host("http://[::1]/"), counts.of_host("http://[::2]/")), (1, 0));
    }

    #[test]
    fn a_robots_txt_is_fetched_once_and_applies_above_a_hundred_links() {
        run(async {
            let fetched = AtomicU32::new(0);
            let robots = RobotsCheck::new(RobotsPolicy::Auto);
            let check = async |path: &str| {
                let url = Url::parse(&format!("http://h.example{path}")).unwrap();
                assert_eq!(robots_url(&url).as_str(), "http://h.example/robots.txt");
                let fetch = async {
                    fetched.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                    Ok(rules("user-agent: *\ndisallow: /no"))
                };
                robots.check(&url, "x", fetch).await.map_err(|fault| fault.error.kind)
            };
            for _ in 0..100 {
                robots.counts().listed("http://h.example/");
            }
            assert_eq!((check("/no").await, fetched.load(Ordering::Relaxed)), (Ok(()), 0));
            robots.counts().listed("http://h.example/");
            let (a, b, c) = tokio::join!(check("/no?x=1"), check("/yes"), check("/no"));
            assert_eq!((a, b, c), (Err(ErrorKind::Robots), Ok(()), Err(ErrorKind::Robots)));
            assert_eq!(fetched.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn a_host_without_a_readable_robots_txt_is_closed_for_now_but_a_lost_network_closes_none() {
        run(async {
            let robots = RobotsCheck::new(RobotsPolicy::Always);
            let url = Url::parse("http://h.example/a").unwrap();
            let lost =
                robots.check(&url, "x", async { Err(Fault::new(ItemError::nameless(ErrorKind::Connect))) }).await;
            assert_eq!(lost.unwrap_err().error.kind, ErrorKind::Connect);
            let closed = robots
                .check(&url, "x", async { Ok(Robots::Closed(Message::new("robots_status").with("status", 503))) })
                .await
                .unwrap_err();
            assert_eq!(
                (closed.error.kind, closed.error.arg("detail")),
                (ErrorKind::RobotsUnavailable, "the server answered 503")
            );
            let again = robots.check(&url, "x", async { Ok(rules("")) }).await;
            assert_eq!(again.unwrap_err().error.kind, ErrorKind::RobotsUnavailable);
            let never = RobotsCheck::new(RobotsPolicy::Never);
            let checked = never.check(&url, "x", async { Ok(Robots::Closed(Message::new("robots_cut_off"))) }).await;
            assert!(checked.is_ok());
        });
    }

    #[test]
    fn hosts_that_nobody_uses_are_forgotten() {
        let robots = RobotsCheck::new(RobotsPolicy::Always);
        let held = robots.host("http://held");
        for number in 0..3 * HOSTS_KEPT {
            robots.host(&number.to_string());
        }
        let hosts = lock(&robots.hosts);
        assert!(hosts.by_host.len() <= HOSTS_KEPT && hosts.by_host.contains_key("http://held"));
        drop(held);
    }
}
