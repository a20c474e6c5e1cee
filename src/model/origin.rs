//! Who named a link: it decides which addresses the link may lead to.

use serde::{Deserialize, Serialize};

/// Who named a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The user: an argument, a list of theirs, what they pasted or piped in.
    #[default]
    User,
    /// A list that was itself fetched. It may have been written by anybody, so it never leads to an address inside the
    /// user's own network.
    Fetched,
}

impl Origin {
    /// Whether it is the user's own; what is not is worth noting.
    pub fn is_user(&self) -> bool {
        *self == Self::User
    }
}
