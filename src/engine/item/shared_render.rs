//! Several results of one image, which is decoded once: the result that needs the largest image takes its rows from the
//! decoder, and the others are made from what was kept of them (`reduced.rs`).
//!
//! Steps with which all of them begin run once, if they take time (`SharedSteps`).
//!
//! Results that need another decode (an animation, another page, colour space or dynamic range, a file that is rewritten without
//! decoding) are rendered by themselves.

use super::guarded::guarded;
use super::reduced::{SharedImage, Tee, reduction};
use super::render::{DecodeKey, Prepared, Rendered, Source, StepsToRun};
use crate::codec::{self, DecodeControl};
use crate::error::{ErrorKind, ItemError};
use crate::model::{RowReader, Save};
use crate::op::{Plan, SharedSteps};

/// One result.
#[derive(Clone, Copy)]
pub(crate) struct Branch<'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) save: &'a Save,
    /// Whether it is made; one that exists only counts for the size at which the image is decoded, so that a result which is
    /// made later is the same.
    pub(crate) is_made: bool,
}

/// Renders the branches; each result is passed to `each`, with the branch's index, as soon as it is finished.
pub(crate) fn render_all(
    bytes: &[u8],
    branches: &[Branch<'_>],
    control: &DecodeControl<'_>,
    each: &mut dyn FnMut(usize, Result<Rendered, ItemError>),
) {
    let keys: Vec<Option<DecodeKey>> = branches.iter().map(|branch| branch.prepared.decode_key(branch.save)).collect();
    let mut is_done = vec![false; branches.len()];
    for at in 0..branches.len() {
        if is_done[at] || !branches[at].is_made {
            continue;
        }
        let group: Vec<usize> = match keys[at] {
            None => vec![at],
            Some(key) => (at..branches.len()).chain(0..at).filter(|other| keys[*other] == Some(key)).collect(),
        };
        group.iter().for_each(|one| is_done[*one] = true);
        if group.len() == 1 {
            let Branch { prepared, save, .. } = branches[at];
            each(at, prepared.render(bytes, save, control));
            continue;
        }
        let group: Vec<(usize, Branch<'_>)> = group.into_iter().map(|one| (one, branches[one])).collect();
        render_group(bytes, &group, control, each);
    }
}

/// Makes results of one decode, at the scale that all branches of the group need.
fn render_group(
    bytes: &[u8],
    group: &[(usize, Branch<'_>)],
    control: &DecodeControl<'_>,
    each: &mut dyn FnMut(usize, Result<Rendered, ItemError>),
) {
    let scale = |branch: &Branch<'_>| branch.prepared.plan.max_downscale();
    let mut made: Vec<(usize, Branch<'_>)> = group.iter().copied().filter(|(_, branch)| branch.is_made).collect();
    made.sort_by(|(_, one), (_, other)| scale(one).total_cmp(&scale(other)));
    let Some((_, first)) = made.first().copied() else { return };
    let least = max_downscale(group);
    let opened = guarded(|| {
        let mut options = first.prepared.decode_options(first.save);
        options.max_downscale = least;
        options.luma = group.iter().all(|(_, branch)| branch.prepared.plan.accepts_luma());
        codec::open_cancellable(bytes, &options, control)
    });
    let mut opened = match opened {
        Ok(opened) => opened,
        Err(error) => {
            return made.iter().for_each(|(at, branch)| each(*at, Err(branch.prepared.explained(error.clone()))));
        }
    };
    let reader = made.iter().find(|(_, branch)| branch.prepared.keeps_map());
    let gain_map = match reader.map_or(Ok(None), |(_, branch)| guarded(|| branch.prepared.read_map(bytes, control))) {
        Ok(gain_map) => gain_map,
        Err(error) => return made.iter().for_each(|(at, _)| each(*at, Err(error.clone()))),
    };
    let source = Source {
        profile: opened.profile.as_ref(),
        stored_profile: opened.stored_profile.as_ref(),
        metadata: &opened.metadata,
        is_converted: opened.is_converted,
        gain_map: gain_map.as_ref(),
    };
    if let Some(shared) = SharedSteps::of(&plans(group)) {
        return render_rest(bytes, shared, group, (opened.rows.as_mut(), &source), control, each);
    }
    let full_width_px = first.prepared.header.info.width_px;
    let reduced = |branch: &Branch<'_>| {
        let is_largest = scale(branch) <= least;
        if is_largest { 1 } else { reduction(opened.rows.as_ref(), full_width_px, scale(branch)) }
    };
    let reductions: Vec<u32> = made.iter().map(|(_, branch)| reduced(branch)).collect();
    // A result that needs a smaller image is made from that even if the larger ones exist: so it is always the same.
    let direct = usize::from(scale(&first) <= least);
    let mut tee = Tee::new(opened.rows.as_mut(), reductions.iter().skip(direct).min().copied());
    if let Some((at, branch)) = made.first().filter(|_| direct == 1) {
        each(*at, branch.prepared.render_from(bytes, &mut tee, StepsToRun::All, &source, branch.save, control));
    }
    let others = made.get(direct..).unwrap_or_default();
    if others.is_empty() {
        return;
    }
    match guarded(|| tee.finish(control.cancelled)) {
        Ok(mut shared) => {
            for ((at, branch), reduction) in others.iter().zip(reductions.into_iter().skip(direct)) {
                let rendered = match shared.rows(reduction) {
                    Some(mut rows) => {
                        branch.prepared.render_from(bytes, &mut rows, StepsToRun::All, &source, branch.save, control)
                    }
                    None => Err(ItemError::nameless(ErrorKind::Panic)),
                };
                each(*at, rendered);
            }
        }
        Err(error) => {
            others.iter().for_each(|(at, branch)| each(*at, Err(branch.prepared.explained(error.clone()))));
        }
    }
}

/// Runs the steps that all branches of the group share, then makes results of what they gave.
fn render_rest(
    bytes: &[u8],
    shared: SharedSteps,
    group: &[(usize, Branch<'_>)],
    (rows, source): (&mut dyn RowReader, &Source<'_>),
    control: &DecodeControl<'_>,
    each: &mut dyn FnMut(usize, Result<Rendered, ItemError>),
) {
    let is_made = |(_, branch): &&(usize, Branch<'_>)| branch.is_made;
    match guarded(|| shared.run(&plans(group), rows, control.cancelled)) {
        Ok((image, rests)) => {
            let mut image = SharedImage::whole(image, rows);
            let made = group.iter().zip(&rests).filter(|(branch, _)| is_made(branch));
            for ((at, Branch { prepared, save, .. }), rest) in made {
                let rendered = match image.rows(1) {
                    Some(mut rows) => {
                        prepared.render_from(bytes, &mut rows, StepsToRun::Rest(rest), source, save, control)
                    }
                    None => Err(ItemError::nameless(ErrorKind::Panic)),
                };
                each(*at, rendered);
            }
        }
        Err(error) => {
            let made = group.iter().filter(is_made);
            made.for_each(|(at, branch)| each(*at, Err(branch.prepared.explained(error.clone()))));
        }
    }
}

fn plans<'a>(group: &[(usize, Branch<'a>)]) -> Vec<&'a Plan> {
    group.iter().map(|(_, branch)| &branch.prepared.plan).collect()
}

fn max_downscale(group: &[(usize, Branch<'_>)]) -> f64 {
    group.iter().map(|(_, branch)| branch.prepared.plan.max_downscale()).fold(f64::INFINITY, f64::min)
}

/// Memory in bytes that these results take when they are made one after the other, the file included.
pub(crate) fn peak_bytes(branches: &[Branch<'_>], file_bytes: u64) -> u64 {
    let keys: Vec<Option<DecodeKey>> = branches.iter().map(|branch| branch.prepared.decode_key(branch.save)).collect();
    let mut most = 0;
    for (at, branch) in branches.iter().enumerate().filter(|(_, branch)| branch.is_made) {
        let group: Vec<(usize, Branch<'_>)> = match keys[at] {
            None => Vec::new(),
            Some(key) => {
                let of_group = branches.iter().copied().enumerate().filter(|(other, _)| keys[*other] == Some(key));
                of_group.collect()
            }
        };
        let alone = branch.prepared.peak_bytes(file_bytes);
        let shared = match SharedSteps::of(&plans(&group)) {
            _ if group.len() <= 1 => 0,
            Some(shared) => shared.kept_bytes(&branch.prepared.plan),
            None => shared_bytes(branch.prepared, max_downscale(&group)),
        };
        most = most.max(alone.saturating_add(shared));
    }
    most
}

/// Bytes of an image that is decoded at this scale.
fn shared_bytes(prepared: &Prepared, max_downscale: f64) -> u64 {
    let header = codec::drawn_at(&prepared.header, max_downscale);
    // Decoders scale by eighths.
    let scale = (1.0 / max_downscale.max(1.0) + 0.125).min(1.0);
    (header.info.size_bytes() as f64 * scale * scale) as u64
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::render::prepare;
    use super::super::step_files::pipeline;
    use super::*;
    use crate::codec::DecodeOptions;
    use crate::model::{Band, FormatChoice, Recipe, Samples, Step};

    fn resize(px: f64) -> Vec<Step> {
        vec![Step::new("resize").with("long_edge", px)]
    }

    /// Results of these steps from one decode, and each from a decode of its own.
    fn rendered(bytes: &[u8], recipes: &[Vec<Step>]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let control = DecodeControl::in_process();
        let save = Save { format: FormatChoice::known("png"), effort: Some(1), ..Save::default() };
        let prepared: Vec<Prepared> = recipes
            .iter()
            .map(|steps| {
                let pipeline = pipeline(&Recipe { steps: steps.clone(), ..Recipe::default() }).unwrap();
                prepare(bytes, &pipeline, &save, &control).unwrap()
            })
            .collect();
        let branches: Vec<Branch<'_>> =
            prepared.iter().map(|prepared| Branch { prepared, save: &save, is_made: true }).collect();
        let mut together = vec![Vec::new(); recipes.len()];
        render_all(bytes, &branches, &control, &mut |at, rendered| together[at] = rendered.unwrap().bytes);
        let alone = prepared.iter().map(|prepared| prepared.render(bytes, &save, &control).unwrap().bytes);
        together.into_iter().zip(alone).collect()
    }

    fn samples(bytes: &[u8]) -> Vec<u8> {
        let mut opened = codec::open(bytes, &DecodeOptions::default()).unwrap();
        let info = opened.rows.info();
        let mut all = Vec::new();
        let mut band = Band::empty(&info);
        while all.len() < info.row_samples() * info.height_px as usize {
            opened.rows.read_rows(info.height_px, &mut band).unwrap();
            let Samples::U8(samples) = &band.samples else { panic!("8 bits") };
            all.extend_from_slice(samples);
        }
        all
    }

    fn psnr(one: &[u8], other: &[u8]) -> f64 {
        let (one, other) = (samples(one), samples(other));
        assert_eq!(one.len(), other.len());
        let squares: f64 = one.iter().zip(&other).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
        10.0 * (255.0 * 255.0 / (squares / one.len() as f64).max(1e-9)).log10()
    }

    #[test]
    fn results_of_one_decode_equal_those_of_their_own() {
        let png = include_bytes!("../../../assets/samples/orange-slice.png").as_slice();
        let crop = Step::new("crop").with("x", 3.0).with("y", 5.0).with("width", 40.0).with("height", 20.0);
        // One that takes only the first rows comes first; levels are measured; nothing at all.
        let recipes = [
            vec![crop],
            resize(50.0),
            vec![Step::new("auto_levels")],
            vec![],
            vec![Step::new("rotate").with("degrees", 90.0)],
        ];
        for (at, (together, alone)) in rendered(png, &recipes).into_iter().enumerate() {
            assert!(together == alone, "{:?}", recipes[at]);
        }
    }

    #[test]
    fn small_results_of_a_photograph_are_close_to_those_of_their_own_decode() {
        let photo = include_bytes!("../../../assets/samples/dunes-at-dusk.jpg").as_slice();
        let width = f64::from(codec::probe(photo).unwrap().info.width_px);
        let edges = [width / 1.5, width / 4.0, width / 9.0, width / 17.0];
        let results = rendered(photo, &edges.map(|edge| resize(edge.floor())));
        let (together, alone) = &results[0];
        assert!(together == alone, "the largest one has the rows of the decoder");
        for (edge, (together, alone)) in edges.iter().zip(&results).skip(1) {
            let db = psnr(together, alone);
            assert!(db > 45.0, "{edge} px: {db:.1} dB");
        }
    }

    #[test]
    fn shared_steps_give_the_same_result_whichever_others_are_made() {
        let photo = include_bytes!("../../../assets/samples/dunes-at-dusk.jpg").as_slice();
        let control = DecodeControl::in_process();
        let save = Save { format: FormatChoice::known("png"), effort: Some(1), ..Save::default() };
        let slow = || [Step::new("auto_levels"), Step::new("median")];
        let prepared = [resize(300.0), resize(40.0), Vec::new()].map(|own| {
            let pipeline = pipeline(&Recipe { steps: slow().into_iter().chain(own).collect(), ..Recipe::default() });
            prepare(photo, &pipeline.unwrap(), &save, &control).unwrap()
        });
        let results = |made: [bool; 3]| {
            let branch = |at: usize| Branch { prepared: &prepared[at], save: &save, is_made: made[at] };
            let branches = [branch(0), branch(1), branch(2)];
            let group: Vec<_> = branches.into_iter().enumerate().collect();
            assert!(SharedSteps::of(&plans(&group)).is_some());
            let alone = prepared[0].peak_bytes(0);
            let info = prepared[0].header.info;
            assert!(peak_bytes(&branches, 0) >= alone + info.size_bytes(), "what is kept counts");
            let mut results: [Option<Vec<u8>>; 3] = Default::default();
            render_all(photo, &branches, &control, &mut |at, rendered| results[at] = Some(rendered.unwrap().bytes));
            results
        };
        let all = results([true; 3]);
        for at in 0..3 {
            let mut made = [false; 3];
            made[at] = true;
            let only = results(made);
            assert!(only[at].is_some() && only[at] == all[at], "{at}");
            assert_eq!(only.iter().flatten().count(), 1);
            let own = prepared[at].render(photo, &save, &control).unwrap().bytes;
            let db = psnr(all[at].as_ref().unwrap(), &own);
            assert!(db > 50.0, "{at}: {db:.1} dB");
        }
    }

    #[test]
    fn the_size_of_the_decode_is_the_same_when_only_one_result_is_made() {
        let photo = include_bytes!("../../../assets/samples/dunes-at-dusk.jpg").as_slice();
        let control = DecodeControl::in_process();
        let save = Save { format: FormatChoice::known("png"), effort: Some(1), ..Save::default() };
        let prepared = [300.0, 40.0].map(|px| {
            let pipeline = pipeline(&Recipe { steps: resize(px), ..Recipe::default() }).unwrap();
            prepare(photo, &pipeline, &save, &control).unwrap()
        });
        let small = |first_is_made: bool| {
            let branches = [&prepared[0], &prepared[1]].map(|prepared| Branch { prepared, save: &save, is_made: true });
            let branches = [Branch { is_made: first_is_made, ..branches[0] }, branches[1]];
            let mut small = Vec::new();
            render_all(photo, &branches, &control, &mut |at, rendered| {
                assert!(at == 1 || first_is_made);
                if at == 1 {
                    small = rendered.unwrap().bytes;
                }
            });
            small
        };
        let (with, alone) = (small(true), small(false));
        assert!(with == alone && !with.is_empty());
    }

    #[test]
    fn a_kept_range_and_a_mapped_one_are_decoded_apart() {
        use crate::model::{HdrChoice, Remark};
        let hlg = include_bytes!("../../../tests/data/pictures/avif_hlg.avif").as_slice();
        let control = DecodeControl::in_process();
        let png = || FormatChoice::known("png");
        let mapped = Save { format: png(), effort: Some(1), ..Save::default() };
        let kept = Save { hdr: HdrChoice::Keep, ..mapped.clone() };
        let no_hdr = Save { format: FormatChoice::known("jpeg"), ..kept.clone() };
        let border = Step::new("border").with("size", 4.0);
        let pipeline = pipeline(&Recipe { steps: vec![border], ..Recipe::default() }).unwrap();
        let saves = [mapped, kept, no_hdr];
        let prepared: Vec<Prepared> =
            saves.iter().map(|save| prepare(hlg, &pipeline, save, &control).unwrap()).collect();
        let branches: Vec<Branch<'_>> =
            prepared.iter().zip(&saves).map(|(prepared, save)| Branch { prepared, save, is_made: true }).collect();
        let mut together = vec![None; 3];
        render_all(hlg, &branches, &control, &mut |at, rendered| {
            let rendered = rendered.unwrap();
            together[at] = Some((rendered.bytes, rendered.remarks));
        });
        let names = [Some("HLG"), None, Some("HLG")];
        for ((branch, made), name) in branches.iter().zip(together).zip(names) {
            let (bytes, remarks) = made.unwrap();
            assert!(bytes == branch.prepared.render(hlg, branch.save, &control).unwrap().bytes);
            let told = remarks.iter().any(|remark| matches!(remark, Remark::ToneMapped { .. }));
            assert_eq!(told, name.is_some(), "{remarks:?}");
            let header = codec::probe(&bytes).unwrap();
            assert_eq!(header.tone_mapped.is_some(), !told);
            if !told {
                // A white border has reference white, which is 75 % of HLG, and not the brightest level.
                let options = DecodeOptions { hdr: HdrChoice::Keep, ..DecodeOptions::default() };
                let mut opened = codec::open(&bytes, &options).unwrap();
                let mut band = Band::empty(&opened.rows.info());
                opened.rows.read_rows(1, &mut band).unwrap();
                let Samples::U16(samples) = band.samples else { panic!("16 bits") };
                assert!(samples.iter().all(|level| level.abs_diff(49_151) < 100), "{:?}", &samples[..3]);
            }
        }
    }
}
