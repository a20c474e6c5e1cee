//! Image formats as plain data: what menus, help, lists and checks need to know about one.
//!
//! A format is declared in its folder below `codec`, which registers the part of the declaration that is defined here.
//! Nothing here knows a particular format.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::message::Message;
use super::recipe::Value;

/// What is declared about a format, apart from how it is decoded and encoded.
pub struct FormatInfo {
    /// The names that recipes, options and catalogs use. The first one is written; all of them are read.
    pub names: &'static [&'static str],
    /// The name that people know, such as `JPEG XL`.
    pub label: &'static str,
    /// File name extensions in lower case, without the dot. Results get the first one.
    pub extensions: &'static [&'static str],
    /// Media types that servers send. The first one is the registered type.
    pub media_types: &'static [&'static str],
    /// How images are saved in the format; `None` if it is only read.
    pub save: Option<SaveInfo>,
}

/// What can be chosen when images are saved in a format.
pub struct SaveInfo {
    /// Quality when none is given, 1 to 100; `None` if the format has no quality.
    pub default_quality: Option<u8>,
    /// The keys of `--save` that apply to this format in particular.
    pub keys: &'static [FormatKey],
    /// Whether a file can hold a colour profile. Pixels without one are taken to be sRGB.
    pub has_profile: bool,
    /// Whether a file can hold several frames.
    pub has_frames: bool,
    /// Rejects settings that contradict each other. Each one alone has been checked before.
    pub check: fn(&GivenValues<'_>) -> Result<(), Message>,
}

/// The value of a key of `--save`, by its name; `None` if it was not given.
pub type GivenValues<'a> = dyn Fn(&str) -> Option<Value> + 'a;

/// A key of `--save` as one format understands it.
pub struct FormatKey {
    /// The key's name.
    pub name: &'static str,
    /// The default, as help shows it; empty if the format has none of its own.
    pub default: &'static str,
    /// What the value does in this format; empty if there is nothing to add to the key's summary.
    pub meaning: &'static str,
}

impl FormatKey {
    /// A key that has the same meaning and default in every format.
    pub const fn new(name: &'static str) -> Self {
        Self { name, default: "", meaning: "" }
    }

    /// A key with a default of this format.
    pub const fn with_default(name: &'static str, default: &'static str) -> Self {
        Self { name, default, meaning: "" }
    }

    /// A key whose value has a meaning of its own in this format.
    pub const fn with_meaning(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self { name, default, meaning }
    }
}

/// An image format: a reference to its declaration.
#[derive(Clone, Copy)]
pub struct Format(&'static FormatInfo);

/// The formats that have been registered, in the order of menus and help.
static REGISTERED: RwLock<Vec<Format>> = RwLock::new(Vec::new());

impl Format {
    /// The format with this declaration.
    pub const fn new(info: &'static FormatInfo) -> Self {
        Self(info)
    }

    /// Makes formats known to everything that lists formats or finds one by name. One that is known already stays.
    pub fn register(formats: impl IntoIterator<Item = Self>) {
        let mut registered = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
        for format in formats {
            if !registered.contains(&format) {
                registered.push(format);
            }
        }
    }

    /// Every registered format, in the order of menus and help.
    pub fn all() -> Vec<Self> {
        #[cfg(test)]
        crate::init();
        REGISTERED.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The registered format of that name or extension, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let is_name = |format: &Self| format.0.names.iter().any(|own| own.eq_ignore_ascii_case(name));
        let all = Self::all();
        all.iter().copied().find(is_name).or_else(|| all.into_iter().find(|format| format.has_extension(name)))
    }

    /// The format of that name, which a test knows to exist.
    #[cfg(test)]
    pub(crate) fn known(name: &str) -> Self {
        Self::named(name).unwrap_or_else(|| panic!("there is no format {name}"))
    }

    /// The name that recipes, options and catalogs use.
    pub const fn name(self) -> &'static str {
        first(self.0.names)
    }

    /// The name that people know.
    pub const fn label(self) -> &'static str {
        self.0.label
    }

    /// The extension that results get, without the dot.
    pub const fn extension(self) -> &'static str {
        first(self.0.extensions)
    }

    /// The extensions that files of the format have, in lower case, without the dot.
    pub const fn extensions(self) -> &'static [&'static str] {
        self.0.extensions
    }

    /// Whether files of the format have this extension, in any case.
    pub fn has_extension(self, extension: &str) -> bool {
        self.0.extensions.iter().any(|own| own.eq_ignore_ascii_case(extension))
    }

    /// The media types that servers send for the format.
    pub const fn media_types(self) -> &'static [&'static str] {
        self.0.media_types
    }

    /// What can be chosen when images are saved in the format; `None` if it is only read.
    pub const fn save_info(self) -> Option<&'static SaveInfo> {
        self.0.save.as_ref()
    }

    /// Whether images can be saved in the format.
    pub const fn is_written(self) -> bool {
        self.0.save.is_some()
    }

    /// Whether a file can hold a colour profile. Pixels without one are taken to be sRGB.
    pub fn carries_profile(self) -> bool {
        self.save_info().is_some_and(|save| save.has_profile)
    }

    /// Whether a file can hold several frames.
    pub fn holds_frames(self) -> bool {
        self.save_info().is_some_and(|save| save.has_frames)
    }

    /// How the format understands a key of `--save` that is not for all formats; `None` if the key has no meaning for
    /// it.
    pub fn key(self, name: &str) -> Option<&'static FormatKey> {
        self.save_info()?.keys.iter().find(|key| key.name == name)
    }

    /// Quality when none is given; `None` if the format has no quality.
    pub fn default_quality(self) -> Option<u8> {
        self.save_info()?.default_quality
    }
}

const fn first(words: &'static [&'static str]) -> &'static str {
    match words {
        [first, ..] => first,
        [] => "",
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Format {}

impl Hash for Format {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// An image format that can't be opened. Its files are recognised, so that they get a record that says why.
pub struct OtherFormat {
    /// The name that people know.
    pub label: &'static str,
    /// File name extensions in lower case, without the dot.
    extensions: &'static [&'static str],
    /// First bytes of its files.
    signatures: &'static [&'static [u8]],
    /// Brands of its files, if they are in the ISO base media format.
    brands: &'static [&'static [u8; 4]],
    /// The feature of the program that reads it, if there is one: this build leaves it out.
    pub feature: Option<&'static str>,
}

impl OtherFormat {
    /// One that is only recognised by its extensions.
    const fn named(label: &'static str, extensions: &'static [&'static str]) -> Self {
        Self { label, extensions, signatures: &[], brands: &[], feature: None }
    }

    const fn signed(
        label: &'static str,
        extensions: &'static [&'static str],
        signatures: &'static [&'static [u8]],
    ) -> Self {
        Self { label, extensions, signatures, brands: &[], feature: None }
    }

    const fn branded(
        label: &'static str,
        extensions: &'static [&'static str],
        brands: &'static [&'static [u8; 4]],
    ) -> Self {
        Self { label, extensions, signatures: &[], brands, feature: None }
    }

    /// The same for a format that a feature of the program reads.
    const fn of_feature(self, feature: &'static str) -> Self {
        Self { feature: Some(feature), ..self }
    }

    /// The format whose files have this extension, in any case.
    pub fn with_extension(extension: &str) -> Option<&'static Self> {
        OTHER_FORMATS.iter().find(|format| format.extensions.iter().any(|own| own.eq_ignore_ascii_case(extension)))
    }

    /// The format of a file, by its first bytes.
    pub fn of_bytes(bytes: &[u8]) -> Option<&'static Self> {
        let brand = bytes.get(4..12).and_then(|ftyp| ftyp.strip_prefix(b"ftyp"));
        OTHER_FORMATS.iter().find(|format| match brand {
            Some(brand) => format.brands.iter().any(|own| *own == brand),
            None => format.signatures.iter().any(|signature| bytes.starts_with(signature)),
        })
    }
}

/// The formats that can't be opened.
static OTHER_FORMATS: &[OtherFormat] = &[
    OtherFormat::branded(
        "HEIC",
        &["heic", "heif", "hif", "heics", "heifs"],
        &[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"],
    )
    .of_feature("heic"),
    OtherFormat::branded("AVC in HEIF", &["avci", "avcs"], &[b"avci", b"avcs"]),
    OtherFormat::branded("Canon raw (CR3)", &["cr3"], &[b"crx "]).of_feature("raw"),
    OtherFormat::named("JPEG 2000", &["jpm"]),
    OtherFormat::signed("JPEG XR", &["jxr", "wdp", "hdp"], &[b"II\xBC\x01"]),
    OtherFormat::signed("Photoshop", &["psd", "psb"], &[b"8BPS"]),
    OtherFormat::signed("GIMP", &["xcf"], &[b"gimp xcf"]),
    OtherFormat::signed("Apple icon", &["icns"], &[b"icns"]),
    OtherFormat::named("PFM", &["pfm"]),
    OtherFormat::named("PCX", &["pcx"]),
    OtherFormat::signed("Fujifilm raw (RAF)", &["raf"], &[b"FUJIFILMCCD-RAW"]).of_feature("raw"),
    OtherFormat::signed("Olympus raw (ORF)", &["orf"], &[b"IIRO", b"IIRS", b"MMOR"]).of_feature("raw"),
    OtherFormat::signed("Panasonic raw (RW2)", &["rw2"], &[b"IIU\0"]).of_feature("raw"),
    OtherFormat::signed("Minolta raw (MRW)", &["mrw"], &[b"\0MRM"]).of_feature("raw"),
    OtherFormat::signed("Sigma raw (X3F)", &["x3f"], &[b"FOVb"]).of_feature("raw"),
    // TIFF by their bytes, whose decoder recognises and refuses them.
    OtherFormat::named(
        "camera raw",
        &[
            "raw", "dng", "cr2", "crw", "nef", "nrw", "arw", "srf", "sr2", "rwl", "pef", "srw", "dcr", "kdc", "erf",
            "mef", "mos", "iiq", "3fr", "fff", "gpr",
        ],
    )
    .of_feature("raw"),
];

/// Whether a file's extension, in any case, is that of an image, whether or not it can be opened.
pub fn is_image_extension(extension: &str) -> bool {
    Format::all().into_iter().any(|format| format.has_extension(extension))
        || OtherFormat::with_extension(extension).is_some()
}

/// Whether a file's extension, in any case, is that of a camera raw file.
pub fn is_raw_extension(extension: &str) -> bool {
    let mut raw = OTHER_FORMATS.iter().filter(|format| format.feature == Some("raw"));
    raw.any(|format| format.extensions.iter().any(|own| own.eq_ignore_ascii_case(extension)))
}

/// The format of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormatChoice {
    /// The input's own format; PNG if that can't be written.
    #[default]
    Keep,
    /// This one.
    Fixed(Format),
}

impl FormatChoice {
    /// Every choice, in the order of menus and help.
    pub fn all() -> Vec<Self> {
        let written = Format::all().into_iter().filter(|format| format.is_written());
        std::iter::once(Self::Keep).chain(written.map(Self::Fixed)).collect()
    }

    /// The choice of that name, in any case: `keep`, or the name or extension of a format that can be written.
    pub fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case(KEEP) {
            return Some(Self::Keep);
        }
        Format::named(name).filter(|format| format.is_written()).map(Self::Fixed)
    }

    /// The choice of that name, which a test knows to exist.
    #[cfg(test)]
    pub(crate) fn known(name: &str) -> Self {
        Self::named(name).unwrap_or_else(|| panic!("{name} can't be written"))
    }

    /// The name that recipes, options and catalogs use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keep => KEEP,
            Self::Fixed(format) => format.name(),
        }
    }

    /// The chosen format; `None` if each input keeps its own.
    pub const fn fixed(self) -> Option<Format> {
        match self {
            Self::Keep => None,
            Self::Fixed(format) => Some(format),
        }
    }

    /// The format in which an image of format `input` is saved.
    pub fn resolve(self, input: Format) -> Format {
        let own = || if input.is_written() { input } else { Format::named(SUBSTITUTE).unwrap_or(input) };
        self.fixed().unwrap_or_else(own)
    }
}

/// The name of [`FormatChoice::Keep`].
const KEEP: &str = "keep";
/// The format in which images are saved whose own format is only read.
const SUBSTITUTE: &str = "png";

impl Serialize for FormatChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for FormatChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| de::Error::custom(format!("unknown format \"{name}\"")))
    }
}
