//! The list of operations: one line each.

use crate::model::{Message, spelling};
use crate::op::ops::{colour, detail, finish, geometry};
use crate::op::spec::OpSpec;

/// Every operation, in the order of menus.
pub fn registry() -> &'static [OpSpec] {
    const {
        &[
            geometry::resize::SPEC,
            geometry::crop::SPEC,
            geometry::trim::SPEC,
            geometry::rotate::SPEC,
            geometry::flip::SPEC,
            geometry::canvas::SPEC,
            geometry::border::SPEC,
            geometry::rounded_corners::SPEC,
            colour::brightness::SPEC,
            colour::contrast::SPEC,
            colour::exposure::SPEC,
            colour::gamma::SPEC,
            colour::levels::SPEC,
            colour::auto_levels::SPEC,
            colour::curves::SPEC,
            colour::linear::SPEC,
            colour::white_balance::SPEC,
            colour::saturation::SPEC,
            colour::vibrance::SPEC,
            colour::hue::SPEC,
            colour::channel_mixer::SPEC,
            colour::lut::SPEC,
            colour::grayscale::SPEC,
            colour::sepia::SPEC,
            colour::duotone::SPEC,
            colour::invert::SPEC,
            colour::solarize::SPEC,
            colour::threshold::SPEC,
            colour::posterize::SPEC,
            detail::sharpen::SPEC,
            detail::clarity::SPEC,
            detail::denoise::SPEC,
            detail::median::SPEC,
            detail::gaussian_blur::SPEC,
            detail::box_blur::SPEC,
            detail::motion_blur::SPEC,
            detail::pixelate::SPEC,
            detail::edge::SPEC,
            detail::emboss::SPEC,
            detail::high_pass::SPEC,
            detail::grain::SPEC,
            finish::watermark_text::SPEC,
            finish::watermark_image::SPEC,
            finish::vignette::SPEC,
            finish::drop_shadow::SPEC,
        ]
    }
}

/// The operation of that name, in any spelling.
pub fn find(id: &str) -> Option<&'static OpSpec> {
    let id = spelling::find(id, registry().iter().map(|spec| spec.id))?;
    registry().iter().find(|spec| spec.id == id)
}

/// The error for an unknown operation, which lists the known ones and suggests the nearest.
pub(super) fn unknown(id: &str) -> Message {
    let names: Vec<&str> = registry().iter().map(|spec| spec.id).collect();
    let message = match spelling::nearest(id, names.iter().copied()) {
        Some(near) => Message::new("no_operation_near").with("near", near),
        None => Message::new("no_operation"),
    };
    message.with("name", id).with("names", names.join(", "))
}
