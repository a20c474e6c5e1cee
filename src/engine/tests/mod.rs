//! Failures and crashes that only a catalog inside the program can cause.
#![expect(clippy::unwrap_used, reason = "tests")]

mod catalog_failures;
mod failing_catalog;
