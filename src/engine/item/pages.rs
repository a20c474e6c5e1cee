//! Which page of a document an item is that is a whole file or link.

use crate::codec::{self, Header};
use crate::error::{ErrorKind, ItemError};
use crate::model::{MAX_DOCUMENT_PAGES, Message, NoPages, PageNumber, PagesChoice};

/// The page of an item that is a whole file or link. One that has several chosen pages is refused: they are items of their
/// own, which have to be known before it is processed.
pub(crate) fn page_of_whole(
    choice: PagesChoice,
    header: &Header,
    is_link: bool,
) -> Result<Option<PageNumber>, ItemError> {
    if !choice.makes_items() || !codec::may_have_pages(header.format) {
        return Ok(None);
    }
    let refused = |id| {
        let why = Message::new(id).with("pages", choice).with("most", MAX_DOCUMENT_PAGES);
        Err(ItemError::nameless(ErrorKind::Unsupported).saying(&why.count("count", header.pages.into())))
    };
    match choice.of_document(header.pages).as_deref() {
        Ok([]) => Ok(None),
        Ok([page]) => Ok(Some(*page)),
        Ok(_) if is_link => refused("pages_of_link"),
        Ok(_) => refused("pages_not_known"),
        Err(NoPages::Fewer) => refused("pages_fewer"),
        Err(NoPages::TooMany) => refused("pages_too_many"),
    }
}
