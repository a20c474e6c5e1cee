//! Details of a link's transfer.

use serde::{Deserialize, Serialize};

/// Duration of the parts of the last request in ms; parts that did not happen are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TransferTimes {
    /// Resolving the host's name; missing if it was cached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_ms: Option<u64>,
    /// Connecting; missing if a connection was reused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<u64>,
    /// The TLS handshake; missing without TLS, or if a connection was reused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_ms: Option<u64>,
    /// From then until the head of the response.
    pub wait_ms: u64,
    /// Receiving the body.
    pub body_ms: u64,
}

/// Details of a link's transfer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transfer {
    /// Durations of the last request.
    #[serde(skip)]
    pub times: TransferTimes,
    /// The content encoding, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Bytes received before decoding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packed_bytes: Option<u64>,
    /// How often the transfer was resumed.
    #[serde(skip_serializing_if = "is_zero")]
    pub resumed: u32,
    /// The file name in the response, if it differs from the link's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Job and sequence number of the result that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<(i64, u64)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
