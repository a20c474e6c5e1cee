//! A cache of resolved names: a job looks up each name once, and again only when the answer is old.
//!
//! Does not decide which addresses may be reached: the guard checks every answer, cached or not.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::resolver::NameNotFound;
use crate::store::descriptors;

/// How long addresses are kept: the system's resolver does not report their TTL.
const FOUND_FOR: Duration = Duration::from_secs(30);
/// How long a name counts as not found: long enough that a list with many links to it looks it up once.
const MISSING_FOR: Duration = Duration::from_secs(2);
/// Names kept before expired ones are removed.
const NAMES_KEPT: usize = 1024;

/// A resolver with a cache.
pub(crate) struct Cached {
    inner: Arc<dyn Resolve>,
    names: Mutex<Names>,
    found_for: Duration,
}

#[derive(Default)]
struct Names {
    by_name: HashMap<String, Arc<tokio::sync::Mutex<Option<Answer>>>>,
    forget_at: usize,
}

/// The addresses, or why there are none.
type Found = Result<Vec<SocketAddr>, (io::ErrorKind, String)>;

struct Answer {
    found: Found,
    until: Instant,
}

impl Cached {
    /// Caches the answers of another resolver.
    pub(crate) fn new(inner: Arc<dyn Resolve>) -> Self {
        Self { inner, names: Mutex::default(), found_for: FOUND_FOR }
    }

    /// The entry of a name; the task that holds its lock looks it up for all that wait.
    fn entry(&self, name: &str) -> Arc<tokio::sync::Mutex<Option<Answer>>> {
        let name = name.to_ascii_lowercase();
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = names.by_name.get(&name) {
            return Arc::clone(entry);
        }
        if names.by_name.len() >= names.forget_at.max(NAMES_KEPT) {
            let now = Instant::now();
            names.by_name.retain(|_, entry| {
                Arc::strong_count(entry) > 1
                    || entry.try_lock().is_ok_and(|answer| answer.as_ref().is_some_and(|answer| now < answer.until))
            });
            names.forget_at = 2 * names.by_name.len();
        }
        Arc::clone(names.by_name.entry(name).or_default())
    }
}

impl Resolve for Cached {
    fn resolve(&self, name: Name) -> Resolving {
        let entry = self.entry(name.as_str());
        let (inner, found_for) = (Arc::clone(&self.inner), self.found_for);
        Box::pin(async move {
            let mut answer = entry.lock().await;
            let fresh = answer.as_ref().filter(|answer| Instant::now() < answer.until).map(|fresh| fresh.found.clone());
            let found = if let Some(found) = fresh {
                found
            } else {
                let found = look_up(inner.as_ref(), name).await?;
                let time = if found.is_ok() { found_for } else { MISSING_FOR };
                *answer = Some(Answer { found: found.clone(), until: Instant::now() + time });
                found
            };
            let found = found.map_err(|(kind, text)| NameNotFound(io::Error::new(kind, text)))?;
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// The answer to keep for a name; an error that is not about the name is not kept.
async fn look_up(inner: &dyn Resolve, name: Name) -> Result<Found, Box<dyn std::error::Error + Send + Sync>> {
    match inner.resolve(name).await {
        Ok(addresses) => Ok(Ok(addresses.collect())),
        Err(error) => {
            let missing = error.downcast::<NameNotFound>()?;
            // A look-up without a file descriptor says nothing about the name.
            if descriptors::are_exhausted(&missing.0) {
                return Err(missing);
            }
            Ok(Err((missing.0.kind(), missing.0.to_string())))
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::dns_cache::*;

    /// Counts look-ups; knows every name except those that begin with `no`, and finds no file descriptor for those that
    /// begin with `full`.
    #[derive(Default)]
    struct Counting(Arc<AtomicUsize>);

    impl Resolve for Counting {
        fn resolve(&self, name: Name) -> Resolving {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                tokio::task::yield_now().await;
                if name.as_str().starts_with("no") {
                    return Err(NameNotFound(io::Error::other("not found")).into());
                }
                #[cfg(unix)]
                if name.as_str().starts_with("full") {
                    return Err(NameNotFound(rustix::io::Errno::MFILE.into()).into());
                }
                let addresses: Addrs = Box::new([SocketAddr::from(([192, 0, 2, 1], 0))].into_iter());
                Ok(addresses)
            })
        }
    }

    fn ask(cached: &Cached, name: &str) -> Resolving {
        cached.resolve(name.parse().unwrap())
    }

    fn run<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test)
    }

    #[test]
    fn concurrent_look_ups_of_a_name_are_one() {
        let look_ups = Arc::new(AtomicUsize::new(0));
        let cached = Cached::new(Arc::new(Counting(Arc::clone(&look_ups))));
        run(async {
            let found = futures_util::future::join_all((0..100).map(|_| ask(&cached, "a.example"))).await;
            assert!(found.into_iter().all(|found| found.is_ok_and(|addresses| addresses.count() == 1)));
            assert!(ask(&cached, "A.EXAMPLE").await.is_ok());
        });
        assert_eq!(look_ups.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn all_that_wait_for_a_name_learn_that_it_is_not_found() {
        let look_ups = Arc::new(AtomicUsize::new(0));
        let cached = Cached::new(Arc::new(Counting(Arc::clone(&look_ups))));
        run(async {
            for found in futures_util::future::join_all((0..100).map(|_| ask(&cached, "no.example"))).await {
                assert!(found.is_err_and(|error| error.is::<NameNotFound>()));
            }
        });
        assert_eq!(look_ups.load(Ordering::Relaxed), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_look_up_without_a_file_descriptor_says_so_and_is_repeated() {
        let look_ups = Arc::new(AtomicUsize::new(0));
        let cached = Cached::new(Arc::new(Counting(Arc::clone(&look_ups))));
        run(async {
            for _ in 0..2 {
                let error = ask(&cached, "full.example").await.err().unwrap().downcast::<NameNotFound>().unwrap();
                assert!(descriptors::are_exhausted(&error.0), "{error}");
            }
        });
        assert_eq!(look_ups.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_cancelled_look_up_is_done_by_the_next_request() {
        let look_ups = Arc::new(AtomicUsize::new(0));
        let cached = Cached::new(Arc::new(Counting(Arc::clone(&look_ups))));
        run(async {
            let mut first = ask(&cached, "a.example");
            assert!(futures_util::poll!(&mut first).is_pending());
            drop(first);
            assert!(ask(&cached, "a.example").await.is_ok());
        });
        assert_eq!(look_ups.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn answers_expire_and_names_are_forgotten() {
        let look_ups = Arc::new(AtomicUsize::new(0));
        let cached = Cached { found_for: Duration::ZERO, ..Cached::new(Arc::new(Counting(Arc::clone(&look_ups)))) };
        run(async {
            for number in 0..4 * NAMES_KEPT {
                assert!(ask(&cached, &format!("h{number}.example")).await.is_ok());
            }
            assert!(ask(&cached, "h0.example").await.is_ok());
        });
        assert_eq!(look_ups.load(Ordering::Relaxed), 4 * NAMES_KEPT + 1);
        assert!(cached.names.lock().unwrap().by_name.len() <= NAMES_KEPT);
    }
}
