//! Estimates the memory for drawing apart from the canvas: layers for opacity, masks, clips and filters, pattern tiles,
//! and embedded images. An upper bound, computed before drawing.

use resvg::usvg::{Fill, Group, ImageKind, Node, Paint, Pattern, Stroke, Tree};

/// Maximum number of pixels of an embedded image; larger ones are left out.
pub(super) const MAX_INNER_PX: u64 = 50_000_000;
/// Bytes of a pixel of a layer.
const PIXEL_BYTES: u64 = 4;
/// Maximum number of nodes visited: patterns and masks may be used many times.
const MAX_VISITS: u32 = 4_000_000;

struct Walk {
    scale: (f32, f32),
    /// The maximum size of a layer in px, per axis: five times the canvas, as in resvg.
    most: (f64, f64),
    visits: u32,
}

/// Maximum bytes held at once for a drawing at this scale on a canvas of this many px.
pub(super) fn layer_bytes(tree: &Tree, scale: (f32, f32), canvas: (u32, u32)) -> u64 {
    let most = (f64::from(canvas.0) * 5.0, f64::from(canvas.1) * 5.0);
    let mut walk = Walk { scale, most, visits: 0 };
    walk.group(tree.root())
}

impl Walk {
    /// Maximum bytes of layers at once within a group.
    fn group(&mut self, group: &Group) -> u64 {
        self.visits += 1;
        if self.visits > MAX_VISITS {
            return u64::MAX;
        }
        let mut own = 0u64;
        if group.should_isolate() {
            let bounds = group.abs_layer_bounding_box();
            let layer = self.layer(bounds.width(), bounds.height());
            // The layer; two for a mask, one for a clip; for filters, one per primitive and some temporary ones.
            let mut count = 1;
            count += u64::from(group.mask().is_some()) * 2;
            count += u64::from(group.clip_path().is_some());
            for filter in group.filters() {
                count += filter.primitives().len() as u64 + 3;
            }
            own = layer.saturating_mul(count);
        }
        let mut deepest = 0;
        for node in group.children() {
            deepest = deepest.max(self.node(node));
        }
        if let Some(mask) = group.mask() {
            deepest = deepest.max(self.group(mask.root()));
            let mut next = mask.mask();
            while let Some(mask) = next {
                deepest = deepest.saturating_add(self.group(mask.root())).saturating_add(own / 2);
                next = mask.mask();
            }
        }
        if let Some(clip) = group.clip_path() {
            deepest = deepest.max(self.group(clip.root()));
            let mut next = clip.clip_path();
            while let Some(clip) = next {
                deepest = deepest.saturating_add(self.group(clip.root())).saturating_add(own / 2);
                next = clip.clip_path();
            }
        }
        own.saturating_add(deepest)
    }

    fn node(&mut self, node: &Node) -> u64 {
        match node {
            Node::Group(group) => self.group(group),
            Node::Path(path) => {
                let fill = path.fill().map(Fill::paint);
                let stroke = path.stroke().map(Stroke::paint);
                let scale = path.abs_transform().get_scale();
                fill.into_iter().chain(stroke).map(|paint| self.paint(paint, scale)).max().unwrap_or(0)
            }
            Node::Image(image) => match image.kind() {
                ImageKind::SVG(tree) => {
                    let bounds = image.abs_bounding_box();
                    self.layer(bounds.width(), bounds.height()).saturating_add(self.group(tree.root()))
                }
                kind if is_raster(kind) => {
                    // The image itself, and its scaled copy.
                    let size = image.size();
                    let pixels = f64::from(size.width()) * f64::from(size.height());
                    (pixels as u64).min(MAX_INNER_PX) * PIXEL_BYTES * 2
                }
                _ => 0,
            },
            Node::Text(text) => self.group(text.flattened()),
        }
    }

    fn paint(&mut self, paint: &Paint, scale: (f32, f32)) -> u64 {
        match paint {
            Paint::Pattern(pattern) => self.pattern(pattern, scale),
            _ => 0,
        }
    }

    fn pattern(&mut self, pattern: &Pattern, scale: (f32, f32)) -> u64 {
        let own = pattern.transform().get_scale();
        let side = |length: f32, by: [f32; 3]| f64::from(length) * by.iter().map(|&by| f64::from(by)).product::<f64>();
        let width = side(pattern.rect().width(), [scale.0, own.0, self.scale.0]);
        let height = side(pattern.rect().height(), [scale.1, own.1, self.scale.1]);
        pixels_bytes(width, height).saturating_add(self.group(pattern.root()))
    }

    fn layer(&self, width: f32, height: f32) -> u64 {
        let width = (f64::from(width) * f64::from(self.scale.0)).min(self.most.0);
        let height = (f64::from(height) * f64::from(self.scale.1)).min(self.most.1);
        pixels_bytes(width, height)
    }
}

/// `as` saturates.
fn pixels_bytes(width: f64, height: f64) -> u64 {
    (((width + 2.0) * (height + 2.0)) as u64).saturating_mul(PIXEL_BYTES)
}

/// Whether an embedded image is a raster image, which takes memory of its own.
const fn is_raster(kind: &ImageKind) -> bool {
    !matches!(kind, ImageKind::SVG(_))
}
