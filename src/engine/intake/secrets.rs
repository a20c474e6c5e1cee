//! Moves user info of links and proxies into the secrets before a request reaches the catalog.

use std::path::Path;
use std::sync::Arc;

use super::queries;
use crate::engine::api::snapshot::NetworkFault;
use crate::error::{ErrorKind, ItemError, JobError};
use crate::fetch::{self, Secrets};
use crate::model::{JobSpec, Locator, Message, NetworkFile, NetworkSpec, NewItem, Origin, SourceSpec, locator};
use crate::store::{self, EntryKind};

/// Hides the secrets of a whole job.
pub(crate) fn keep_job(secrets: &Secrets, spec: &mut JobSpec) -> Result<(), JobError> {
    keep_network(secrets, &mut spec.network)?;
    keep_sources(secrets, &mut spec.sources)
}

/// Hides the secrets of network settings, and makes their paths absolute.
pub(crate) fn keep_network(secrets: &Secrets, network: &mut NetworkSpec) -> Result<(), JobError> {
    secrets.keep_proxy(network)?;
    for file in NetworkFile::ALL {
        if let Some(path) = file.path(network)
            && let Ok(absolute) = std::path::absolute(&*path)
        {
            *path = absolute;
        }
    }
    Ok(())
}

/// What is wrong with the files that settings name.
pub(crate) fn file_faults(network: &NetworkSpec) -> Arc<[NetworkFault]> {
    let fault = |file: NetworkFile| {
        let path = file.given(network)?;
        let is_missing = store::kind_at(path) != Some(EntryKind::File);
        (is_missing || fetch::check_file(file, path).is_err()).then_some(NetworkFault { file, is_missing })
    };
    NetworkFile::ALL.into_iter().filter_map(fault).collect()
}

/// The same as an error, before a job starts.
pub(crate) fn check_files(network: &NetworkSpec) -> Result<(), JobError> {
    let Some(fault) = file_faults(network).first().copied() else { return Ok(()) };
    let sentence = Message::new(match (fault.file, fault.is_missing) {
        (NetworkFile::Authorities, true) => "ca_missing",
        (NetworkFile::Authorities, false) => "ca_none",
        (NetworkFile::Cookies, true) => "cookies_not_there",
        (NetworkFile::Cookies, false) => "cookies_none",
        (NetworkFile::ClientCertificate, true) => "client_cert_not_there",
        (NetworkFile::ClientCertificate, false) => "client_cert_none",
    });
    let path = fault.file.given(network).unwrap_or(Path::new("")).display();
    Err(JobError::Refused(sentence.with("path", path)))
}

/// Hides the secrets of sources.
pub(crate) fn keep_sources(secrets: &Secrets, sources: &mut [SourceSpec]) -> Result<(), JobError> {
    sources.iter_mut().try_for_each(|source| queries::keep_password(secrets, source))?;
    for input in sources.iter_mut().flat_map(|source| &mut source.inputs) {
        if let Locator::Url(url) = input {
            *url = secrets.keep_link(url)?;
        }
    }
    Ok(())
}

/// Hides the secrets of pasted links.
pub(crate) fn keep_links(secrets: &Secrets, links: &mut [String]) -> Result<(), JobError> {
    for link in links {
        *link = secrets.keep_link(link)?;
    }
    Ok(())
}

/// Hides the secrets of a list's item. If its secret can't be stored, the item fails without it.
pub(crate) fn keep_item(secrets: &Secrets, item: &mut NewItem) {
    if matches!(item.locator, Locator::Row(_)) {
        // Its columns are bound as they are.
        return;
    }
    item.columns.without_user_info();
    let Locator::Url(url) = &mut item.locator else { return };
    if item.origin == Origin::Fetched {
        // A list that someone else wrote adds nothing to the user's secrets.
        *url = locator::without_user_info(url);
        return;
    }
    match secrets.keep_link(url) {
        Ok(kept) => *url = kept,
        Err(error) => {
            *url = locator::without_user_info(url);
            let failure = ItemError::new(ErrorKind::MissingSecret, locator::shown_url(url)).saying(error.sentence());
            item.error.get_or_insert(failure);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::secrets::*;
    use crate::model::ProxyChoice;

    #[test]
    fn nothing_secret_is_left_in_a_job() {
        let url = "https://me:s3cret@h.example/a.jpg".to_owned();
        let mut spec = JobSpec {
            sources: vec![crate::source::urls([url.clone()]), crate::source::fetched_list(url.clone())],
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
