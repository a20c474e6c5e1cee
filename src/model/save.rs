//! The keys of a way to save, declared once: the `--save` option, the `[save]` of recipe files, the window's panel, help
//! and checks all derive from [`keys`].

use super::choices::{Rgb, Subsampling, TiffCompression};
use super::human;
use super::job::{ColourChoice, Format, FormatChoice, FramesChoice, MetadataPolicy, Save};
use super::message::Message;
use super::param::{ParamKind, ParamSpec, Unit};
use super::recipe::Value;

/// One key of a way to save.
pub struct SaveKey {
    /// Name, help, unit, range and default.
    pub param: ParamSpec,
    /// The formats that know it; none named means all. With `keep` every key is allowed, and works where it can.
    pub formats: &'static [FormatChoice],
    /// What a text must look like; empty where the parameter's kind says it all.
    shape: &'static str,
    get: fn(&Save) -> Option<Value>,
    set: fn(&mut Save, &Value) -> Option<()>,
}

use FormatChoice::{Avif, Gif, Jpeg, Png, Tiff, Webp};

/// Every key but the format itself, in the order of editors and help.
pub fn keys() -> &'static [SaveKey] {
    const {
        &[
            QUALITY,
            MAX_BYTES,
            LOSSLESS,
            SUBSAMPLING,
            PROGRESSIVE,
            OPTIMIZE,
            EFFORT,
            PALETTE,
            COMPRESSION,
            BACKGROUND,
            FRAMES,
            METADATA,
            COLOUR,
            PAGE,
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
    param: spec("quality", "What may be lost: 100 is next to nothing [JPEG 85, WebP 82, AVIF 80]", whole(1, 100)),
    formats: &[Jpeg, Webp, Avif],
    shape: "",
    get: |save| save.quality.map(number),
    set: |save, value| small(value).map(|quality| save.quality = Some(quality)),
};

const MAX_BYTES: SaveKey = SaveKey {
    param: spec(
        "max_bytes",
        "The best quality (up to the one given) whose file is no larger than this",
        ParamKind::Text { default: "" },
    ),
    formats: &[Jpeg, Webp, Avif],
    shape: "a size, such as 200KB, 1.5MB or 64KiB",
    get: |save| save.max_bytes.map(|bytes| Value::Number(bytes as f64)),
    set: |save, value| match value {
        Value::Number(bytes) if bytes.fract() == 0.0 => within(*bytes as u64).map(|bytes| save.max_bytes = Some(bytes)),
        Value::Text(text) => human::parse_size(text).and_then(within).map(|bytes| save.max_bytes = Some(bytes)),
        _ => None,
    },
};

const LOSSLESS: SaveKey = SaveKey {
    param: spec(
        "lossless",
        "Every pixel as it is, in a larger file; with keep, a file without loss stays so unless a quality is given",
        ParamKind::Bool { default: false },
    ),
    formats: &[Webp],
    shape: "",
    get: |save| save.lossless.then_some(Value::Bool(true)),
    set: |save, value| truth(value).map(|on| save.lossless = on),
};

const SUBSAMPLING: SaveKey = SaveKey {
    param: spec(
        "subsampling",
        "How much coarser colour is stored than light; auto is 420, and 444 keeps red edges crisp",
        ParamKind::Choice { options: &["auto", "420", "422", "444"], default: "auto" },
    ),
    formats: &[Jpeg],
    shape: "",
    get: |save| (save.subsampling != Subsampling::Auto).then(|| save.subsampling.word().into()),
    set: |save, value| word(value, &Subsampling::ALL, Subsampling::word).map(|chosen| save.subsampling = chosen),
};

const PROGRESSIVE: SaveKey = SaveKey {
    param: spec(
        "progressive",
        "In several passes, coarse to fine: some per cent smaller, slower to make",
        ParamKind::Bool { default: false },
    ),
    formats: &[Jpeg],
    shape: "",
    get: |save| save.progressive.then_some(Value::Bool(true)),
    set: |save, value| truth(value).map(|on| save.progressive = on),
};

const OPTIMIZE: SaveKey = SaveKey {
    param: spec(
        "optimize",
        "Huffman tables made for each picture: some per cent smaller without loss, slower to make",
        ParamKind::Bool { default: false },
    ),
    formats: &[Jpeg],
    shape: "",
    get: |save| save.optimize.then_some(Value::Bool(true)),
    set: |save, value| truth(value).map(|on| save.optimize = on),
};

const EFFORT: SaveKey = SaveKey {
    param: spec(
        "effort",
        "Work spent on a smaller file, 0 is quickest: PNG the level of deflate, WebP 1.5 times the method, AVIF 10 less \
         the speed, TIFF with deflate its level, as 1, 6 or 9 [PNG 1, or 6 with a palette; WebP 6, AVIF 1, TIFF 6]",
        whole(0, 9),
    ),
    formats: &[Png, Webp, Avif, Tiff],
    shape: "",
    get: |save| save.effort.map(number),
    set: |save, value| small(value).map(|effort| save.effort = Some(effort)),
};

const PALETTE: SaveKey = SaveKey {
    param: spec(
        "palette",
        "Colours at most, chosen for each picture and dithered between [PNG as they are, GIF 256]",
        whole(2, 256),
    ),
    formats: &[Png, Gif],
    shape: "",
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
        "How the data are packed, all without loss",
        ParamKind::Choice { options: &["lzw", "deflate", "none"], default: "lzw" },
    ),
    formats: &[Tiff],
    shape: "",
    get: |save| (save.compression != TiffCompression::Lzw).then(|| save.compression.word().into()),
    set: |save, value| {
        word(value, &TiffCompression::ALL, TiffCompression::word).map(|chosen| save.compression = chosen)
    },
};

const BACKGROUND: SaveKey = SaveKey {
    param: spec(
        "background",
        "What shows through transparent pixels where the format has none, or none by half",
        ParamKind::Colour { default: "white" },
    ),
    formats: &[Jpeg, Gif],
    shape: "a colour: white, black, #rgb or #rrggbb",
    get: |save| (save.background != Rgb::WHITE).then(|| Value::Text(save.background.to_string())),
    set: |save, value| match value {
        Value::Text(text) => Rgb::parse(text).map(|colour| save.background = colour),
        _ => None,
    },
};

const FRAMES: SaveKey = SaveKey {
    param: spec(
        "frames",
        "Which frames of an animation: all (GIF, WebP and PNG can hold them), or only the first",
        ParamKind::Choice { options: &["all", "first"], default: "all" },
    ),
    formats: &[],
    shape: "",
    get: |save| (save.frames != FramesChoice::default()).then(|| save.frames.word().into()),
    set: |save, value| word(value, &FramesChoice::ALL, FramesChoice::word).map(|chosen| save.frames = chosen),
};

const METADATA: SaveKey = SaveKey {
    param: spec(
        "metadata",
        "What of EXIF, XMP and IPTC goes along; with strip, the resolution for print (dpi) stays behind, too",
        ParamKind::Choice { options: &["keep", "no-gps", "strip"], default: "no-gps" },
    ),
    formats: &[],
    shape: "",
    get: |save| (save.metadata != MetadataPolicy::default()).then(|| save.metadata.word().into()),
    set: |save, value| word(value, &MetadataPolicy::ALL, MetadataPolicy::word).map(|chosen| save.metadata = chosen),
};

const COLOUR: SaveKey = SaveKey {
    param: spec(
        "colour",
        "Pixels are converted to sRGB, to another space whose profile is embedded then, or keep their own",
        ParamKind::Choice {
            options: &["srgb", "keep", "display-p3", "adobe-rgb", "prophoto-rgb", "rec2020"],
            default: "srgb",
        },
    ),
    formats: &[],
    shape: "",
    get: |save| (save.colour != ColourChoice::default()).then(|| save.colour.word().into()),
    set: |save, value| word(value, &ColourChoice::ALL, ColourChoice::word).map(|chosen| save.colour = chosen),
};

const PAGE: SaveKey = SaveKey {
    param: spec("page", "Which page of a TIFF with several is read, counted from 1 [1]", whole(1, 65_535)),
    formats: &[],
    shape: "",
    get: |save| save.page.map(number),
    set: |save, value| match value {
        Value::Number(page) => {
            save.page = Some(*page as u16);
            Some(())
        }
        _ => None,
    },
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

/// Files below this hold no picture; above that, no limit is meant.
fn within(bytes: u64) -> Option<u64> {
    (64..=1 << 50).contains(&bytes).then_some(bytes)
}

fn word<T: Copy>(value: &Value, all: &[T], word_of: fn(T) -> &'static str) -> Option<T> {
    all.iter().copied().find(|choice| Value::from(word_of(*choice)) == *value)
}

impl SaveKey {
    /// What the key allows, such as `a whole number from 1 to 100`.
    pub fn allowed(&self) -> String {
        if self.shape.is_empty() { self.param.allowed() } else { self.shape.to_owned() }
    }

    /// Whether it works in a format. With `keep` it does wherever the input's own format knows it.
    pub fn applies_to(&self, format: FormatChoice) -> bool {
        self.formats.is_empty() || format == FormatChoice::Keep || self.formats.contains(&format)
    }

    /// What a way to save gives for it; nothing where that is the default.
    pub fn get(&self, save: &Save) -> Option<Value> {
        (self.get)(save)
    }

    /// Puts it back to its default.
    pub fn reset(&self, save: &mut Save) {
        let mut others = Save { format: save.format, ..Save::default() };
        for (key, value) in save.given().filter(|(key, _)| key.param.name != self.param.name) {
            // What it gave it takes.
            let _ = key.set(&mut others, &value);
        }
        *save = others;
    }

    /// Sets it; the error says what is allowed.
    pub fn set(&self, save: &mut Save, value: &Value) -> Result<(), Message> {
        // A word may look like a number: 420.
        let text = match (&self.param.kind, value) {
            (ParamKind::Choice { .. }, Value::Number(_)) => Some(Value::Text(value.to_string())),
            _ => None,
        };
        let value = text.as_ref().unwrap_or(value);
        if self.shape.is_empty() {
            self.param.check(value)?;
        }
        let refusal = || {
            let shaped = || {
                let sentence = Message::new("must_be_shaped", "{param} must be {shape}, not {given}");
                sentence.about(self.param.name, value).with("shape", self.shape)
            };
            if self.shape.is_empty() { self.param.refusal(value) } else { shaped() }
        };
        (self.set)(save, value).ok_or_else(refusal)
    }
}

/// The key of that name, or a sentence that says which there are.
pub fn key(name: &str) -> Result<&'static SaveKey, Message> {
    keys().iter().find(|key| key.param.name == name).ok_or_else(|| {
        let names: Vec<&str> = keys().iter().map(|key| key.param.name).collect();
        Message::new("no_save_key", "there is no key \"{name}\"; there are format, {names}")
            .with("name", name)
            .with("names", names.join(", "))
    })
}

/// The format of that name, or a sentence that says which there are.
pub fn format(value: &Value) -> Result<FormatChoice, Message> {
    word(value, &FormatChoice::ALL, FormatChoice::word).ok_or_else(|| {
        let words = FormatChoice::ALL.map(FormatChoice::word).join(", ");
        Message::new("must_be_choice", "{param} must be one of {options}, not {given}")
            .about("format", value)
            .with("options", words)
    })
}

impl Save {
    /// Sets a key, refusing one that means nothing for the format.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<(), Message> {
        let key = key(name)?;
        if !key.applies_to(self.format) {
            return Err(self.inapplicable(key));
        }
        key.set(self, value)
    }

    /// Another format; keys that mean nothing for it go back to their defaults.
    pub fn set_format(&mut self, format: FormatChoice) {
        let fresh = Self { format, ..Self::default() };
        let old = std::mem::replace(self, fresh);
        for key in keys().iter().filter(|key| key.applies_to(format)) {
            if let Some(value) = key.get(&old) {
                // What was taken from a way to save fits one.
                let _ = key.set(self, &value);
            }
        }
    }

    /// The keys that were given, with their values, in the order of [`keys`].
    pub fn given(&self) -> impl Iterator<Item = (&'static SaveKey, Value)> {
        keys().iter().filter_map(|key| key.get(self).map(|value| (key, value)))
    }

    /// Refuses keys out of range, keys that mean nothing for the format, and keys that contradict each other.
    pub fn check(&self) -> Result<(), Message> {
        for (key, value) in self.given() {
            if !key.applies_to(self.format) {
                return Err(self.inapplicable(key));
            }
            key.set(&mut self.clone(), &value)?;
        }
        if self.lossless && self.max_bytes.is_some() {
            return Err(Message::new(
                "save_max_bytes_lossless",
                "max_bytes lowers the quality until the file fits: it can't go with lossless",
            ));
        }
        let named = !matches!(self.colour, ColourChoice::Srgb | ColourChoice::Keep);
        if let Some(format) = self.format.fixed().filter(|format| named && !format.carries_profile()) {
            let (colour, label) = (self.colour.word(), format.label());
            let sentence = Message::new(
                "save_no_profile",
                "colour={colour} needs a format that can hold its profile; {format} has room for none",
            );
            return Err(sentence.with("colour", colour).with("format", label));
        }
        if self.format == Tiff && self.effort.is_some() && self.compression != TiffCompression::Deflate {
            return Err(Message::new("save_effort_deflate", "for tiff, effort needs compression=deflate"));
        }
        Ok(())
    }

    /// The quality for a format: the one given, or its default; 100 where there is no such thing.
    pub fn quality_for(&self, format: Format) -> u8 {
        self.quality.or(format.default_quality()).unwrap_or(100).clamp(1, 100)
    }

    fn inapplicable(&self, key: &SaveKey) -> Message {
        let theirs: Vec<&str> = key.formats.iter().map(|format| format.word()).collect();
        let ours = keys().iter().filter(|key| key.applies_to(self.format)).map(|key| key.param.name);
        let (name, format, ours) = (key.param.name, self.format.word(), ours.collect::<Vec<_>>().join(", "));
        let sentence = Message::new(
            "save_inapplicable",
            "{param} means nothing for {format}, only for {theirs}; {format} has {ours}",
        );
        sentence.with("param", name).with("format", format).with("theirs", theirs.join(", ")).with("ours", ours)
    }
}

impl Format {
    /// Whether what is written can hold a colour profile; pixels without one are taken to be sRGB.
    pub const fn carries_profile(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp | Self::Tiff | Self::Avif | Self::Bmp)
    }

    /// Quality when none is given; `None` where there is no such thing.
    pub const fn default_quality(self) -> Option<u8> {
        match self {
            Self::Jpeg => Some(85),
            Self::Webp => Some(82),
            Self::Avif => Some(80),
            _ => None,
        }
    }
}

impl MetadataPolicy {
    /// Every choice, in the order of menus.
    pub const ALL: [Self; 3] = [Self::Keep, Self::NoGps, Self::Strip];

    /// The word scripts use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::NoGps => "no-gps",
            Self::Strip => "strip",
        }
    }
}

impl FramesChoice {
    /// Every choice, in the order of menus.
    pub const ALL: [Self; 2] = [Self::All, Self::First];

    /// The word scripts use.
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

    #[test]
    fn another_format_keeps_what_it_knows_and_forgets_the_rest() {
        let mut save = Save { format: Jpeg, quality: Some(70), ..Save::default() };
        save.progressive = true;
        save.metadata = MetadataPolicy::Strip;
        save.max_bytes = Some(50_000);
        save.set_format(Webp);
        let expected = Save { format: Webp, quality: Some(70), max_bytes: Some(50_000), ..Save::default() };
        assert_eq!(save, Save { metadata: MetadataPolicy::Strip, ..expected });
        save.set_format(Png);
        assert_eq!(save, Save { format: Png, metadata: MetadataPolicy::Strip, ..Save::default() });
        assert_eq!(save.check(), Ok(()));
    }

    #[test]
    fn every_key_gives_back_what_it_was_given() {
        for key in keys() {
            let format = key.formats.first().copied().unwrap_or(FormatChoice::Keep);
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
    fn what_a_stored_way_to_save_lacks_is_the_default() {
        let save: Save = serde_json::from_str(r#"{"format":"webp","quality":82}"#).unwrap();
        assert_eq!(save, Save { format: Webp, quality: Some(82), ..Save::default() });
        assert!(Save { quality: Some(0), ..save.clone() }.check().is_err());
        assert!(Save { palette: Some(16), ..save }.check().unwrap_err().to_string().contains("only for png, gif"));
    }
}
