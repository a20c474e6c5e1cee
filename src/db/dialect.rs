//! How a kind of database writes SQL.

/// What differs between the SQL of databases.
#[derive(Debug)]
pub struct Dialect {
    /// Quotes identifiers; doubled within them.
    pub quote: char,
    /// Further opening and closing quotes of identifiers that statements may use.
    pub other_quotes: &'static [(char, char)],
    /// How parameters are written.
    pub placeholders: Placeholders,
    /// Whether a backslash in a string literal escapes the next character.
    pub has_backslash_escapes: bool,
    /// Whether `$tag$...$tag$` is a string literal, `E'...'` has backslash escapes, and comments nest.
    pub has_dollar_quotes: bool,
    /// Whether `#` begins a comment.
    pub has_hash_comments: bool,
    /// Most parameters of a statement.
    pub most_parameters: usize,
}

/// How parameters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholders {
    /// `$1`, `$2`.
    Dollar,
    /// `?1`, `?2`.
    NumberedQuestion,
    /// `?` for each use.
    Question,
}

impl Dialect {
    /// An identifier as it is written in statements, whatever it contains.
    pub fn quoted(&self, identifier: &str) -> String {
        let mut text = String::with_capacity(identifier.len() + 2);
        text.push(self.quote);
        for c in identifier.chars() {
            text.push(c);
            if c == self.quote {
                text.push(c);
            }
        }
        text.push(self.quote);
        text
    }

    /// The placeholder of a parameter, counted from 1.
    pub fn placeholder(&self, number: usize) -> String {
        match self.placeholders {
            Placeholders::Dollar => format!("${number}"),
            Placeholders::NumberedQuestion => format!("?{number}"),
            Placeholders::Question => "?".to_owned(),
        }
    }
}
