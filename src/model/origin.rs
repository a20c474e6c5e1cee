//! Who named a link, which decides which addresses it may lead to.

use serde::{Deserialize, Serialize};

/// Who named a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The user: as an argument, in a list, by pasting, or on standard input.
    #[default]
    User,
    /// A list that was itself fetched. Anybody may have written it, so it never leads to private addresses.
    Fetched,
}

impl Origin {
    /// Whether the user named it; only other origins are recorded.
    pub fn is_user(&self) -> bool {
        *self == Self::User
    }
}
