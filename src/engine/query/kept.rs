//! Bytes that a statement gives: in memory while they are few, else in a file of the job's spool.

use std::io::{self, Cursor, Read, Write};

use crate::store::{Content, Spool, SpooledFile};

/// Bytes that stay in memory.
const MOST_IN_MEMORY: usize = 256 << 10;

/// Bytes that are written once and then read or saved.
pub(crate) struct Kept {
    spool: Spool,
    /// All of them, or those that are not in the file yet.
    buffer: Vec<u8>,
    file: Option<SpooledFile>,
}

impl Kept {
    pub(crate) fn new(spool: Spool) -> Self {
        Self { spool, buffer: Vec::new(), file: None }
    }

    /// Appends bytes without using the disk; [`Kept::spill`] makes room in memory.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Whether there are so many bytes in memory that they belong into a file.
    pub(crate) fn is_full(&self) -> bool {
        self.buffer.len() > MOST_IN_MEMORY
    }

    /// Writes what is in memory to the file.
    pub(crate) fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.spool.create()?),
        };
        let mut file = file.file();
        file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Nothing more follows.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if self.file.is_some() && !self.buffer.is_empty() { self.spill() } else { Ok(()) }
    }

    /// Reads all of it, once it has ended.
    pub(crate) fn reader(&self) -> Box<dyn Read + Send + '_> {
        match &self.file {
            Some(file) => Box::new(file.reader()),
            None => Box::new(Cursor::new(&self.buffer)),
        }
    }

    /// How it becomes a result, once it has ended.
    pub(crate) fn content(&self) -> Content<'_> {
        match &self.file {
            Some(file) => Content::Move(file.name(), file.file()),
            None => Content::Bytes(&self.buffer),
        }
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.is_full() {
            self.spill()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
