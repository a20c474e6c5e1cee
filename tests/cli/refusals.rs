//! What is refused before anything starts, and what the machine refuses.

use crate::program::{Home, RunOutput};

/// Exit code 2, and nothing was started: no output, no catalog.
#[track_caller]
fn refused(home: &Home, args: &[&str]) -> RunOutput {
    let output = home.run(&[&["run", "t.jpg", "-o", "out"], args].concat()).expect(2);
    assert!(!home.path("out").exists() && !home.path("data").exists(), "{output:?}");
    assert!(output.out.is_empty() && !output.err.is_empty(), "{output:?}");
    output
}

#[test]
fn an_invalid_recipe_is_refused_with_line_and_allowed_values() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "t.jpg");
    for (body, line, words) in [
        ("[[step]]\nop = \"sharpen\"\nsigmas = 1.0\n", 4, "available: sigma, amount"),
        ("[[step]]\nop = \"sharpen\"\nsigma = 1.0\namount = \"much\"\n", 5, "a number from"),
        ("[[step]]\nop = \"gaussian_blur\"\nsigma = 900\n", 4, "from 0 to 200 px, not 900"),
        ("[[step]]\nop = \"gaussian_blur\"\nsigma = nan\n", 4, "from 0 to 200 px, not NaN"),
        ("[[step]]\nop = \"gaussian_blur\"\nsigma = [1]\n", 4, "from 0 to 200 px"),
        ("[[step]]\nop = \"blur\"\n", 3, "gaussian_blur"),
        ("[[step]]\nlong_edge = 5\n", 2, "no op"),
        ("[save]\nformat = \"webp\"\nquality = 0\n", 4, "from 1 to 100, not 0"),
        ("[save]\nformat = \"heic\"\n", 3, "one of keep, jpeg, png"),
        ("[saves]\n", 2, "available: version, step, save, output, input; did you mean \"save\"?"),
        ("[[step]\n", 2, ""),
    ] {
        home.file("recipe.toml", format!("version = 1\n{body}"));
        let output = refused(&home, &["-r", "recipe.toml"]);
        assert!(output.err.contains(&format!("recipe.toml:{line}: ")), "{body}: {output:?}");
        assert!(output.err.contains(words), "{body}: {output:?}");
    }
    home.file("recipe.toml", "[[step]]\nop = \"invert\"\n");
    assert!(refused(&home, &["-r", "recipe.toml"]).err.contains("recipe.toml:1: version = 1 is missing"));
    assert!(refused(&home, &["-r", "none.toml"]).err.contains("none.toml"));
}

#[test]
fn invalid_steps_and_options_are_refused_with_allowed_values() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "t.jpg");
    for (args, words) in [
        (&["-s", "resze:long_edge=1"][..], "available: resize"),
        (&["-s", "resize:long=1"], "available: long_edge"),
        (&["-s", "resize:long_edge=0"], "from 1 to 65535 px"),
        (&["-s", "gaussian_blur:sigma=NaN"], "from 0 to 200 px"),
        (&["-s", "resize:long_edge"], "long_edge needs a value: a whole number from 1 to 65535 px"),
        (&["-s", "resize"], "resize"),
        (&["-s", "rotate:degrees=1,background=\"red"], "not closed"),
        (&["--save", "webp:quality=101"], "from 1 to 100"),
        (&["--save", "webp:speed=1"], "quality"),
        (&["--quality", "0"], "from 1 to 100"),
        (
            &["--save", "jpeg:quality=50", "--quality", "60"],
            "--save jpeg:quality=50 sets quality, and so does --quality 60",
        ),
        (&["--save", "jpeg:metadata=no-gps", "--metadata", "strip"], "--metadata strip: use only one of them"),
        (&["-s", "resize:width=100,percent=50"], "use only one of long_edge, short_edge, percent"),
        (&["--format", "mp4"], "possible values"),
        (&["--name", "{nome}"], "{stem}"),
        (&["--name", "../{stem"], "stray brace"),
        (&["--on-conflict", "ask"], "overwrite"),
        (&["--workers", "0"], "1..="),
        (&["--memory", "many"], "512MiB"),
        (&["--network-wait", "soon"], "30s"),
        (&["--fast", "--durable"], "cannot be used with"),
        (&["--urls", "none.txt"], "none.txt does not exist"),
        (&["--nonsense"], "--nonsense"),
        (&["--catalog", "postgres://me:pw@h/db"], "SQLite"),
    ] {
        let output = refused(&home, args);
        assert!(output.err.contains(words) && !output.err.contains("pw"), "{args:?}: {output:?}");
    }
    assert!(home.run(&["run"]).expect(2).err.contains("Nothing to do"));
    assert!(home.run(&["rum"]).expect(2).err.contains("no command and no file \"rum\""));
    home.run(&["t.jpg", "run"]).expect(2);
}

#[test]
fn an_unusable_output_folder_or_catalog_ends_with_3() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "t.jpg");
    home.file("file", "a file");
    std::fs::create_dir(home.path("folder")).unwrap();
    for args in [
        &["-o", "out", "--catalog", "folder"][..],
        &["-o", "out", "--catalog", "file/below"],
        &["-o", "out", "--catalog", "t.jpg"],
        &["-o", "file"],
        &["-o", "file/below"],
    ] {
        let output = home.run(&[&["run", "t.jpg"], args].concat()).expect(3);
        assert!(
            output.out.is_empty() && output.err.contains("Choose another") | output.err.contains("choose another"),
            "{output:?}"
        );
        assert!(home.files("out").is_empty(), "{args:?}");
    }
    assert_eq!(std::fs::read(home.path("file")).unwrap(), b"a file");
}

#[test]
fn a_wrong_number_is_called_that_and_not_an_unknown_option() {
    let home = Home::new();
    for (args, words) in [
        (&["run", "a.jpg", "--max-failures", "-1"][..], "a whole number is expected"),
        (&["run", "a.jpg", "--max-failures", "x"], "a whole number is expected"),
        (&["run", "a.jpg", "--max-failures", "99999999999999999999999"], "a whole number is expected"),
        (&["run", "a.jpg", "--quality", "-5"], "quality must be a whole number from 1 to 100, not -5"),
        (&["run", "a.jpg", "--min-saving", "200"], "--min-saving 200:"),
        (&["jobs", "abc"], "a whole number is expected"),
        (&["run", "a.jpg", "-s", "rotate:90"], "such as degrees=90"),
    ] {
        let refused = home.run(args).expect(2);
        assert!(refused.err.contains(words), "{args:?}: {refused:?}");
    }
    let korean = home.run(&["run", "a.jpg", "--lang", "ko", "--name"]).expect(2);
    assert!(!korean.err.contains("[가능한 값: ]"), "{korean:?}");
}
