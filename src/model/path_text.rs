//! Lossless serialization of paths: one that is not UTF-8 is written like `Locator::to_text`, where serde alone would
//! refuse the whole job.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serializer};

use super::locator::Locator;

pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Locator::File(path.to_path_buf()).to_text())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Ok(match Locator::parse(&String::deserialize(deserializer)?) {
        Locator::File(path) | Locator::Page(path, _) => path,
        Locator::Url(text) | Locator::Row(text) => PathBuf::from(text),
    })
}

/// The same for a path that may be missing.
pub(super) mod option {
    use super::{Deserialize, Deserializer, PathBuf, Serializer};

    #[derive(Deserialize)]
    struct Text(#[serde(deserialize_with = "super::deserialize")] PathBuf);

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(in crate::model) fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        match path {
            Some(path) => super::serialize(path, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<Text>::deserialize(deserializer)?.map(|Text(path)| path))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::model::{JobSpec, SourceSpec};

    fn check(path: PathBuf) {
        let mut spec = JobSpec::default();
        spec.sources.push(SourceSpec::new("files", vec![Locator::File(path.clone())]));
        spec.output_mut().sink.dir = Some(path);
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<JobSpec>(&text).unwrap(), spec, "{text}");
    }

    #[test]
    fn a_job_with_any_path_survives_the_catalog() {
        for path in ["/a/한 b.jpg", "file:///odd", "relative/100%.jpg", ""] {
            check(path.into());
        }
        let text = serde_json::to_string(&JobSpec::default()).unwrap();
        assert_eq!(serde_json::from_str::<JobSpec>(&text).unwrap(), JobSpec::default());
        assert_eq!(serde_json::from_str::<JobSpec>("{\"outputs\":[{\"sink\":{}}]}").unwrap(), JobSpec::default());
    }

    #[test]
    fn settings_in_toml_contain_a_folder_or_none() {
        use crate::model::SinkSpec;
        for dir in [None, Some(PathBuf::from("/out"))] {
            let sink = SinkSpec { dir, ..SinkSpec::default() };
            let text = toml::to_string(&sink).unwrap();
            assert_eq!(toml::from_str::<SinkSpec>(&text).unwrap(), sink, "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_utf8_does_not_lose_the_job() {
        use std::os::unix::ffi::OsStringExt;
        check(std::ffi::OsString::from_vec(b"/tmp/\xff\xfe.jpg".to_vec()).into());
    }
}
