//! Textures: thumbnails, evicted least recently used first, and the preview's two images.
//!
//! Decodes nothing: the engine delivers pixels.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use egui::{ColorImage, Context, TextureHandle, TextureOptions};

use crate::engine::{Handle, Pixels, Preview, PreviewContent, Thumbnail, Zoom};
use crate::model::{ItemId, ItemState};

/// Bytes of thumbnails kept.
const BUDGET_BYTES: usize = 256 << 20;
/// Bytes of thumbnails uploaded in one frame.
const UPLOAD_BYTES: usize = 4 << 20;
/// Thumbnails that wait for their upload.
const WAITING: usize = 256;
/// Images with longer sides are not uploaded.
const SIDE_PX: u32 = 2048;

enum Entry {
    Ready {
        texture: TextureHandle,
        size_bytes: usize,
        seen: u64,
    },
    /// There is no thumbnail while the item is in that state.
    None {
        state: ItemState,
        seen: u64,
    },
}

/// The textures.
#[derive(Default)]
pub(crate) struct Textures {
    thumbnails: HashMap<ItemId, Entry>,
    waiting: VecDeque<Thumbnail>,
    used_bytes: usize,
    frame: u64,
    seen: Vec<(ItemId, ItemState)>,
    asked: Vec<(ItemId, ItemState)>,
    before: Option<TextureHandle>,
    after: Option<TextureHandle>,
    shown: Option<Arc<Preview>>,
}

impl Textures {
    /// Takes over the engine's new thumbnails and uploads one frame's share.
    pub(crate) fn refresh(&mut self, ctx: &Context, handle: &Handle) {
        self.frame += 1;
        while self.waiting.len() < WAITING
            && let Some(thumbnail) = handle.take_thumbnail()
        {
            self.waiting.push_back(thumbnail);
        }
        let mut uploaded_bytes = 0;
        while uploaded_bytes < UPLOAD_BYTES
            && let Some(thumbnail) = self.waiting.pop_front()
        {
            uploaded_bytes += self.put(ctx, thumbnail);
        }
        if !self.waiting.is_empty() {
            ctx.request_repaint();
        }
        self.evict();
    }

    /// Requests the thumbnails that were visible in the last frame and are missing.
    pub(crate) fn ask(&mut self, handle: &Handle) {
        let missing: Vec<(ItemId, ItemState)> = std::mem::take(&mut self.seen)
            .into_iter()
            .filter(|(id, now)| match self.thumbnails.get(id) {
                None => true,
                Some(Entry::None { state, .. }) => state != now && *now == ItemState::Done,
                Some(Entry::Ready { .. }) => false,
            })
            .collect();
        if missing != self.asked {
            handle.want_thumbnails(missing.iter().map(|(id, _)| *id).collect());
            self.asked = missing;
        }
    }

    /// An item's thumbnail; requests it if it is missing.
    pub(crate) fn thumbnail(&mut self, id: ItemId, state: ItemState) -> Option<TextureHandle> {
        self.seen.push((id, state));
        match self.thumbnails.get_mut(&id) {
            Some(Entry::Ready { texture, seen, .. }) => {
                *seen = self.frame;
                Some(texture.clone())
            }
            Some(Entry::None { seen, .. }) => {
                *seen = self.frame;
                None
            }
            None => None,
        }
    }

    /// The preview's images before and after, uploaded if they are new.
    pub(crate) fn preview(&mut self, ctx: &Context, preview: &Arc<Preview>) -> Option<(TextureHandle, TextureHandle)> {
        let PreviewContent::Picture(image) = &preview.content else { return None };
        if !self.shown.as_ref().is_some_and(|shown| Arc::ptr_eq(shown, preview)) {
            let exact = preview.request.as_ref().is_some_and(|request| request.zoom != Zoom::Fit);
            let options = if exact { TextureOptions::NEAREST } else { TextureOptions::LINEAR };
            for (slot, pixels, name) in
                [(&mut self.before, &image.before, "before"), (&mut self.after, &image.after, "after")]
            {
                let unchanged = self.shown.as_ref().is_some_and(|shown| same(shown, preview, name));
                if !(unchanged && slot.is_some()) {
                    *slot = colours(pixels).map(|image| ctx.load_texture(name, image, options));
                }
            }
            self.shown = Some(Arc::clone(preview));
        }
        self.before.clone().zip(self.after.clone())
    }

    fn put(&mut self, ctx: &Context, thumbnail: Thumbnail) -> usize {
        let id = thumbnail.id;
        let image = thumbnail.pixels.ok().as_ref().and_then(colours);
        let size_bytes = image.as_ref().map_or(0, |image| 4 * image.pixels.len());
        let entry = if let Some(image) = image {
            let texture = ctx.load_texture("thumbnail", image, TextureOptions::LINEAR);
            Entry::Ready { texture, size_bytes, seen: self.frame }
        } else {
            let asked = self.asked.iter().find(|(asked, _)| *asked == id);
            Entry::None { state: asked.map_or(ItemState::Waiting, |(_, state)| *state), seen: self.frame }
        };
        self.used_bytes += size_bytes;
        if let Some(Entry::Ready { size_bytes, .. }) = self.thumbnails.insert(id, entry) {
            self.used_bytes -= size_bytes;
        }
        self.asked.retain(|(asked, _)| *asked != id);
        size_bytes
    }

    /// Evicts the least recently used thumbnails, down to nine tenths of the budget.
    fn evict(&mut self) {
        if self.used_bytes <= BUDGET_BYTES && self.thumbnails.len() <= 50_000 {
            return;
        }
        let mut by_age: Vec<(u64, ItemId)> = self
            .thumbnails
            .iter()
            .map(|(id, entry)| match entry {
                Entry::Ready { seen, .. } | Entry::None { seen, .. } => (*seen, *id),
            })
            .collect();
        by_age.sort_unstable();
        for (seen, id) in by_age {
            let fits = self.used_bytes <= BUDGET_BYTES / 10 * 9 && self.thumbnails.len() <= 45_000;
            if fits || seen == self.frame {
                break;
            }
            if let Some(Entry::Ready { size_bytes, .. }) = self.thumbnails.remove(&id) {
                self.used_bytes -= size_bytes;
            }
        }
    }
}

fn same(a: &Preview, b: &Preview, name: &str) -> bool {
    let (PreviewContent::Picture(a), PreviewContent::Picture(b)) = (&a.content, &b.content) else { return false };
    match name {
        "before" => Arc::ptr_eq(&a.before.rgba, &b.before.rgba),
        _ => Arc::ptr_eq(&a.after.rgba, &b.after.rgba),
    }
}

/// `None` if the number of pixels doesn't match the size.
fn colours(pixels: &Pixels) -> Option<ColorImage> {
    let (width, height) = (pixels.width_px as usize, pixels.height_px as usize);
    let fits = pixels.width_px <= SIDE_PX && pixels.height_px <= SIDE_PX && width > 0 && height > 0;
    (fits && pixels.rgba.len() == 4 * width * height)
        .then(|| ColorImage::from_rgba_unmultiplied([width, height], &pixels.rgba))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::model::JobId;

    fn id(seq: u64) -> ItemId {
        ItemId { job: JobId(1), seq }
    }

    fn pixels(side: u32) -> Pixels {
        Pixels { width_px: side, height_px: side, rgba: vec![9; (4 * side * side) as usize].into() }
    }

    #[test]
    fn uploads_per_frame_and_memory_are_limited() {
        let (handle, ends) = Handle::new();
        let ctx = Context::default();
        let mut textures = Textures::default();
        for seq in 0..10 {
            ends.thumbnail_tx.send(Thumbnail { id: id(seq), pixels: Ok(pixels(512)) }).unwrap();
        }
        textures.refresh(&ctx, &handle);
        assert_eq!((textures.thumbnails.len(), textures.waiting.len()), (4, 6));
        for seq in 10..400 {
            ends.thumbnail_tx.try_send(Thumbnail { id: id(seq), pixels: Ok(pixels(512)) }).ok();
            textures.refresh(&ctx, &handle);
            assert!(textures.used_bytes <= BUDGET_BYTES, "{}", textures.used_bytes);
        }
        assert!(textures.thumbnail(id(0), ItemState::Done).is_none(), "the oldest one is gone");
    }

    #[test]
    fn pixels_that_do_not_match_their_size_are_ignored() {
        assert!(colours(&Pixels { width_px: 10, height_px: 10, rgba: vec![0; 3].into() }).is_none());
        assert!(colours(&Pixels { width_px: 0, height_px: 0, rgba: Vec::new().into() }).is_none());
        assert!(colours(&pixels(2)).is_some());
    }

    #[test]
    fn a_failed_thumbnail_is_requested_again_only_when_its_item_is_done() {
        let (handle, ends) = Handle::new();
        let ctx = Context::default();
        let mut textures = Textures::default();
        textures.thumbnail(id(1), ItemState::Waiting);
        textures.ask(&handle);
        assert_eq!(ends.shared.thumbnails_wanted.take(), Some(vec![id(1)]));
        let error = crate::error::ItemError::nameless(crate::error::ErrorKind::NotFound);
        ends.thumbnail_tx.send(Thumbnail { id: id(1), pixels: Err(error) }).unwrap();
        textures.refresh(&ctx, &handle);
        textures.thumbnail(id(1), ItemState::Waiting);
        textures.ask(&handle);
        assert_eq!(ends.shared.thumbnails_wanted.take(), None);
        textures.thumbnail(id(1), ItemState::Done);
        textures.ask(&handle);
        assert_eq!(ends.shared.thumbnails_wanted.take(), Some(vec![id(1)]));
        // A result without a thumbnail, such as text.
        let error = crate::error::ItemError::nameless(crate::error::ErrorKind::NotAPicture);
        ends.thumbnail_tx.send(Thumbnail { id: id(1), pixels: Err(error) }).unwrap();
        textures.refresh(&ctx, &handle);
        textures.thumbnail(id(1), ItemState::Done);
        textures.ask(&handle);
        assert_eq!(ends.shared.thumbnails_wanted.take(), None, "it is not requested again and again");
    }
}
