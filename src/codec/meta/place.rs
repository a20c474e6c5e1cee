//! Which metadata a result's format holds: what it can't hold is converted where there is another place for it, and noted
//! as left out where there is none.

use super::{exif, iptc_to_xmp, xmp_merge};
use crate::codec::spec::{Carries, CarriesIptc, CarriesTexts, Extras};
use crate::model::{Density, KeywordText, Metadata, Part};

/// Densities that programs write when nobody chose one, in pixels per inch.
const DEFAULT_DENSITIES: [f64; 2] = [72.0, 96.0];

/// Whether a density is one that programs write by default.
pub(super) fn is_default(density: Density) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() < 0.5;
    DEFAULT_DENSITIES.iter().any(|&usual| near(density.x_per_inch, usual) && near(density.y_per_inch, usual))
}

/// What a file of a format holds of a profile and metadata. `left_out` gets what it does not hold.
pub(in crate::codec) fn placed(extras: Extras, carries: &Carries) -> Extras {
    let Extras { profile, mut metadata } = extras;
    if carries.iptc != CarriesIptc::Yes {
        place_iptc(&mut metadata, carries);
    }
    if carries.texts != CarriesTexts::All {
        place_texts(&mut metadata, carries);
    }
    if !carries.density {
        place_density(&mut metadata, carries);
    }
    if !carries.exif && metadata.exif.take().is_some_and(|block| exif::says_something(&block)) {
        metadata.left_out.push(Part::Exif);
    }
    if !carries.xmp && metadata.xmp.take().is_some() {
        metadata.left_out.push(Part::Xmp);
    }
    let mut extras = Extras { profile, metadata };
    (carries.fit)(&mut extras);
    extras
}

/// Adds the fields of IPTC records to XMP.
fn place_iptc(metadata: &mut Metadata, carries: &Carries) {
    let Some(records) = metadata.iptc.clone() else { return };
    if carries.iptc == CarriesIptc::No {
        metadata.iptc = None;
    }
    if !carries.xmp {
        metadata.left_out.push(Part::Iptc);
        return;
    }
    let (properties, mut lost) = iptc_to_xmp::properties(&records);
    match xmp_merge::with_properties(metadata.xmp.as_deref(), &properties) {
        Some((packet, conflicts)) => {
            metadata.xmp = Some(packet.into());
            lost.extend(conflicts);
            if carries.iptc == CarriesIptc::No && !lost.is_empty() {
                metadata.left_out.push(Part::IptcFields(lost));
            }
        }
        None if carries.iptc == CarriesIptc::No => metadata.left_out.push(Part::Iptc),
        None => {}
    }
}

/// Keeps comments where a format has them, and moves texts under keywords of the PNG standard to XMP.
fn place_texts(metadata: &mut Metadata, carries: &Carries) {
    let stays = |text: &KeywordText| carries.texts == CarriesTexts::Comments && text.is_comment();
    let (kept, others): (Vec<_>, Vec<_>) = std::mem::take(&mut metadata.texts).into_iter().partition(stays);
    metadata.texts = kept;
    for text in others {
        let property = if carries.xmp { xmp_merge::of_keyword(&text) } else { None };
        let merged = property.and_then(|property| {
            let (packet, conflicts) = xmp_merge::with_properties(metadata.xmp.as_deref(), &[property])?;
            conflicts.is_empty().then_some(packet)
        });
        match merged {
            Some(packet) => metadata.xmp = Some(packet.into()),
            None if text.is_comment() => metadata.left_out.push(Part::Comment),
            None => metadata.left_out.push(Part::Text(text.keyword)),
        }
    }
}

/// Puts the density into EXIF, which is the only place for it.
fn place_density(metadata: &mut Metadata, carries: &Carries) {
    let Some(density) = metadata.density else { return };
    if carries.exif {
        // Without EXIF, a block of its own is worth it only for a density that somebody chose.
        if metadata.exif.is_some() || !is_default(density) {
            metadata.exif = Some(exif::with_density(metadata.exif.as_ref(), density));
        }
    } else if !is_default(density) {
        metadata.left_out.push(Part::Density);
    }
}
