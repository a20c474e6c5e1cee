//! Gain maps of still images: as an image that is tone-mapped (`tmap`, ISO 21496-1), or as Apple's cameras store them, in an
//! auxiliary image.

use super::coded_image::{Colours, Shape};
use super::grid;
use super::item_codec::ItemCodec;
use super::items::{Item, Items};
use super::properties::Property;
use super::sequence::Sequence;
use crate::codec::gain_map::{self, FoundGainMap, Parameters, Place, Scale};
use crate::codec::spec::Decoded;
use crate::codec::{colour, errors, meta};
use crate::error::ItemError;
use crate::model::{HdrChoice, Metadata};

/// Finds the map of a file's primary image.
pub(crate) fn find(codec: &'static ItemCodec, bytes: &[u8]) -> Option<FoundGainMap> {
    if Sequence::read(codec, bytes).ok()?.is_some() {
        return None;
    }
    let items = Items::read(codec, bytes).ok()?;
    let primary = items.primary().ok()?;
    let picture = whole_shape(&items, primary)?;
    let (map, parameters, scale, space) = if let Some((derived, map)) = items.tone_mapped(primary) {
        let parameters = gain_map::from_tmap(&items.bytes_of(derived).ok()?)?;
        let space = if parameters.use_base_color_space { None } else { Some(space_of(derived)?) };
        (map, parameters, Scale::Logarithmic, space)
    } else {
        let map = items.gain_map_of(primary)?;
        let (parameters, headroom) = apple(&items, primary, map)?;
        (map, parameters, Scale::Apple { headroom }, None)
    };
    let shape = whole_shape(&items, map)?;
    // A map in another position than its picture can't be compared with it.
    let is_alike = items.orientation_of(map) == items.orientation_of(primary);
    if !is_alike || map.id == primary.id || !gain_map::fits(&shape.info, &picture.info) {
        return None;
    }
    let has_others = items.metadata_of(primary).left_out.contains(&crate::model::Part::OtherImages);
    Some(FoundGainMap { info: shape.info, place: Place::Item(map.id), scale, parameters, has_others, space })
}

/// The shape of an image without a clean aperture, which would hide some of what the map covers.
fn whole_shape(items: &Items<'_>, item: &Item<'_>) -> Option<Shape> {
    item.check_essential().ok()?;
    let size = items.size_of(item).ok()?;
    let shape =
        Shape::new(&item.properties, size, &items.coding(item).ok()?, false, items.orientation_of(item)).ok()?;
    ((shape.info.width_px, shape.info.height_px) == size).then_some(shape)
}

/// The colour space of an item, as a profile.
fn space_of(item: &Item<'_>) -> Option<Vec<u8>> {
    item.properties.iter().find_map(|(property, _)| match property {
        Property::Profile(profile) => Some(profile.to_vec()),
        Property::Numbers { primaries, .. } => colour::by_primaries(*primaries).or_else(colour::srgb),
        _ => None,
    })
}

/// The parameters of a map of Apple's, and its headroom: from the maker notes of the picture, or from the map's own XMP.
fn apple(items: &Items<'_>, primary: &Item<'_>, map: &Item<'_>) -> Option<(Parameters, f64)> {
    let Metadata { exif, .. } = items.metadata_of(primary);
    let in_notes = exif.as_deref().and_then(gain_map::apple_headroom);
    let in_xmp = || meta::apple_map_in_xmp(items.metadata_of(map).xmp.as_deref()?)?.headroom;
    let headroom = in_notes.or_else(in_xmp)?;
    Some((gain_map::of_apple(headroom)?, headroom))
}

/// Decodes a map that was found.
pub(crate) fn open<'a>(
    codec: &'static ItemCodec,
    bytes: &'a [u8],
    found: &FoundGainMap,
) -> Result<Decoded<'a>, ItemError> {
    let items = Items::read(codec, bytes)?;
    let Place::Item(id) = found.place else { return Err(errors::corrupt("heif_no_data")) };
    let map = items.by_id(id).ok_or_else(|| errors::corrupt("heif_no_data"))?;
    let shape = whole_shape(&items, map).ok_or_else(|| errors::corrupt("heif_no_size"))?;
    let frame = grid::decode(&items, map, shape.frame_size)?;
    // Its values are gains, not light.
    let colours = Colours::of(&map.properties, &frame, false, HdrChoice::Sdr)?.without_hdr();
    let rows = colours.rows(&shape, frame, None, &mut 0.0)?;
    Ok(Decoded { header: shape.header(None), rows: Box::new(rows), profile: None, metadata: Metadata::default() })
}

/// Pixels that are decoded at once.
pub(crate) fn pixels(found: &FoundGainMap) -> u64 {
    u64::from(found.info.width_px) * u64::from(found.info.height_px)
}
