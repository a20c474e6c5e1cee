//! The alpha channel of results whose kernel computes colour alone.

use crate::model::Channels;

/// Restores the original's alpha.
pub(crate) fn keep_alpha(original: &[f32], channels: Channels, out: &mut [f32]) {
    let count = channels.count();
    if channels.has_alpha() {
        let alphas = original.iter().skip(count - 1).step_by(count);
        out.iter_mut().skip(count - 1).step_by(count).zip(alphas).for_each(|(out, alpha)| *out = *alpha);
    }
}

/// Sets alpha to 1, so that colour keeps its value.
pub(crate) fn opaque(out: &mut [f32], channels: Channels) {
    let count = channels.count();
    if channels.has_alpha() {
        out.iter_mut().skip(count - 1).step_by(count).for_each(|alpha| *alpha = 1.0);
    }
}
