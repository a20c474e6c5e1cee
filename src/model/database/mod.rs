//! Requests about databases of users.

mod write_back;

pub use write_back::{
    FieldKind, ItemField, Rejection, WriteBackCounts, WriteBackLevel, WriteBackMode, WriteBackSpec, WriteColumn,
    WriteField,
};
