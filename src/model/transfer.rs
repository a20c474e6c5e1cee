//! How a link's bytes came.

use serde::{Deserialize, Serialize};

/// How long the parts of the last request took, in ms; what was not done is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TransferTimes {
    /// Looking up the host's name; missing where its address was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_ms: Option<u64>,
    /// Connecting; missing where a connection was used again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<u64>,
    /// Making the connection secure; missing where it is not, or was used again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_ms: Option<u64>,
    /// From then until the answer's head was there.
    pub wait_ms: u64,
    /// Receiving the body.
    pub body_ms: u64,
}

/// How a link's bytes came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transfer {
    /// How long the last request took.
    #[serde(skip)]
    pub times: TransferTimes,
    /// How the bytes were packed on their way, if they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Bytes that came, where they were unpacked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packed_bytes: Option<u64>,
    /// How often it went on where it had broken off.
    #[serde(skip_serializing_if = "is_zero")]
    pub resumed: u32,
    /// Whose result still stands, where the server says that nothing changed: job and place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<(i64, u64)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
