//! Whether a host wants to be asked: its robots.txt, fetched once for all its links, where it is to be obeyed.
//!
//! Knows neither clients nor slots: the fetcher hands in how a robots.txt is fetched.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

use super::robots_txt::Rules;
use crate::error::{ErrorKind, ItemError};
use crate::fetch::credentials::secrets::place_of;
use crate::fetch::fault::Fault;
use crate::model::RobotsPolicy;

/// Places whose rules are kept before those that nobody asks about are forgotten.
const PLACES_KEPT: usize = 1024;
/// Bytes of rules that are kept before the same happens.
const BYTES_KEPT: usize = 32 << 20;
/// Hosts whose links are counted; those beyond are not.
const HOSTS_COUNTED: usize = 1 << 20;
/// How long a robots.txt that can't be had closes its host before it is asked for again.
const CLOSED_FOR: Duration = Duration::from_mins(5);

/// What came of asking for a robots.txt.
pub(crate) enum Robots {
    /// This is what it says; nothing where there is none.
    Rules(Rules),
    /// It can't be had for now, for this reason: everything is closed (RFC 9309, 2.3.1.4).
    Closed(String),
}

/// How many links of each host a job has, as far as it is known.
#[derive(Default)]
pub struct LinkCounts {
    by_host: Mutex<HashMap<u64, Counts>>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    listed: u32,
    asked: u32,
}

/// The rules of every place, and whether they count.
pub(crate) struct RobotsCheck {
    policy: RobotsPolicy,
    counts: Arc<LinkCounts>,
    places: Mutex<Places>,
}

struct Places {
    by_place: HashMap<String, Arc<Place>>,
    forget_at: usize,
    held_bytes: usize,
}

#[derive(Default)]
struct Place {
    /// Held while it is fetched, so that all others wait for the one who does.
    known: tokio::sync::Mutex<Option<Known>>,
}

enum Known {
    Rules(Arc<Rules>),
    Closed { detail: String, until: Instant },
}

impl LinkCounts {
    /// A link of the job's list; it may never be asked for.
    pub fn listed(&self, url: &str) {
        self.count(url, |counts| counts.listed = counts.listed.saturating_add(1));
    }

    /// A link that is about to be asked for.
    pub(crate) fn asked(&self, url: &str) {
        self.count(url, |counts| counts.asked = counts.asked.saturating_add(1));
    }

    /// How many of that link's host there are at least.
    pub(crate) fn of_host(&self, url: &str) -> u32 {
        let counts = lock(&self.by_host).get(&self.key(url)).copied().unwrap_or_default();
        counts.listed.max(counts.asked)
    }

    fn count(&self, url: &str, change: impl FnOnce(&mut Counts)) {
        let key = self.key(url);
        let mut by_host = lock(&self.by_host);
        if by_host.len() < HOSTS_COUNTED || by_host.contains_key(&key) {
            change(by_host.entry(key).or_default());
        }
    }

    /// Of the host alone, read without parsing: there may be millions.
    fn key(&self, url: &str) -> u64 {
        let (_, rest) = url.split_once("://").unwrap_or(("", url));
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        self.hasher.hash_one(name.map_or(host, |(name, _)| name).to_ascii_lowercase())
    }
}

impl RobotsCheck {
    /// Obeys as the policy says.
    pub(crate) fn new(policy: RobotsPolicy) -> Self {
        let places = Places { by_place: HashMap::new(), forget_at: PLACES_KEPT, held_bytes: 0 };
        Self { policy, counts: Arc::default(), places: Mutex::new(places) }
    }

    /// The counts, which whoever reads the lists fills.
    pub(crate) fn counts(&self) -> &Arc<LinkCounts> {
        &self.counts
    }

    /// Whether robots.txt counts at that URL's host.
    fn counts_at(&self, url: &Url) -> bool {
        match self.policy {
            RobotsPolicy::Always => true,
            RobotsPolicy::Never => false,
            RobotsPolicy::Auto => self.counts.of_host(url.as_str()) > RobotsPolicy::AUTO_ABOVE,
        }
    }

    /// Whether a URL may be asked for, as far as its host's robots.txt says; `fetch` gets that, if it has to be had, and
    /// `name` is how errors call the item.
    pub(crate) async fn check(
        &self,
        url: &Url,
        name: &str,
        fetch: impl Future<Output = Result<Robots, Fault>>,
    ) -> Result<(), Fault> {
        if !self.counts_at(url) {
            return Ok(());
        }
        let refused = |kind, detail: &str| {
            let error = ItemError::new(kind, name).with("host", url.host_str().unwrap_or_default());
            Fault::new(if detail.is_empty() { error } else { error.with("detail", detail) })
        };
        let place = self.place(&place_of(url));
        let mut known = place.known.lock().await;
        if let Some(Known::Closed { until, .. }) = &*known
            && Instant::now() >= *until
        {
            *known = None;
        }
        if known.is_none() {
            *known = Some(match fetch.await? {
                Robots::Rules(rules) => {
                    lock(&self.places).held_bytes += rules.size_bytes();
                    Known::Rules(Arc::new(rules))
                }
                Robots::Closed(detail) => Known::Closed { detail, until: Instant::now() + CLOSED_FOR },
            });
        }
        let rules = match &*known {
            Some(Known::Rules(rules)) => Arc::clone(rules),
            Some(Known::Closed { detail, .. }) => return Err(refused(ErrorKind::RobotsUnavailable, detail)),
            None => return Ok(()),
        };
        drop(known);
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        if rules.allow(&format!("{}{query}", url.path())) {
            return Ok(());
        }
        Err(refused(ErrorKind::Robots, ""))
    }

    fn place(&self, key: &str) -> Arc<Place> {
        let mut places = lock(&self.places);
        if let Some(place) = places.by_place.get(key) {
            return Arc::clone(place);
        }
        if places.by_place.len() >= places.forget_at || places.held_bytes > BYTES_KEPT {
            places.by_place.retain(|_, place| Arc::strong_count(place) > 1);
            places.forget_at = PLACES_KEPT.max(2 * places.by_place.len());
            places.held_bytes = 0;
        }
        let place = Arc::new(Place::default());
        places.by_place.insert(key.to_owned(), Arc::clone(&place));
        place
    }
}

/// Where a URL's host has its robots.txt.
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
    fn links_are_counted_by_host_however_it_is_spelled() {
        let counts = LinkCounts::default();
        for url in ["http://me:pw@H.example:81/a", "https://h.example?x", "HTTP://h.EXAMPLE", "http://h.example:/"] {
            counts.listed(url);
        }
        counts.asked("http://h.example/");
        assert_eq!((counts.of_host("https://h.example/x"), counts.of_host("http://x.example/h.example/")), (4, 0));
        counts.listed("http://[::1]:81/");
        assert_eq!((counts.of_host("http://[::1]/"), counts.of_host("http://[::2]/")), (1, 0));
    }

    #[test]
    fn a_robots_txt_is_fetched_once_for_many_and_counts_above_a_hundred_links() {
        run(async {
            let fetched = AtomicU32::new(0);
            let courtesy = RobotsCheck::new(RobotsPolicy::Auto);
            let check = async |path: &str| {
                let url = Url::parse(&format!("http://h.example{path}")).unwrap();
                assert_eq!(robots_url(&url).as_str(), "http://h.example/robots.txt");
                let fetch = async {
                    fetched.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                    Ok(rules("user-agent: *\ndisallow: /no"))
                };
                courtesy.check(&url, "x", fetch).await.map_err(|fault| fault.error.kind)
            };
            for _ in 0..100 {
                courtesy.counts().listed("http://h.example/");
            }
            assert_eq!((check("/no").await, fetched.load(Ordering::Relaxed)), (Ok(()), 0));
            courtesy.counts().listed("http://h.example/");
            let (a, b, c) = tokio::join!(check("/no?x=1"), check("/yes"), check("/no"));
            assert_eq!((a, b, c), (Err(ErrorKind::Robots), Ok(()), Err(ErrorKind::Robots)));
            assert_eq!(fetched.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn a_host_whose_robots_txt_can_not_be_had_is_closed_for_now_and_a_lost_network_closes_none() {
        run(async {
            let courtesy = RobotsCheck::new(RobotsPolicy::Always);
            let url = Url::parse("http://h.example/a").unwrap();
            let lost =
                courtesy.check(&url, "x", async { Err(Fault::new(ItemError::nameless(ErrorKind::Connect))) }).await;
            assert_eq!(lost.unwrap_err().error.kind, ErrorKind::Connect);
            let closed = courtesy.check(&url, "x", async { Ok(Robots::Closed("503".to_owned())) }).await.unwrap_err();
            assert_eq!((closed.error.kind, closed.error.arg("detail")), (ErrorKind::RobotsUnavailable, "503"));
            let again = courtesy.check(&url, "x", async { Ok(rules("")) }).await;
            assert_eq!(again.unwrap_err().error.kind, ErrorKind::RobotsUnavailable);
            let never = RobotsCheck::new(RobotsPolicy::Never);
            let checked = never.check(&url, "x", async { Ok(Robots::Closed(String::new())) }).await;
            assert!(checked.is_ok());
        });
    }

    #[test]
    fn places_that_nobody_asks_about_are_forgotten() {
        let courtesy = RobotsCheck::new(RobotsPolicy::Always);
        let held = courtesy.place("http://held");
        for number in 0..3 * PLACES_KEPT {
            courtesy.place(&number.to_string());
        }
        let places = lock(&courtesy.places);
        assert!(places.by_place.len() <= PLACES_KEPT && places.by_place.contains_key("http://held"));
        drop(held);
    }
}
