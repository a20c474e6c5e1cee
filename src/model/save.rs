//! The save settings, declared once: the `--save` option, `[save]` in recipe files, the window's panel, help and checks
//! all derive from [`keys`]. Which format has which of them is declared by the format.

use std::borrow::Cow;

use super::choices::{Rgb, Subsampling, TiffCompression};
use super::format::{Format, FormatChoice};
use super::human;
use super::job::{ColourChoice, FramesChoice, HdrChoice, MetadataPolicy, Save};
use super::message::Message;
use super::names;
use super::pages::PageNumber;
use super::param::{ParamKind, ParamSpec};
use super::recipe::Value;
use super::spelling;
use super::unit::Unit;
use super::words::Lang;

/// One save setting.
pub struct SaveKey {
    /// Name, help, unit, range and default.
    pub param: ParamSpec,
    scope: Scope,
    /// What a text must look like, unless the parameter's kind says everything.
    shape: Shape,
    get: fn(&Save) -> Option<Value>,
    set: fn(&mut Save, &Value) -> Option<()>,
}

/// Which formats a key applies to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    AllFormats,
    /// Those whose declaration names the key.
    SomeFormats,
}

/// What a text must look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// As the parameter's kind says.
    OfKind,
    Size,
    OpaqueColour,
}

/// Every key but the format itself, in the order of editors and help.
pub fn keys() -> &'static [SaveKey] {
    const {
        &[
            QUALITY,
            MAX_BYTES,
            TARGET,
            LOSSLESS,
            SUBSAMPLING,
            PROGRESSIVE,
            OPTIMIZE,
            LOSSLESS_JPEG,
            TRANSCODE,
            EFFORT,
            PALETTE,
            COMPRESSION,
            BACKGROUND,
            FRAMES,
            METADATA,
            COLOUR,
            HDR,
            PAGE,
            MIN_SAVING,
        ]
    }
}

const fn spec(name: &'static str, summary: &'static str, kind: ParamKind) -> ParamSpec {
    ParamSpec { name, summary, unit: Unit::None, kind }
}

const fn whole(min: i64, max: i64) -> ParamKind {
    ParamKind::Int { min, max, soft_max: max, default: None }
}

const QUALITY: SaveKey = SaveKey {
    param: spec("quality", "Quality from 1 (smallest) to 100 (best)", whole(1, 100)),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| save.quality.map(number),
    set: |save, value| small(value).map(|quality| save.quality = Some(quality)),
};

const MAX_BYTES: SaveKey = SaveKey {
    param: spec(
        "max_bytes",
        "Largest file: lowers the quality (from the one given, or 100) until the file fits",
        ParamKind::Text { default: "" },
    ),
    scope: Scope::SomeFormats,
    shape: Shape::Size,
    get: |save| save.max_bytes.map(|bytes| Value::Number(bytes as f64)),
    set: |save, value| match value {
        Value::Number(bytes) if bytes.fract() == 0.0 => within(*bytes as u64).map(|bytes| save.max_bytes = Some(bytes)),
        Value::Text(text) => human::parse_size(text).and_then(within).map(|bytes| save.max_bytes = Some(bytes)),
        _ => None,
    },
};

const TARGET: SaveKey = SaveKey {
    param: spec(
        "target",
        "Visual quality to reach, as an SSIMULACRA 2 score: 90 can't be told from the original, 70 is high, 50 medium; \
         the quality is lowered as far as the score allows, for each image",
        whole(1, 100),
    ),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| save.target.map(number),
    set: |save, value| small(value).map(|target| save.target = Some(target)),
};

const LOSSLESS: SaveKey = SaveKey {
    param: spec(
        "lossless",
        "Keep every pixel exactly, in a larger file; with keep, lossless files stay lossless unless a quality is given",
        ParamKind::Bool { default: false },
    ),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| save.lossless.then_some(Value::Bool(true)),
    set: |save, value| truth(value).map(|on| save.lossless = on),
};

const SUBSAMPLING: SaveKey = SaveKey {
    param: spec(
        "subsampling",
        "Chroma subsampling; auto is 420 below quality 90, and 444, which keeps red edges sharp, from there on",
        ParamKind::Choice { options: &["auto", "420", "422", "444"], default: "auto" },
    ),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| (save.subsampling != Subsampling::Auto).then(|| save.subsampling.word().into()),
    set: |save, value| word(value, &Subsampling::ALL, Subsampling::word).map(|chosen| save.subsampling = chosen),
};

const PROGRESSIVE: SaveKey = SaveKey {
    param: spec(
        "progressive",
        "Progressive: loads from coarse to fine, is slightly smaller, and takes longer to save",
        ParamKind::Bool { default: false },
    ),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| save.progressive.then_some(Value::Bool(true)),
    set: |save, value| truth(value).map(|on| save.progressive = on),
};

const OPTIMIZE: SaveKey = SaveKey {
    param: spec(
        "optimize",
        "Optimized Huffman tables: slightly smaller without loss, and takes longer to save",
        ParamKind::Bool { default: false },
    ),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| save.optimize.then_some(Value::Bool(true)),
    set: |save, value| truth(value).map(|on| save.optimize = on),
};

const LOSSLESS_JPEG: SaveKey = SaveKey {
    param: spec(
        "lossless_jpeg",
        "Turn, flip and crop JPEG files without loss, in whole blocks of 8 or 16 px; colours and profile stay",
        ParamKind::Bool { default: false },
    ),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| save.lossless_jpeg.then_some(Value::Bool(true)),
    set: |save, value| truth(value).map(|on| save.lossless_jpeg = on),
};

const TRANSCODE: SaveKey = SaveKey {
    param: spec(
        "transcode",
        "JPEG files become JPEG XL without loss, about a fifth smaller, and djxl can restore them; other images, and those \
         that steps change, are encoded as usual",
        ParamKind::Bool { default: false },
    ),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| save.transcode.then_some(Value::Bool(true)),
    set: |save, value| truth(value).map(|on| save.transcode = on),
};

const EFFORT: SaveKey = SaveKey {
    param: spec("effort", "Effort spent on a smaller file, from 0 (fastest) to 9 (smallest)", whole(0, 9)),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| save.effort.map(number),
    set: |save, value| small(value).map(|effort| save.effort = Some(effort)),
};

const PALETTE: SaveKey = SaveKey {
    param: spec("palette", "Largest number of colours, chosen for each image and dithered", whole(2, 256)),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| save.palette.map(number),
    set: |save, value| match value {
        Value::Number(colours) => {
            save.palette = Some(*colours as u16);
            Some(())
        }
        _ => None,
    },
};

const COMPRESSION: SaveKey = SaveKey {
    param: spec(
        "compression",
        "Compression, always without loss: keep is the original's, or LZW if it has another; g4 and g3 (fax) are for \
         black and white, and other images get LZW",
        ParamKind::Choice {
            options: &["keep", "lzw", "deflate", "zstd", "packbits", "g4", "g3", "none"],
            default: "keep",
        },
    ),
    scope: Scope::SomeFormats,
    shape: Shape::OfKind,
    get: |save| (save.compression != TiffCompression::default()).then(|| save.compression.word().into()),
    set: |save, value| {
        word(value, &TiffCompression::ALL, TiffCompression::word).map(|chosen| save.compression = chosen)
    },
};

const BACKGROUND: SaveKey = SaveKey {
    param: spec(
        "background",
        "Background colour behind transparent pixels, for formats without transparency or with on/off transparency only",
        ParamKind::Colour { default: "white" },
    ),
    scope: Scope::SomeFormats,
    shape: Shape::OpaqueColour,
    get: |save| (save.background != Rgb::WHITE).then(|| Value::Text(save.background.to_string())),
    set: |save, value| match value {
        Value::Text(text) => Rgb::parse(text).map(|colour| save.background = colour),
        _ => None,
    },
};

const FRAMES: SaveKey = SaveKey {
    param: spec(
        "frames",
        "Frames of an animation to save: all, if the format can hold them, or only the first",
        ParamKind::Choice { options: &["all", "first"], default: "all" },
    ),
    scope: Scope::AllFormats,
    shape: Shape::OfKind,
    get: |save| (save.frames != FramesChoice::default()).then(|| save.frames.word().into()),
    set: |save, value| word(value, &FramesChoice::ALL, FramesChoice::word).map(|chosen| save.frames = chosen),
};

const METADATA: SaveKey = SaveKey {
    param: spec(
        "metadata",
        "Which EXIF, XMP and IPTC data to keep; strip also removes the print resolution (dpi)",
        ParamKind::Choice { options: &["keep", "no-gps", "strip"], default: "no-gps" },
    ),
    scope: Scope::AllFormats,
    shape: Shape::OfKind,
    get: |save| (save.metadata != MetadataPolicy::default()).then(|| save.metadata.word().into()),
    set: |save, value| word(value, &MetadataPolicy::ALL, MetadataPolicy::word).map(|chosen| save.metadata = chosen),
};

const COLOUR: SaveKey = SaveKey {
    param: spec(
        "colour",
        "Colour space of the result; any other than sRGB is embedded as a profile, and keep leaves pixels unchanged",
        ParamKind::Choice {
            options: &["srgb", "keep", "display-p3", "adobe-rgb", "prophoto-rgb", "rec2020"],
            default: "srgb",
        },
    ),
    scope: Scope::AllFormats,
    shape: Shape::OfKind,
    get: |save| (save.colour != ColourChoice::default()).then(|| save.colour.word().into()),
    set: |save, value| word(value, &ColourChoice::ALL, ColourChoice::word).map(|chosen| save.colour = chosen),
};

const HDR: SaveKey = SaveKey {
    param: spec(
        "hdr",
        "High dynamic range: sdr maps it to a standard range; keep preserves the gain map (JPEG) or PQ and HLG (AVIF, JPEG \
         XL, PNG)",
        ParamKind::Choice { options: &["sdr", "keep"], default: "sdr" },
    ),
    scope: Scope::AllFormats,
    shape: Shape::OfKind,
    get: |save| (save.hdr != HdrChoice::default()).then(|| save.hdr.word().into()),
    set: |save, value| word(value, &HdrChoice::ALL, HdrChoice::word).map(|chosen| save.hdr = chosen),
};

const PAGE: SaveKey = SaveKey {
    param: spec(
        "page",
        "Page of a multi-page TIFF or PDF to read, counted from 1; the first if unset",
        whole(1, 65_535),
    ),
    scope: Scope::AllFormats,
    shape: Shape::OfKind,
    get: |save| save.page.map(number),
    set: |save, value| match value {
        Value::Number(page) => {
            save.page = Some(*page as u16);
            Some(())
        }
        _ => None,
    },
};

const MIN_SAVING: SaveKey = SaveKey {
    param: spec(
        "min_saving",
        "Keep the original's bytes unless re-encoding saves at least this many percent; only where format, size and \
         pixels are to stay the same",
        whole(0, 99),
    ),
    scope: Scope::AllFormats,
    shape: Shape::OfKind,
    get: |save| save.min_saving.map(number),
    set: |save, value| small(value).map(|percent| save.min_saving = Some(percent)),
};

fn number<T: Into<f64>>(number: T) -> Value {
    Value::Number(number.into())
}

/// A number that was checked to be whole and below 256.
fn small(value: &Value) -> Option<u8> {
    if let Value::Number(number) = value { Some(*number as u8) } else { None }
}

fn truth(value: &Value) -> Option<bool> {
    if let Value::Bool(flag) = value { Some(*flag) } else { None }
}

/// Smaller limits fit no image, larger ones are no limit.
fn within(bytes: u64) -> Option<u64> {
    (64..=1 << 50).contains(&bytes).then_some(bytes)
}

fn word<T: Copy>(value: &Value, all: &[T], word_of: fn(T) -> &'static str) -> Option<T> {
    all.iter().copied().find(|choice| Value::from(word_of(*choice)) == *value)
}

impl SaveKey {
    /// What the key allows, such as `a whole number from 1 to 100`.
    pub fn allowed(&self) -> Message {
        match self.shape {
            Shape::OfKind => self.param.allowed(),
            Shape::Size => Message::new("allowed_size"),
            Shape::OpaqueColour => Message::new("allowed_opaque_colour"),
        }
    }

    /// Whether it applies to a format. With `keep` every key is allowed, and takes effect if the input's format has it.
    pub fn applies_to(&self, format: FormatChoice) -> bool {
        self.scope == Scope::AllFormats || format.fixed().is_none_or(|format| format.key(self.param.name).is_some())
    }

    /// The formats that have it; empty if it applies to all.
    pub fn formats(&self) -> Vec<Format> {
        match self.scope {
            Scope::AllFormats => Vec::new(),
            Scope::SomeFormats => {
                Format::all().into_iter().filter(|format| format.key(self.param.name).is_some()).collect()
            }
        }
    }

    /// The defaults that formats have of their own, such as `JPEG 85, WebP 82`; empty if there are none.
    pub fn format_defaults(&self, lang: Lang) -> String {
        let defaults = self
            .formats()
            .into_iter()
            .filter_map(|format| self.default_of(format, lang).map(|default| format!("{} {default}", format.label())));
        defaults.collect::<Vec<_>>().join("; ")
    }

    /// The default that a format has of its own, such as `85`.
    pub fn default_of(&self, format: Format, lang: Lang) -> Option<String> {
        if let Some(quality) = format.default_quality().filter(|_| self.param.name == QUALITY.param.name) {
            return Some(quality.to_string());
        }
        let default = format.key(self.param.name)?.default;
        let default = names::save_default(lang, self.param.name, format.name(), default);
        (!default.is_empty()).then(|| default.to_owned())
    }

    /// What the value means in each format, such as `PNG: the level of deflate`.
    pub fn format_meanings(&self, lang: Lang) -> Vec<String> {
        let meanings = self
            .formats()
            .into_iter()
            .filter_map(|format| self.meaning_in(format, lang).map(|meaning| format!("{}: {meaning}", format.label())));
        meanings.collect()
    }

    /// What the value means in one format, such as `the level of deflate`.
    pub fn meaning_in(&self, format: Format, lang: Lang) -> Option<&'static str> {
        let meaning = format.key(self.param.name)?.meaning;
        let meaning = names::save_meaning(lang, self.param.name, format.name(), meaning);
        (!meaning.is_empty()).then_some(meaning)
    }

    /// Its value; `None` if it has its default.
    pub fn get(&self, save: &Save) -> Option<Value> {
        (self.get)(save)
    }

    /// Resets it to its default.
    pub fn reset(&self, save: &mut Save) {
        let mut others = Save { format: save.format, ..Save::default() };
        for (key, value) in save.given().filter(|(key, _)| key.param.name != self.param.name) {
            // A value that was set can be set again.
            let _ = key.set(&mut others, &value);
        }
        *save = others;
    }

    /// Sets it; the error says what is allowed.
    pub fn set(&self, save: &mut Save, value: &Value) -> Result<(), Message> {
        // A word may look like a number: 420.
        let text = match (&self.param.kind, value) {
            (ParamKind::Choice { .. }, Value::Number(_)) => Value::Text(value.to_string()),
            _ => value.clone(),
        };
        let value = &self.param.respelled(text);
        if self.shape == Shape::OfKind {
            self.param.check(value)?;
        }
        let refusal = || match self.shape {
            Shape::OfKind => self.param.refusal(value),
            Shape::Size => Message::new("must_be_size").about(self.param.name, value),
            Shape::OpaqueColour => Message::new("must_be_opaque_colour").about(self.param.name, value),
        };
        (self.set)(save, value).ok_or_else(refusal)
    }
}

/// The key of that name, or a message that lists the keys.
pub fn key(name: &str) -> Result<&'static SaveKey, Message> {
    let names = || keys().iter().map(|key| key.param.name);
    let found = spelling::find(name, names()).and_then(|name| keys().iter().find(|key| key.param.name == name));
    found.ok_or_else(|| {
        let message = match spelling::nearest(name, names().chain(["format"])) {
            Some(near) => Message::new("no_save_key_near").with("near", near),
            None => Message::new("no_save_key"),
        };
        message.with("name", name).with("names", names().collect::<Vec<_>>().join(", "))
    })
}

/// The format of that name, or a message that lists the formats.
pub fn format(value: &Value) -> Result<FormatChoice, Message> {
    let name = if let Value::Text(name) = value { name.trim() } else { "" };
    FormatChoice::named(name).ok_or_else(|| {
        let words: Vec<&str> = FormatChoice::all().into_iter().map(FormatChoice::word).collect();
        super::param::must_be_choice(name, &words).about("format", value).with("options", words.join(", "))
    })
}

impl Save {
    /// The same for one page of a document; unchanged for an item that is none.
    pub fn of_page(&self, page: Option<PageNumber>) -> Cow<'_, Self> {
        match page {
            Some(page) => Cow::Owned(Self { page: Some(page.number()), ..self.clone() }),
            None => Cow::Borrowed(self),
        }
    }

    /// Sets a key; refuses one that does not apply to the format.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<(), Message> {
        let key = key(name)?;
        if !key.applies_to(self.format) {
            return Err(self.inapplicable(key));
        }
        key.set(self, value)
    }

    /// Changes the format; keys that do not apply to it are reset.
    pub fn set_format(&mut self, format: FormatChoice) {
        let fresh = Self { format, ..Self::default() };
        let old = std::mem::replace(self, fresh);
        for key in keys().iter().filter(|key| key.applies_to(format)) {
            if let Some(value) = key.get(&old) {
                // A value that was set can be set again.
                let _ = key.set(self, &value);
            }
        }
    }

    /// The keys that are set, with their values, in the order of [`keys`].
    pub fn given(&self) -> impl Iterator<Item = (&'static SaveKey, Value)> {
        keys().iter().filter_map(|key| key.get(self).map(|value| (key, value)))
    }

    /// Refuses keys out of range, keys that do not apply to the format, and keys that contradict each other.
    pub fn check(&self) -> Result<(), Message> {
        for (key, value) in self.given() {
            if !key.applies_to(self.format) {
                return Err(self.inapplicable(key));
            }
            key.set(&mut self.clone(), &value)?;
        }
        if self.lossless && self.max_bytes.is_some() {
            return Err(Message::new("save_max_bytes_lossless"));
        }
        if let Some(other) = self.target.and(self.other_than_target()) {
            return Err(Message::new("save_target_and").with("other", other));
        }
        let named = !matches!(self.colour, ColourChoice::Srgb | ColourChoice::Keep);
        if let Some(format) = self.format.fixed().filter(|format| named && !format.carries_profile()) {
            let (colour, label) = (self.colour.word(), format.label());
            let sentence = Message::new("save_no_profile");
            return Err(sentence.with("colour", colour).with("format", label));
        }
        let value = |name: &str| self.given().find_map(|(key, value)| (key.param.name == name).then_some(value));
        self.format.fixed().and_then(Format::save_info).map_or(Ok(()), |info| (info.check)(&value))
    }

    /// The setting, if there is one, that decides about the quality besides a target.
    const fn other_than_target(&self) -> Option<&'static str> {
        match self {
            Self { quality: Some(_), .. } => Some("quality"),
            Self { max_bytes: Some(_), .. } => Some("max_bytes"),
            Self { lossless: true, .. } => Some("lossless"),
            _ => None,
        }
    }

    fn inapplicable(&self, key: &SaveKey) -> Message {
        let theirs: Vec<&str> = key.formats().into_iter().map(Format::name).collect();
        let ours = keys().iter().filter(|key| key.applies_to(self.format)).map(|key| key.param.name);
        let (name, format, ours) = (key.param.name, self.format.word(), ours.collect::<Vec<_>>().join(", "));
        let sentence = Message::new("save_inapplicable");
        sentence.with("param", name).with("format", format).with("theirs", theirs.join(", ")).with("ours", ours)
    }
}

impl MetadataPolicy {
    /// Every choice, in the order of menus.
    pub const ALL: [Self; 3] = [Self::Keep, Self::NoGps, Self::Strip];

    /// The name in scripts and recipes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::NoGps => "no-gps",
            Self::Strip => "strip",
        }
    }
}

impl HdrChoice {
    /// Every choice, in the order of menus.
    pub const ALL: [Self; 2] = [Self::Sdr, Self::Keep];

    /// The name in scripts and recipes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sdr => "sdr",
            Self::Keep => "keep",
        }
    }
}

impl FramesChoice {
    /// Every choice, in the order of menus.
    pub const ALL: [Self; 2] = [Self::All, Self::First];

    /// The name in scripts and recipes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::First => "first",
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn named(name: &str) -> FormatChoice {
        FormatChoice::named(name).unwrap()
    }

    #[test]
    fn a_new_format_keeps_the_settings_it_has_and_resets_the_rest() {
        let mut save = Save { format: named("jpeg"), quality: Some(70), ..Save::default() };
        save.progressive = true;
        save.metadata = MetadataPolicy::Strip;
        save.max_bytes = Some(50_000);
        save.set_format(named("webp"));
        let expected = Save { format: named("webp"), quality: Some(70), max_bytes: Some(50_000), ..Save::default() };
        assert_eq!(save, Save { metadata: MetadataPolicy::Strip, ..expected });
        save.set_format(named("png"));
        assert_eq!(save, Save { format: named("png"), metadata: MetadataPolicy::Strip, ..Save::default() });
        assert_eq!(save.check(), Ok(()));
    }

    #[test]
    fn every_key_returns_its_value() {
        for key in keys() {
            let format = key.formats().first().copied().map_or(FormatChoice::Keep, FormatChoice::Fixed);
            let values: Vec<Value> = match &key.param.kind {
                ParamKind::Choice { options, .. } => options.iter().map(|&word| word.into()).collect(),
                ParamKind::Bool { .. } => vec![true.into(), false.into()],
                ParamKind::Int { min, max, .. } => vec![(*min as f64).into(), (*max as f64).into()],
                _ if key.param.name == "max_bytes" => vec![200_000.0.into()],
                _ => vec!["#102030".into()],
            };
            for value in values {
                let mut save = Save { format, ..Save::default() };
                save.set(key.param.name, &value).unwrap();
                let given = key.get(&save);
                assert!(given.as_ref() == Some(&value) || key.param.default_value() == Some(value), "{given:?}");
                // As catalogs keep it.
                let text = serde_json::to_string(&save).unwrap();
                assert_eq!(serde_json::from_str::<Save>(&text).unwrap(), save, "{text}");
            }
        }
    }

    #[test]
    fn missing_settings_are_the_default() {
        let save: Save = serde_json::from_str(r#"{"format":"webp","quality":82}"#).unwrap();
        assert_eq!(save, Save { format: named("webp"), quality: Some(82), ..Save::default() });
        assert!(Save { quality: Some(0), ..save.clone() }.check().is_err());
        assert!(Save { palette: Some(16), ..save }.check().unwrap_err().to_string().contains("only png, gif"));
    }
}
