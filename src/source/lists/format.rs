//! How a format of lists is declared. Each format is one file with a [`ListFormat`] and its line in `formats.rs`; file
//! names, sniffing and help follow from that.

use std::fs::File;
use std::io::BufRead;
use std::ops::ControlFlow;

use super::columns::HeaderCheck;
use super::list_reader::List;
use crate::model::ListSpec;

/// A format of lists.
#[derive(Debug)]
pub(in crate::source) struct ListFormat {
    /// Extensions of its files, in lower case and without the dot; help names the first.
    pub(in crate::source) extensions: &'static [&'static str],
    /// What help adds to the extension in English; may be empty. The other catalogues have `list_format-EXTENSION`.
    pub(in crate::source) help: &'static str,
    /// How it is read.
    pub(in crate::source) layout: Layout,
}

/// How a list of a format is read.
#[derive(Debug)]
pub(in crate::source) enum Layout {
    /// As a stream, from its start to its end.
    Stream {
        /// Whether a list is of this format, judged by its first lines, if its name does not say.
        sniff: fn(&[u8], &ListSpec) -> bool,
        /// Gives its rows.
        read: fn(&mut List<'_>, Stream<'_>) -> ControlFlow<()>,
        /// Checks the requested columns; `None` if the list can't be read.
        header: fn(Stream<'_>, &ListSpec) -> Option<HeaderCheck>,
    },
    /// Only from a file.
    WholeFile {
        /// The first bytes of every such file.
        magic: &'static [u8],
        /// Gives its rows.
        read: fn(&mut List<'_>, File) -> ControlFlow<()>,
        /// Checks the requested columns; `None` if the list can't be read.
        header: fn(File, &ListSpec) -> Option<HeaderCheck>,
    },
}

/// A list as a stream of bytes: decompressed, and without a byte order mark.
pub(in crate::source) struct Stream<'a> {
    pub(in crate::source) reader: Box<dyn BufRead + 'a>,
    /// The first lines, which `reader` gives again; of a list that another program is writing, as few as possible.
    pub(in crate::source) sample: Vec<u8>,
}
