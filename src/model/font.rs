//! The bundled fonts, for the window and for text in images. Latin and Hangul; the license (OFL) is next to the files.

/// The family's name.
pub const FAMILY: &str = "Pretendard";

/// Weight 400, TrueType.
pub const REGULAR: &[u8] = include_bytes!("../../assets/fonts/Pretendard-Regular.ttf");

/// Weight 600, TrueType.
pub const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/Pretendard-SemiBold.ttf");
