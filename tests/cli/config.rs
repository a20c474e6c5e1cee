//! Options from variables and settings, presets by name, and recipes with paths of their own.

use crate::program::{Home, RunOutput, size_px};

fn home() -> Home {
    let home = Home::new();
    home.sample("tulip-field.jpg", "a.jpg");
    home
}

fn settings(home: &Home, run: &str) {
    home.file("config/pixloom/settings.toml", format!("theme = \"dark\"\n\n[run]\n{run}"));
}

#[track_caller]
fn made(home: &Home, run: &RunOutput, folder: &str) -> Vec<String> {
    assert_eq!(run.code, 0, "{run:?}");
    home.files(folder).into_iter().collect()
}

#[test]
fn an_option_comes_from_the_command_line_then_a_variable_then_the_settings() {
    let home = home().with_variable("PIXLOOM_FORMAT", "png").with_variable("PIXLOOM_NAME", "{stem}-v");
    settings(
        &home,
        "format = \"webp\"\nname = \"{stem}-s\"\nstep = [\"resize:width=20\", \"flip\"]\nout = \"from-settings\"\n",
    );
    assert_eq!(made(&home, &home.run(&["run", "a.jpg"]), "from-settings"), ["a-v.png"]);
    assert_eq!(size_px(&home.path("from-settings/a-v.png")).0, 20);
    let run = home.run(&["run", "a.jpg", "--format", "jpg", "-o", "o1"]);
    assert_eq!(made(&home, &run, "o1").len(), 1);
    assert!(home.files("o1").iter().all(|name| name.starts_with("a-v.jp")), "{:?}", home.files("o1"));
    let run = home.run(&["run", "a.jpg", "-s", "resize:width=30", "-o", "o2"]);
    assert_eq!(made(&home, &run, "o2"), ["a-v.png"]);
    assert_eq!(size_px(&home.path("o2/a-v.png")).0, 30, "steps of the command line replace those of the settings");
    let run = home.run(&["run", "a.jpg", "-o", "o3", "--no-config"]);
    assert_eq!(made(&home, &run, "o3"), ["a.jpg"], "nothing of them applies");
    assert_eq!(std::fs::read(home.path("o3/a.jpg")).unwrap(), std::fs::read(home.path("a.jpg")).unwrap());
}

#[test]
fn flags_and_repeated_options_can_be_variables() {
    let home = Home::new()
        .with_variable("PIXLOOM_RECURSIVE", "true")
        .with_variable("PIXLOOM_STEP", "resize:width=40\nflip")
        .with_variable("PIXLOOM_JSON", "items")
        .with_variable("PIXLOOM_VERBOSE", "0")
        .with_variable("PIXLOOM_OUT", "");
    home.sample("tulip-field.jpg", "in/deep/a.jpg");
    let run = home.run(&["run", "in", "-o", "out"]).expect(0);
    assert_eq!(run.events_of("item").len(), 1, "{run:?}");
    assert_eq!(size_px(&home.path("out/deep/a.jpg")).0, 40);
    // An option that excludes one of a variable wins.
    let home = Home::new().with_variable("PIXLOOM_QUIET", "1").with_variable("PIXLOOM_FAST", "1");
    home.sample("tulip-field.jpg", "a.jpg");
    assert!(home.run(&["run", "a.jpg", "-o", "out", "--verbose", "--durable"]).expect(0).out.contains("a.jpg -> "));
    assert_eq!(home.run(&["run", "a.jpg", "-o", "out"]).expect(0).out, "");
    // A column of a list means nothing without a list.
    let home = Home::new().with_variable("PIXLOOM_URL_COLUMN", "image").with_variable("PIXLOOM_ENCODING", "cp949");
    home.sample("tulip-field.jpg", "a.jpg");
    home.run(&["run", "a.jpg", "-o", "out"]).expect(0);
}

#[test]
fn variables_also_apply_to_the_catalog_the_language_and_commands_that_run_a_job_again() {
    let home = Home::new().with_variable("PIXLOOM_CATALOG", "here.sqlite").with_variable("PIXLOOM_LANG", "ko");
    home.file("b.jpg", "no image");
    assert!(home.run(&["run", "b.jpg", "-s", "flip", "-o", "out"]).expect(1).out.contains("실패"));
    assert!(home.path("here.sqlite").exists());
    assert!(home.run(&["jobs", "--lang", "en"]).expect(0).out.contains("done"));
    assert!(home.run(&["jobs", "--no-config"]).expect(0).out.contains("No jobs yet"));
    let home = Home::new().with_variable("PIXLOOM_JSON", "1").with_variable("PIXLOOM_FORMAT", "png");
    home.file("b.jpg", "no image");
    home.run(&["run", "b.jpg", "-o", "out"]).expect(1);
    assert_eq!(home.run(&["retry", "1"]).expect(1).events().last().unwrap()["event"], "finished");
    assert!(home.run(&["export", "1", "--format", "csv"]).expect(0).out.starts_with("job_id,"));
}

#[test]
fn save_settings_of_the_command_line_and_of_variables_do_not_contradict_each_other() {
    let run = |variables: &[(&'static str, &'static str)], args: &[&str]| {
        let mut home = home();
        for (name, value) in variables {
            home = home.with_variable(name, value);
        }
        let run = home.run(&[&["run", "a.jpg", "-o", "out", "-s", "resize:width=50"][..], args].concat()).expect(0);
        let json = home.run(&["jobs", "--json"]).expect(0).events().pop().unwrap();
        (run, json["save"].as_str().unwrap().to_owned())
    };
    for (variables, args, save) in [
        (&[("PIXLOOM_QUALITY", "70")][..], &["--format", "jpeg"][..], "jpeg:quality=70"),
        // PNG has no quality, and --save names one of its own.
        (&[("PIXLOOM_QUALITY", "70")], &["--format", "png"], "png"),
        (&[("PIXLOOM_QUALITY", "70")], &["--save", "webp:quality=60"], "webp:quality=60"),
        (&[("PIXLOOM_QUALITY", "70")], &["--save", "webp"], "webp:quality=70"),
        (&[("PIXLOOM_FORMAT", "png")], &["--save", "webp"], "webp"),
        (&[("PIXLOOM_SAVE", "webp:quality=60,effort=5")], &["--quality", "70"], "webp:quality=70,effort=5"),
        (&[("PIXLOOM_SAVE", "webp:quality=60")], &["--format", "jpg"], "jpeg:quality=60"),
        (&[("PIXLOOM_SAVE", "webp:quality=60"), ("PIXLOOM_FORMAT", "jpg")], &[], "jpeg:quality=60"),
    ] {
        let (output, text) = run(variables, args);
        assert_eq!(text, save, "{variables:?} {args:?} {output:?}");
    }
}

#[test]
fn an_error_names_the_variable_or_the_key_that_caused_it() {
    let wrong = home().with_variable("PIXLOOM_WORKERS", "none");
    let refused = wrong.run(&["run", "a.jpg", "-o", "out"]).expect(2);
    assert!(refused.err.contains("--workers") && refused.err.contains("PIXLOOM_WORKERS"), "{refused:?}");
    wrong.run(&["run", "a.jpg", "-o", "out", "--workers", "1"]).expect(0);
    let flag = home().with_variable("PIXLOOM_RECURSIVE", "maybe");
    assert!(flag.run(&["run", "a.jpg", "-o", "out"]).expect(2).err.contains("PIXLOOM_RECURSIVE must be true or false"));
    let home = home();
    for (run, words) in [
        ("wrkers = 2\n", &["\"wrkers\"", "did you mean \"workers\"?"][..]),
        ("workers = \"none\"\n", &["--workers", "[run] workers"]),
        ("workers = { a = 1 }\n", &["workers in [run]"]),
        ("workers = \n", &["settings.toml", "line 4"]),
    ] {
        settings(&home, run);
        let refused = home.run(&["run", "a.jpg", "-o", "out"]).expect(2);
        assert!(words.iter().all(|word| refused.err.contains(word)), "{run}: {refused:?}");
    }
    home.run(&["jobs"]).expect(0);
    home.run(&["run", "a.jpg", "-o", "out", "--no-config"]).expect(0);
    settings(&home, "per-host = 3\nPer_Host = 2\n");
    let refused = home.run(&["run", "a.jpg", "-o", "out"]).expect(2);
    assert!(refused.err.contains("are the same option") && refused.err.contains("settings.toml:"), "{refused:?}");
    settings(&home, "Per_Host = 2\nconnections = 3\n");
    home.run(&["run", "a.jpg", "-o", "out"]).expect(0);
}

#[test]
fn presets_are_found_by_name_whatever_lies_in_the_folder() {
    let home = home();
    // A folder of that name is a result, not a recipe.
    home.file("web/x.txt", "");
    home.run(&["run", "a.jpg", "-r", "web", "-o", "web"]).expect(0);
    assert_eq!(size_px(&home.path("web/a.webp")), (1600, 1067));
    home.run(&["run", "a.jpg", "-r", "Thumbnails", "-o", "t"]).expect(0);
    assert_eq!(size_px(&home.path("t").join(home.files("t").first().unwrap())), (320, 320));
    let refused = home.run(&["run", "a.jpg", "-r", "archiv", "-o", "x"]).expect(2);
    assert!(refused.err.contains("did you mean \"archive\"?"), "{refused:?}");
    assert!(home.run(&["run", "a.jpg", "-r", "none.toml", "-o", "x"]).expect(2).err.contains("none.toml"));
    home.file("own", "version = 1\n[[step]]\nop = \"resize\"\nwidth = 7\n");
    home.run(&["run", "a.jpg", "-r", "own", "-o", "o"]).expect(0);
    assert_eq!(size_px(&home.path("o/a.jpg")).0, 7);
}

#[test]
fn a_recipe_finds_its_own_files_from_any_folder_and_so_does_a_resumed_job() {
    let home = home();
    home.sample("orange-slice.png", "recipes/logo.png");
    let recipe = "version = 1\n[[step]]\nop = \"watermark_image\"\nfile = \"logo.png\"\n";
    home.file("recipes/mark.toml", recipe);
    home.file("elsewhere/x", "");
    home.run_in("elsewhere", &["run", "../a.jpg", "-r", "../recipes/mark.toml", "-o", "out"]).expect(0);
    // A step of the command line is relative to the folder in which it was typed.
    home.file("recipes/broken.jpg", "no image");
    let mark = ["run", "broken.jpg", "-s", "watermark_image:file=logo.png", "-o", "out"];
    home.run_in("recipes", &mark).expect(1);
    home.sample("tulip-field.jpg", "recipes/broken.jpg");
    home.run_in("elsewhere", &["retry", "2"]).expect(0);
    assert!(home.path("recipes/out/broken.jpg").exists());
}

#[test]
fn a_request_that_is_refused_after_it_was_parsed_names_the_variable_or_the_line_of_the_settings() {
    for (variable, value, words) in [
        ("PIXLOOM_QUALITY", "101", "--quality comes from PIXLOOM_QUALITY."),
        ("PIXLOOM_MIN_SAVING", "many", "--min-saving comes from PIXLOOM_MIN_SAVING."),
        ("PIXLOOM_STEP", "resize:width=20\nbrightnes:amount=3", "--step comes from PIXLOOM_STEP."),
        ("PIXLOOM_NAME", "{stm}", "--name (PIXLOOM_NAME)"),
        ("PIXLOOM_RECIPE", "no-such", "--recipe (PIXLOOM_RECIPE)"),
        ("PIXLOOM_URLS", "none.csv", "--urls (PIXLOOM_URLS)"),
    ] {
        let home = home().with_variable(variable, value);
        let refused = home.run(&["run", "a.jpg", "-o", "out"]).expect(2);
        assert!(refused.err.contains(words), "{variable}: {refused:?}");
        home.run(&["run", "a.jpg", "-o", "out", "--no-config"]).expect(0);
        let home = home.with_variable("PIXLOOM_NO_CONFIG", "1");
        home.run(&["run", "a.jpg", "-o", "out"]).expect(0);
    }
    let home = home();
    let place = format!("{}:5", home.path("config/pixloom/settings.toml").display());
    for (run, option) in [("# a remark\nquality = 300\n", "--quality"), ("# a remark\nworkers = \"x\"\n", "--workers")]
    {
        settings(&home, run);
        let refused = home.run(&["run", "a.jpg", "-o", "out"]).expect(2);
        assert!(refused.err.contains(&place) && refused.err.contains(option), "{place} {refused:?}");
    }
    // What the command line says itself comes from nowhere else.
    let refused = home.run(&["run", "a.jpg", "-o", "out", "--workers", "1", "--quality", "0"]).expect(2);
    assert!(!refused.err.contains("comes from"), "{refused:?}");
}

#[test]
fn a_misspelled_variable_is_mentioned_and_british_and_american_spelling_are_one() {
    let home = home().with_variable("PIXLOOM_COLOR", "rgb").with_variable("PIXLOOM_WROKERS", "1");
    let refused = home.run(&["run", "a.jpg", "-o", "out"]).expect(2);
    assert!(refused.err.contains("did you mean PIXLOOM_WORKERS?"), "{refused:?}");
    assert!(refused.err.contains("comes from PIXLOOM_COLOR"), "{refused:?}");
}
