//! The fonts for text in drawings: the bundled ones, whatever a drawing asks for.

use std::sync::{Arc, LazyLock};

use resvg::usvg::fontdb::Database;

use crate::model::font;

/// The family used for all text.
pub(super) const FAMILY: &str = font::FAMILY;

/// The fonts, read once.
pub(super) fn database() -> Arc<Database> {
    static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
        let mut fonts = Database::new();
        for bytes in [font::REGULAR, font::SEMIBOLD] {
            fonts.load_font_source(resvg::usvg::fontdb::Source::Binary(Arc::new(bytes)));
        }
        fonts.set_serif_family(FAMILY);
        fonts.set_sans_serif_family(FAMILY);
        fonts.set_cursive_family(FAMILY);
        fonts.set_fantasy_family(FAMILY);
        fonts.set_monospace_family(FAMILY);
        Arc::new(fonts)
    });
    Arc::clone(&FONTS)
}
