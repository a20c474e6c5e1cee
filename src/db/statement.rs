//! Statements of users, with named parameters such as `:last`.

use super::{DbError, DbErrorKind, Dialect, Placeholders};

/// A statement whose parameters were found. They are not recognised in literals, quoted identifiers, comments and casts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The text between parameters: one piece more than there are uses.
    pieces: Vec<String>,
    /// The parameter after each piece but the last, as an index into `names`.
    uses: Vec<usize>,
    names: Vec<String>,
}

/// A part of a statement, as far as parameters are concerned.
enum Token {
    /// Text of this length in bytes.
    Text(usize),
    /// A parameter of this length in bytes, colon included.
    Parameter(usize),
}

impl Statement {
    /// Finds the parameters of a statement. A trailing semicolon is dropped; a second statement, a NUL byte and a literal
    /// or comment that does not end are refused.
    pub fn parse(sql: &str, dialect: &Dialect) -> Result<Self, DbError> {
        let wrong = |message: &'static str| Err(DbError::own(DbErrorKind::Statement, message));
        if sql.contains('\0') {
            return wrong("db_statement_nul");
        }
        let mut statement = Self { pieces: vec![String::new()], uses: Vec::new(), names: Vec::new() };
        let (mut rest, mut has_ended, mut is_empty) = (sql, false, true);
        while !rest.is_empty() {
            let (length, is_parameter) = match next_token(rest, sql.len() - rest.len(), sql, dialect) {
                Ok(Token::Text(length)) => (length, false),
                Ok(Token::Parameter(length)) => (length, true),
                Err(message) => return wrong(message),
            };
            let (token, after) = rest.split_at(length);
            rest = after;
            if token == ";" {
                has_ended = true;
                continue;
            }
            let is_blank = token.trim().is_empty() || is_comment(token, dialect);
            if has_ended && !is_blank {
                return wrong("db_statement_several");
            }
            is_empty &= is_blank;
            if has_ended {
                continue;
            }
            if is_parameter {
                statement.push_use(&token[1..]);
            } else if let Some(piece) = statement.pieces.last_mut() {
                piece.push_str(token);
            }
        }
        if is_empty { wrong("db_statement_empty") } else { Ok(statement) }
    }

    fn push_use(&mut self, name: &str) {
        let known = self.names.iter().position(|known| known == name);
        let index = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        self.uses.push(index);
        self.pieces.push(String::new());
    }

    /// The names of its parameters, each once, in the order of their first uses.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The text for a database, with its placeholders.
    pub fn render(&self, dialect: &Dialect) -> String {
        let mut text = self.pieces[0].clone();
        for (used, piece) in self.uses.iter().zip(&self.pieces[1..]) {
            text.push_str(&dialect.placeholder(used + 1));
            text.push_str(piece);
        }
        text
    }

    /// The values to bind to [`Self::render`]'s text, of those of the parameters in the order of [`Self::names`].
    pub fn bound<T: Clone>(&self, values: &[T], dialect: &Dialect) -> Vec<T> {
        match dialect.placeholders {
            Placeholders::Question => self.uses.iter().filter_map(|used| values.get(*used).cloned()).collect(),
            Placeholders::Dollar | Placeholders::NumberedQuestion => values.to_vec(),
        }
    }
}

fn is_comment(token: &str, dialect: &Dialect) -> bool {
    token.starts_with("--") || token.starts_with("/*") || (dialect.has_hash_comments && token.starts_with('#'))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The next part of a statement; `at` is its position in the whole text.
fn next_token(rest: &str, at: usize, whole: &str, dialect: &Dialect) -> Result<Token, &'static str> {
    const OPEN_LITERAL: &str = "db_statement_literal";
    const OPEN_IDENTIFIER: &str = "db_statement_identifier";
    const OPEN_COMMENT: &str = "db_statement_comment";
    let text = |length| Ok(Token::Text(length));
    let first = rest.chars().next().unwrap_or_default();
    let line = || rest.find('\n').map_or(rest.len(), |end| end + 1);
    match first {
        // MySQL wants a blank after `--`; `1--1` has none and no parameter either way.
        '-' if rest.starts_with("--") => text(line()),
        '#' if dialect.has_hash_comments => text(line()),
        '/' if rest.starts_with("/*") => {
            comment_length(rest, dialect.has_dollar_quotes).ok_or(OPEN_COMMENT).map(Token::Text)
        }
        '\'' => quoted_length(rest, '\'', '\'', dialect.has_backslash_escapes).ok_or(OPEN_LITERAL).map(Token::Text),
        c if c == dialect.quote => quoted_length(rest, c, c, false).ok_or(OPEN_IDENTIFIER).map(Token::Text),
        c if dialect.other_quotes.iter().any(|(open, _)| *open == c) => {
            let close = dialect.other_quotes.iter().find(|(open, _)| *open == c).map_or(c, |(_, close)| *close);
            let escapes = dialect.has_backslash_escapes && c == '"';
            quoted_length(rest, c, close, escapes).ok_or(OPEN_IDENTIFIER).map(Token::Text)
        }
        '$' if dialect.has_dollar_quotes && !whole[..at].ends_with(is_word) => match dollar_quoted_length(rest) {
            Some(Some(length)) => text(length),
            Some(None) => Err(OPEN_LITERAL),
            None => text(1),
        },
        ':' if rest.starts_with("::") => text(2),
        ':' => {
            let name = &rest[1..];
            let length = name.find(|c| !is_word(c) || c == '$').unwrap_or(name.len());
            let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
            // `a[1:n]` is a slice of PostgreSQL only after a digit or a word; `:=` and `x:y` are no parameters either.
            let is_slice = whole[..at].ends_with(|c: char| is_word(c) || c == ']' || c == ')');
            if is_name && !is_slice { Ok(Token::Parameter(1 + length)) } else { text(1) }
        }
        'e' | 'E' if dialect.has_dollar_quotes && rest[1..].starts_with('\'') && !whole[..at].ends_with(is_word) => {
            quoted_length(&rest[1..], '\'', '\'', true).ok_or(OPEN_LITERAL).map(|length| Token::Text(1 + length))
        }
        c if is_word(c) => text(rest.find(|c| !is_word(c)).unwrap_or(rest.len())),
        c => text(c.len_utf8()),
    }
}

/// Length of a quoted text, quotes included; a doubled closing quote is part of it.
fn quoted_length(rest: &str, open: char, close: char, has_backslash_escapes: bool) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if has_backslash_escapes && c == '\\' {
            chars.next();
        } else if c == close {
            // Brackets are not doubled.
            if open == close && chars.peek().is_some_and(|(_, next)| *next == close) {
                chars.next();
            } else {
                return Some(at + c.len_utf8());
            }
        }
    }
    None
}

fn comment_length(rest: &str, nests: bool) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_u32);
    while at < rest.len() {
        if rest[at..].starts_with("/*") && (nests || depth == 0) {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

/// Length of `$tag$...$tag$`; `Some(None)` if it does not end, `None` if it is no such literal.
#[expect(clippy::option_option, reason = "whether it begins, and whether it ends")]
fn dollar_quoted_length(rest: &str) -> Option<Option<usize>> {
    let tag_length = rest[1..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map(|end| end + 1)?;
    let tag = &rest[1..tag_length];
    if !rest[tag_length..].starts_with('$') || tag.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mark = &rest[..=tag_length];
    Some(rest[mark.len()..].find(mark).map(|end| mark.len() + end + mark.len()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::db::sqlite::DIALECT as SQLITE;

    const POSTGRES: Dialect = Dialect {
        quote: '"',
        other_quotes: &[],
        placeholders: Placeholders::Dollar,
        has_backslash_escapes: false,
        has_dollar_quotes: true,
        has_hash_comments: false,
        most_parameters: 65_535,
    };
    const MYSQL: Dialect = Dialect {
        quote: '`',
        other_quotes: &[('"', '"')],
        placeholders: Placeholders::Question,
        has_backslash_escapes: true,
        has_dollar_quotes: false,
        has_hash_comments: true,
        most_parameters: 65_535,
    };

    fn check(sql: &str, dialect: &Dialect, rendered: &str, names: &[&str]) {
        let statement = Statement::parse(sql, dialect).unwrap();
        assert_eq!(
            (statement.render(dialect).as_str(), statement.names()),
            (rendered, &names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()[..]),
            "{sql}"
        );
    }

    #[test]
    fn parameters_are_found_wherever_a_value_may_be() {
        let sql = "SELECT a FROM t WHERE (:last IS NULL OR b>=:last) AND c=:c_1";
        check(sql, &POSTGRES, "SELECT a FROM t WHERE ($1 IS NULL OR b>=$1) AND c=$2", &["last", "c_1"]);
        check(sql, &SQLITE, "SELECT a FROM t WHERE (?1 IS NULL OR b>=?1) AND c=?2", &["last", "c_1"]);
        check(sql, &MYSQL, "SELECT a FROM t WHERE (? IS NULL OR b>=?) AND c=?", &["last", "c_1"]);
        let statement = Statement::parse(sql, &MYSQL).unwrap();
        assert_eq!(statement.bound(&["x", "y"], &MYSQL), ["x", "x", "y"]);
        assert_eq!(statement.bound(&["x", "y"], &POSTGRES), ["x", "y"]);
    }

    #[test]
    fn literals_identifiers_comments_and_casts_have_no_parameters() {
        for sql in [
            "SELECT ':a', 'it''s :a', a::text, now()::date",
            "SELECT \":a\", \"x\"\":a\"",
            "SELECT 1 -- :a\n",
            "SELECT 1 /* :a /* :b */ :c */",
            "SELECT $$ :a $$, $x$ $$ :a $x$",
            "SELECT E'\\' :a', 'x'",
            "SELECT (ARRAY[1,2,3])[1:2], a[i:j] FROM t",
            "SELECT $1",
        ] {
            check(sql, &POSTGRES, sql, &[]);
        }
        for sql in ["SELECT '\\' :a', `:a`, \":a\"", "SELECT 1 # :a\n", "SELECT @x := 1"] {
            check(sql, &MYSQL, sql, &[]);
        }
        for sql in ["SELECT [:a], `:a`, ':a'", "SELECT '\\', ':a'"] {
            check(sql, &SQLITE, sql, &[]);
        }
    }

    #[test]
    fn one_statement_is_allowed_with_or_without_a_semicolon() {
        check("SELECT 1; -- end\n ", &POSTGRES, "SELECT 1", &[]);
        check("SELECT ';'", &POSTGRES, "SELECT ';'", &[]);
        for sql in [
            "",
            "  ;",
            "-- nothing",
            "SELECT 1; DROP TABLE t",
            "SELECT 'a",
            "SELECT /* a",
            "SELECT \"a",
            "SELECT $$ a",
            "SELECT 1\0",
        ] {
            assert!(Statement::parse(sql, &POSTGRES).is_err(), "{sql:?}");
        }
    }

    #[test]
    fn identifiers_are_quoted_whatever_they_contain() {
        assert_eq!(POSTGRES.quoted("a\"; DROP TABLE t; --"), "\"a\"\"; DROP TABLE t; --\"");
        assert_eq!(MYSQL.quoted("order`s"), "`order``s`");
    }
}
