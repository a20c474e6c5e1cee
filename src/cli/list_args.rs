//! Options of lists of links.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::JobError;
use crate::model::{ListSpec, Locator, SourceSpec};

#[derive(Clone, Debug, Args)]
pub(super) struct LinkArgs {
    /// A list of URLs: .txt (one per line, # starts a comment), .csv, .tsv, .jsonl or .parquet, each also .gz; a file,
    /// the http(s) URL of a list, or - for standard input (repeatable)
    #[arg(long, value_name = "FILE|URL|-")]
    urls: Vec<OsString>,
    /// The lists' column of URLs, in any case; where a list has no header, the column's number [default: url]
    #[arg(long, value_name = "NAME", requires = "urls")]
    url_column: Option<String>,
    /// The lists' column of checksums: MD5, SHA-1 or SHA-256 in hex; what comes with another one fails
    #[arg(long, value_name = "NAME", requires = "urls")]
    checksum_column: Option<String>,
}

impl LinkArgs {
    /// How lists are read.
    pub(super) fn lists(&self) -> ListSpec {
        ListSpec { url_column: self.url_column.clone(), checksum_column: self.checksum_column.clone() }
    }

    /// The lists as sources.
    pub(super) fn sources(&self) -> Result<Vec<SourceSpec>, JobError> {
        self.urls.iter().map(source).collect()
    }
}

/// The file of a source, if it is a list that was most likely to be read, and not itself to be worked on.
pub(super) fn list_given_as_input(source: &SourceSpec) -> Option<&Path> {
    const HEAD_BYTES: u64 = 4096;
    let SourceSpec::File { path } = source else { return None };
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let mut head = Vec::new();
    let is_list = ["txt", "csv", "tsv", "jsonl"].contains(&extension.as_str())
        && File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head)).is_ok();
    let text = String::from_utf8_lossy(&head);
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"'));
    (is_list && words.any(Locator::is_url)).then_some(path)
}

fn source(list: &OsString) -> Result<SourceSpec, JobError> {
    if let Some(url) = list.to_str().filter(|text| Locator::is_url(text)) {
        return Ok(SourceSpec::FetchedList { url: url.to_owned(), hash: None });
    }
    super::args::check_scheme(list)?;
    let path = Path::new(list);
    if list == "-" {
        Ok(SourceSpec::Stdin)
    } else if path.is_dir() {
        Err(JobError::Usage(format!("The list {} is a folder, not a file.", path.display())))
    } else if path.exists() {
        Ok(SourceSpec::UrlList { path: absolute(path)? })
    } else {
        Err(JobError::Usage(format!("The list {} is not there. Check its name.", path.display())))
    }
}

fn absolute(path: &Path) -> Result<PathBuf, JobError> {
    std::path::absolute(path).map_err(|error| JobError::Usage(format!("{}: {error}", path.display())))
}
