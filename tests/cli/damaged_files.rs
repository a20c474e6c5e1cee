//! What a run makes of damaged files, by `--damaged`.

use crate::program::Home;

fn damaged(path: &str, share: usize) -> Vec<u8> {
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes.len() * share / 100;
    bytes[at..at + 20].iter_mut().for_each(|byte| *byte = !*byte);
    bytes
}

#[test]
fn damaged_files_fail_or_are_kept_with_a_remark_and_what_has_no_readable_part_says_so() {
    let home = Home::new();
    home.file("a.png", damaged("assets/samples/orange-slice.png", 60));
    home.file("b.avif", damaged("tests/reference/formats/avif_lossless.avif", 70));
    let run = |damaged: &str| {
        let args = ["run", "a.png", "b.avif", "-o", damaged, "--format", "jpeg", "--damaged", damaged, "--json=items"];
        home.run(&args).expect(1)
    };
    let failed = run("fail");
    assert!(home.files("fail").is_empty() && failed.out.matches("is damaged").count() >= 2, "{failed:?}");
    assert!(!failed.out.contains("no part of it"), "{failed:?}");
    let kept = run("keep");
    assert_eq!(home.files("keep").len(), 1);
    assert!(kept.out.contains("only what could be decoded was saved"), "{kept:?}");
    assert!(kept.out.contains("and no part of it could be decoded"), "{kept:?}");
}
