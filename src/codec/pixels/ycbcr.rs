//! Luma and chroma to colours, with the coefficients and the reference values of a TIFF or SGI file (TIFF 6.0,
//! sections 20 and 21), computed as libtiff's `tif_color.c` does.

/// A conversion to RGB of 8 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::codec) struct YCbCr {
    red: f32,
    green: f32,
    blue: f32,
    /// The values of black and white, or of zero and most chroma, for each of the three.
    references: [(f32, f32); 3],
}

impl Default for YCbCr {
    /// As in JFIF: Rec. 601, full range.
    fn default() -> Self {
        Self { red: 0.299, green: 0.587, blue: 0.114, references: [(0.0, 255.0), (128.0, 255.0), (128.0, 255.0)] }
    }
}

impl YCbCr {
    /// A conversion with a file's numbers; those that make no sense are ignored.
    pub(in crate::codec) fn new(coefficients: Option<&[f64]>, references: Option<&[f64]>) -> Self {
        let mut made = Self::default();
        if let Some(&[red, green, blue]) = coefficients
            && [red, green, blue].iter().all(|value| (0.0..=1.0).contains(value))
            && green > 0.0
        {
            (made.red, made.green, made.blue) = (red as f32, green as f32, blue as f32);
        }
        if let Some(&[y0, y1, u0, u1, v0, v1]) = references
            && [(y0, y1), (u0, u1), (v0, v1)].iter().all(|(low, high)| low.is_finite() && high > low)
        {
            made.references = [(y0, y1), (u0, u1), (v0, v1)].map(|(low, high)| (low as f32, high as f32));
        }
        made
    }

    pub(in crate::codec) fn rgb(&self, [y, u, v]: [u8; 3]) -> [u8; 3] {
        let [(black, white), (u0, u1), (v0, v1)] = self.references;
        let y = (f32::from(y) - black) * 255.0 / (white - black);
        let u = (f32::from(u) - u0) * 127.0 / (u1 - u0);
        let v = (f32::from(v) - v0) * 127.0 / (v1 - v0);
        let red = (2.0 - 2.0 * self.red).mul_add(v, y);
        let blue = (2.0 - 2.0 * self.blue).mul_add(u, y);
        let green = (y - self.red * red - self.blue * blue) / self.green;
        // `as` saturates.
        [red, green, blue].map(|value| (value + 0.5) as u8)
    }
}
