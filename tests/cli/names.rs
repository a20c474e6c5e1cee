//! Names of results that people and scripts rely on.

use std::collections::BTreeSet;

use crate::program::{Home, sample};

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_chosen_format_has_one_spelling_of_its_extension_and_a_kept_one_keeps_its_own() {
    let home = Home::new();
    for name in ["in/a.JPG", "in/b.jpeg", "in/c.jpg", "in/d.JPE"] {
        home.sample("tulip-field.jpg", name);
    }
    let run = |out: &str, format: &str| home.run(&["run", "in", "-o", out, "-s", "flip", "--format", format]).expect(0);
    run("jpeg", "jpeg");
    assert_eq!(home.files("jpeg"), set(&["a.jpg", "b.jpg", "c.jpg", "d.jpg"]));
    run("tiff", "tiff");
    assert_eq!(home.files("tiff"), set(&["a.tif", "b.tif", "c.tif", "d.tif"]));
    run("keep", "keep");
    assert_eq!(home.files("keep"), set(&["a.JPG", "b.jpeg", "c.jpg", "d.JPE"]));
}

#[test]
fn several_input_folders_keep_their_own_names_below_the_output_folder() {
    let home = Home::new();
    for name in ["2024/beach/a.jpg", "2025/beach/a.jpg", "town/a.jpg", "town/sub/b.jpg", "c.jpg"] {
        home.sample("tulip-field.jpg", name);
    }
    let inputs = ["2024/beach", "2025/beach", "town/", "c.jpg"];
    let run =
        |out: &str, more: &[&str]| home.run(&[&["run", "-R"], &inputs[..], &["-o", out], more].concat()).expect(0);
    run("out", &[]);
    let wanted = ["beach/a.jpg", "beach (1)/a.jpg", "town/a.jpg", "town/sub/b.jpg", "c.jpg"];
    assert_eq!(home.files("out"), set(&wanted));
    let plan = run("planned", &["--dry-run"]);
    assert!(wanted.iter().all(|name| plan.out.contains(&format!("planned/{name}"))), "{plan:?}");
    run("flat", &["--tree", "flat"]);
    assert_eq!(home.files("flat"), set(&["a.jpg", "a (1).jpg", "a (2).jpg", "b.jpg", "c.jpg"]));
    home.run(&["run", "-R", "town", "town", "c.jpg", "-o", "one"]).expect(0);
    assert!(home.files("one").contains("sub/b.jpg") && !home.files("one").contains("town/a.jpg"));
    // Results of a run over one of them stay where they were.
    home.run(&["run", "-R", ".", "-o", "all", "--on-conflict", "fail"]).expect(0);
    assert!(home.files("all").contains("town/sub/b.jpg"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_in_a_code_page_of_windows_become_text_and_stay_different() {
    use std::os::unix::ffi::OsStrExt;

    let home = Home::new();
    // Two Korean words in CP949, as old archives leave them, in a folder that is named so as well.
    let folder = home.path("in").join(std::ffi::OsStr::from_bytes(b"\xbb\xe7\xc1\xf8"));
    std::fs::create_dir_all(&folder).unwrap();
    for name in [&b"\xc7\xd1\xb1\xdb.jpg"[..], b"\xc7\xd1\xb1\xb9.jpg"] {
        std::fs::write(folder.join(std::ffi::OsStr::from_bytes(name)), sample("tulip-field.jpg")).unwrap();
    }
    home.run(&["run", "-R", "in", "-o", "out"]).expect(0);
    let names: Vec<String> = home.files("out").into_iter().collect();
    assert_eq!(names, ["사진/한국.jpg", "사진/한글.jpg"]);
}
