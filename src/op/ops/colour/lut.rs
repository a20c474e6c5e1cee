//! Applies a colour table.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::model::{Channels, FileKind, ImageInfo, Message, ParamKind, ParamSpec, Unit};
use crate::op::kernels::cube_lut::{CubeLut, Curves, Table};
use crate::op::kernels::simd::{self, Bend, Mix};
use crate::op::spec::{Group, OpSpec};
use crate::op::stage::{Files, Operation, PointKernel, Stage};

pub(crate) const SPEC: OpSpec = OpSpec {
    id: "lut",
    summary: "Applies the look of a .cube file",
    formula: "v + (table(v) - v) * strength / 100 on encoded values; 1D tables are interpolated linearly, 3D tables by \
              tetrahedra",
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
            summary: "0 changes nothing, 100 applies the look in full",
            unit: Unit::Percent,
            kind: ParamKind::Float { min: 0.0, max: 100.0, soft_max: 100.0, default: 100.0 },
        },
    ],
    starting: &[],
    faithful_to_scale: true,
    build: |params| {
        let path = params.text("file").to_owned();
        if path.is_empty() {
            return Err(Message::new("lut_file"));
        }
        Ok(Box::new(Lut { path, strength: (params.number("strength") / 100.0) as f32, cube: None }))
    },
};

struct Lut {
    path: String,
    strength: f32,
    cube: Option<Arc<CubeLut>>,
}

/// Number of parsed tables to keep: a preview asks for the same one whenever a slider moves.
const KEPT: usize = 4;

/// The bytes of a file, and the table parsed from them.
type Known = (Weak<[u8]>, Arc<CubeLut>);

static READ: Mutex<Vec<Known>> = Mutex::new(Vec::new());

fn read(bytes: &Arc<[u8]>) -> Result<Arc<CubeLut>, Message> {
    let kept = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    let found = kept()
        .iter()
        .find(|(key, _)| std::ptr::addr_eq(key.as_ptr(), Arc::as_ptr(bytes)))
        .map(|(_, cube)| Arc::clone(cube));
    if let Some(cube) = found {
        return Ok(cube);
    }
    let cube = Arc::new(CubeLut::parse(bytes)?);
    let mut kept = kept();
    kept.retain(|(key, _)| key.strong_count() > 0);
    if kept.len() >= KEPT {
        kept.remove(0);
    }
    kept.push((Arc::downgrade(bytes), Arc::clone(&cube)));
    Ok(cube)
}

impl Operation for Lut {
    fn load(&mut self, files: &dyn Files) -> Result<(), Message> {
        let bytes = files.bytes(&self.path)?;
        self.cube = Some(read(&bytes).map_err(|why| why.in_file(&self.path))?);
        Ok(())
    }

    fn stage(&self, _input: &ImageInfo) -> Result<Stage, Message> {
        Ok(match &self.cube {
            Some(cube) if self.strength > 0.0 => {
                Stage::Point(Box::new(Look { cube: Arc::clone(cube), strength: self.strength }))
            }
            _ => Stage::Nothing,
        })
    }
}

struct Look {
    cube: Arc<CubeLut>,
    strength: f32,
}

impl Look {
    fn curve_at(&self, channel: usize, value: f32) -> f32 {
        let looked_up = self.cube.curves.as_ref().map_or(value, |curves| curves.at(channel, value));
        value + (looked_up - value) * self.strength
    }

    /// Whether grays stay gray and channels are independent.
    fn is_neutral(&self) -> bool {
        self.cube.table.is_none() && self.cube.curves.as_ref().is_none_or(Curves::is_neutral)
    }
}

/// Without a 3D table.
impl Bend for Look {
    #[inline(always)]
    fn bend(&self, channel: usize, values: &mut [f32]) {
        for value in values {
            *value = self.curve_at(channel, *value);
        }
    }
}

/// With a 3D table.
#[derive(Clone, Copy)]
struct Shaped<'a> {
    look: &'a Look,
    table: &'a Table,
}

impl Mix for Shaped<'_> {
    #[inline(always)]
    fn at(self, colour: [f32; 3]) -> [f32; 3] {
        let mut shaped = colour;
        if let Some(curves) = &self.look.cube.curves {
            for (channel, value) in shaped.iter_mut().enumerate() {
                *value = curves.at(channel, *value);
            }
        }
        let mut result = self.table.at(shaped);
        for (result, value) in result.iter_mut().zip(colour) {
            *result = value + (*result - value) * self.look.strength;
        }
        result
    }
}

impl PointKernel for Look {
    fn channels(&self, input: Channels) -> Channels {
        if self.is_neutral() { input } else { input.with_colour() }
    }

    fn apply(&self, samples: &mut [f32], channels: Channels) {
        match &self.cube.table {
            None => simd::bend(samples, channels, self),
            Some(table) => simd::mix(samples, channels, Shaped { look: self, table }),
        }
    }

    fn channel_curve(&self, channel: usize, value: f32) -> Option<f32> {
        self.cube.table.is_none().then(|| self.curve_at(channel, value))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_same_bytes_are_parsed_once() {
        let bytes: Arc<[u8]> = b"LUT_1D_SIZE 2\n0 0 0\n1 1 1\n".as_slice().into();
        let first = read(&bytes).expect("is read");
        assert!(Arc::ptr_eq(&first, &read(&bytes).expect("is kept")));
        let same_again: Arc<[u8]> = bytes.to_vec().into();
        assert!(!Arc::ptr_eq(&first, &read(&same_again).expect("is read")));
        // After many other tables it is parsed again, with the same result.
        for i in 0..2 * KEPT {
            let other: Arc<[u8]> = format!("LUT_1D_SIZE 2\n0 0 0\n{i} 1 1\n").into_bytes().into();
            read(&other).expect("is read");
        }
        assert_eq!(first, read(&bytes).expect("is read"));
    }
}
