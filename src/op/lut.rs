//! Looks from a table of colours.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::cube::{Cube, Curves};
use super::stage::{Files, Operation, PointKernel, Stage};
use super::{Group, OpSpec, simd};
use crate::model::{Channels, FileKind, ImageInfo, ParamKind, ParamSpec, Unit};

pub(super) const SPEC: OpSpec = OpSpec {
    id: "lut",
    summary: "A look from a .cube file: v + (table(v) - v) * strength / 100 of encoded values; curves are joined by \
              lines, tables of colours by tetrahedra",
    group: Group::Colour,
    params: &[
        ParamSpec {
            name: "file",
            summary: "A .cube file with LUT_1D_SIZE up to 65536, LUT_3D_SIZE up to 129, or both",
            unit: Unit::None,
            kind: ParamKind::File { holds: FileKind::Table },
        },
        ParamSpec {
            name: "strength",
            summary: "0 changes nothing, 100 is the whole look",
            unit: Unit::Percent,
            kind: ParamKind::Float { min: 0.0, max: 100.0, soft_max: 100.0, default: 100.0 },
        },
    ],
    faithful_to_scale: true,
    build: |params| {
        let path = params.text("file").to_owned();
        if path.is_empty() {
            return Err("file must be given: the path of a .cube file".to_owned());
        }
        Ok(Box::new(Lut { path, strength: (params.number("strength") / 100.0) as f32, cube: None }))
    },
};

struct Lut {
    path: String,
    strength: f32,
    cube: Option<Arc<Cube>>,
}

/// Tables kept: a preview asks for the same one at every move of a slider.
const KEPT: usize = 4;

/// The bytes of a file, and what was read from them.
type Known = (Weak<[u8]>, Arc<Cube>);

static READ: Mutex<Vec<Known>> = Mutex::new(Vec::new());

fn read(bytes: &Arc<[u8]>) -> Result<Arc<Cube>, String> {
    let kept = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    let found = kept()
        .iter()
        .find(|(key, _)| std::ptr::addr_eq(key.as_ptr(), Arc::as_ptr(bytes)))
        .map(|(_, cube)| Arc::clone(cube));
    if let Some(cube) = found {
        return Ok(cube);
    }
    let cube = Arc::new(Cube::parse(bytes)?);
    let mut kept = kept();
    kept.retain(|(key, _)| key.strong_count() > 0);
    if kept.len() >= KEPT {
        kept.remove(0);
    }
    kept.push((Arc::downgrade(bytes), Arc::clone(&cube)));
    Ok(cube)
}

impl Operation for Lut {
    fn load(&mut self, files: &dyn Files) -> Result<(), String> {
        let bytes = files.bytes(&self.path)?;
        self.cube = Some(read(&bytes).map_err(|message| format!("{}: {message}", self.path))?);
        Ok(())
    }

    fn stage(&self, _input: &ImageInfo) -> Result<Stage, String> {
        Ok(match &self.cube {
            Some(cube) if self.strength > 0.0 => {
                Stage::Point(Box::new(Look { cube: Arc::clone(cube), strength: self.strength }))
            }
            _ => Stage::Nothing,
        })
    }
}

struct Look {
    cube: Arc<Cube>,
    strength: f32,
}

impl Look {
    fn curve_at(&self, channel: usize, value: f32) -> f32 {
        let looked_up = self.cube.curves.as_ref().map_or(value, |curves| curves.at(channel, value));
        value + (looked_up - value) * self.strength
    }

    /// Whether grays stay gray, and a channel needs to know nothing of the others.
    fn is_neutral(&self) -> bool {
        self.cube.table.is_none() && self.cube.curves.as_ref().is_none_or(Curves::is_neutral)
    }
}

impl PointKernel for Look {
    fn channels(&self, input: Channels) -> Channels {
        if self.is_neutral() { input } else { input.with_colour() }
    }

    fn apply(&self, samples: &mut [f32], channels: Channels) {
        let Some(table) = &self.cube.table else {
            return simd::wide(|| {
                simd::each_plane(samples, channels, |channel, values| {
                    for value in values {
                        *value = self.curve_at(channel, *value);
                    }
                });
            });
        };
        let shape = |colour: [f32; 3]| match &self.cube.curves {
            Some(curves) => std::array::from_fn(|channel| curves.at(channel, colour[channel])),
            None => colour,
        };
        simd::wide(|| {
            simd::each_pixel(samples, channels, |colour| {
                let looked_up = table.at(shape(colour));
                std::array::from_fn(|i| colour[i] + (looked_up[i] - colour[i]) * self.strength)
            });
        });
    }

    fn channel_curve(&self, channel: usize, value: f32) -> Option<f32> {
        self.cube.table.is_none().then(|| self.curve_at(channel, value))
    }
}
