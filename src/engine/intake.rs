//! What is asked for, as it may be recorded: user info of links and proxies goes among the secrets before anything
//! reaches the catalog.

use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::{AccessError, Secrets};
use crate::model::{JobSpec, Locator, NewItem, Origin, SourceSpec, locator};

/// A whole job.
pub(super) fn keep_job(secrets: &Secrets, spec: &mut JobSpec) -> Result<(), JobError> {
    secrets.keep_proxy(&mut spec.network).map_err(|error| refused(&error))?;
    keep_sources(secrets, &mut spec.sources)
}

/// Sources to be added.
pub(super) fn keep_sources(secrets: &Secrets, sources: &mut [SourceSpec]) -> Result<(), JobError> {
    for source in sources {
        if let SourceSpec::Url { url } | SourceSpec::FetchedList { url, .. } = source {
            *url = secrets.keep_link(url).map_err(|error| refused(&error))?;
        }
    }
    Ok(())
}

/// Links that were pasted.
pub(super) fn keep_links(secrets: &Secrets, links: &mut [String]) -> Result<(), JobError> {
    for link in links {
        *link = secrets.keep_link(link).map_err(|error| refused(&error))?;
    }
    Ok(())
}

/// An item of a list. One whose secret can't be kept fails without it.
pub(super) fn keep_item(secrets: &Secrets, item: &mut NewItem) {
    let Locator::Url(url) = &mut item.locator else { return };
    if item.origin == Origin::Fetched {
        // A stranger's list adds nothing to the user's secrets.
        *url = locator::without_user_info(url);
        return;
    }
    match secrets.keep_link(url) {
        Ok(kept) => *url = kept,
        Err(error) => {
            *url = locator::without_user_info(url);
            let failure = ItemError::new(ErrorKind::MissingSecret, locator::shown_url(url)).with("detail", error);
            item.error.get_or_insert(failure);
        }
    }
}

fn refused(error: &AccessError) -> JobError {
    JobError::Machine(error.to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::model::{NetworkSpec, ProxyChoice};

    #[test]
    fn nothing_secret_is_left_in_a_job() {
        let url = "https://me:s3cret@h.example/a.jpg".to_owned();
        let mut spec = JobSpec {
            sources: vec![
                SourceSpec::Url { url: url.clone() },
                SourceSpec::FetchedList { url: url.clone(), hash: None },
            ],
            network: NetworkSpec {
                proxy: ProxyChoice::Url("http://you:s3cret@proxy:3128".to_owned()),
                ..NetworkSpec::default()
            },
            ..JobSpec::default()
        };
        let secrets = Secrets::default();
        keep_job(&secrets, &mut spec).unwrap();
        let mut item = NewItem::new(Locator::Url(url.clone()));
        keep_item(&secrets, &mut item);
        let mut links = vec![url];
        keep_links(&secrets, &mut links).unwrap();
        let text = serde_json::to_string(&spec).unwrap();
        for text in [text, item.locator.to_text(), links.concat()] {
            assert!(!text.contains("s3cret") && !text.contains("me:") && !text.contains('@'), "{text}");
        }
        assert_eq!(item.error, None);
    }

    #[cfg(unix)]
    #[test]
    fn an_item_whose_secret_can_not_be_kept_fails_without_it() {
        let secrets = Secrets::new(Some("/proc/no/such/folder/secrets.toml".into()));
        let mut item = NewItem::new(Locator::Url("https://me:s3cret@h.example/a.jpg".to_owned()));
        keep_item(&secrets, &mut item);
        assert_eq!(item.locator.to_text(), "https://h.example/a.jpg");
        let sentence = item.error.unwrap().to_string();
        assert!(sentence.contains("secrets.toml") && !sentence.contains("s3cret"), "{sentence}");
    }
}
