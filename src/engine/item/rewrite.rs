//! Rewrites files without loss where nothing else is requested: with optimized tables or in several scans, or cut and
//! turned in whole blocks.

use crate::codec::{self, Header, Rearrangement};
use crate::model::{Area, ColourChoice, ImageInfo, LossReason, Orientation, Recipe, Remark, Save, is_only_recoded};
use crate::op::Plan;
use crate::op::stage::Rect;

/// Whether a file is rewritten without decoding it.
pub(crate) enum Rewriting {
    /// It is decoded.
    No,
    /// It is decoded, although rewriting was requested.
    Refused(LossReason),
    /// All of it is rewritten as it is stored.
    AsStored {
        /// Memory that this takes.
        bytes: u64,
    },
    /// A part is kept and turned.
    Rearranged {
        /// The part, and the turn.
        change: Rearrangement,
        /// The part differs from the requested one.
        remark: Option<Remark>,
        /// Memory that this takes.
        bytes: u64,
    },
}

impl Rewriting {
    /// What the result says about it.
    pub(super) fn remark(&self) -> Option<Remark> {
        match self {
            Self::No | Self::AsStored { .. } => None,
            Self::Refused(why) => Some(Remark::NotLossless { why: *why }),
            Self::Rearranged { remark, .. } => remark.clone(),
        }
    }

    pub(super) const fn bytes(&self) -> u64 {
        match self {
            Self::No | Self::Refused(_) => 0,
            Self::AsStored { bytes } | Self::Rearranged { bytes, .. } => *bytes,
        }
    }
}

const fn area(rect: Rect) -> Area {
    Area { x: rect.x, y: rect.y, width_px: rect.width_px, height_px: rect.height_px }
}

const fn rect(area: Area) -> Rect {
    Rect { x: area.x, y: area.y, width_px: area.width_px, height_px: area.height_px }
}

/// Whether and how a file is rewritten for a plan, and the plan of what is then made: the part that is kept begins between
/// blocks.
pub(super) fn rewriting(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    recipe: &Recipe,
    save: &Save,
) -> (Rewriting, Option<Plan>) {
    let format = save.format.resolve(header.format);
    let is_transcoded = format != header.format;
    let memory = |is_rearranged| {
        if is_transcoded {
            codec::transcoding_bytes(bytes, header, format, is_rearranged)
        } else {
            codec::rewriting_bytes(bytes, header, is_rearranged)
        }
    };
    let keeps_colours = matches!(save.colour, ColourChoice::Srgb | ColourChoice::Keep);
    let is_as_stored =
        if is_transcoded { keeps_colours && recipe.active().next().is_none() } else { is_only_recoded(recipe, save) };
    if is_as_stored {
        return (Rewriting::AsStored { bytes: memory(false) }, None);
    }
    if !save.lossless_jpeg && !is_transcoded {
        return (Rewriting::No, None);
    }
    match rearranged(bytes, header, plan, save) {
        Err(why) => (Rewriting::Refused(why), None),
        Ok((change, remark)) => {
            let plan = Plan::rearranging(header.info, rect(change.part), change.turn);
            (Rewriting::Rearranged { change, remark, bytes: memory(true) }, Some(plan))
        }
    }
}

/// The part of a file that can be cut out and turned without loss, instead of the one that a plan cuts out.
fn rearranged(
    bytes: &[u8],
    header: &Header,
    plan: &Plan,
    save: &Save,
) -> Result<(Rearrangement, Option<Remark>), LossReason> {
    let (asked, turn) = plan.rearrangement().ok_or(LossReason::Steps)?;
    if !matches!(save.colour, ColourChoice::Srgb | ColourChoice::Keep) {
        return Err(LossReason::Colours);
    }
    let wanted = Rearrangement { part: area(asked), turn };
    let part = codec::rearranged_part(bytes, header.format, &wanted).ok_or(LossReason::Blocks)?;
    let remark = (part != wanted.part).then(|| cut(&header.info, asked, rect(part), turn));
    Ok((Rearrangement { part, turn }, remark))
}

fn cut(full: &ImageInfo, asked: Rect, part: Rect, turn: Orientation) -> Remark {
    let turned = |rect| Plan::turned_part(full, rect, turn);
    let (asked, part) = (turned(asked), turned(part));
    Remark::CutBetweenBlocks {
        x: part.x,
        y: part.y,
        size_px: (part.width_px, part.height_px),
        asked_px: (asked.width_px, asked.height_px),
    }
}
