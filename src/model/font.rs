//! The bundled fonts' bytes, for the window's words and for those drawn into pictures. Latin and Hangul; the licence (OFL)
//! stands beside the files.

/// The family's name.
pub const FAMILY: &str = "Pretendard";

/// Weight 400, TrueType.
pub const REGULAR: &[u8] = include_bytes!("../../assets/fonts/Pretendard-Regular.ttf");

/// Weight 600, TrueType.
pub const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/Pretendard-SemiBold.ttf");
