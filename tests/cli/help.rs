//! Help is complete and lists only what exists.

use pixloom::model::ParamKind;

use crate::program::Home;

#[test]
fn every_operation_is_listed_and_explained_with_units_ranges_and_defaults() {
    let home = Home::new();
    let list = home.run(&["ops"]).expect(0).out;
    let listed = list.lines().filter(|line| line.contains("  ") || line.len() > 20);
    assert_eq!(listed.count(), pixloom::engine::registry().len(), "{list}");
    assert!(list.starts_with("Size and shape\nresize "), "{list}");
    for op in pixloom::engine::registry() {
        assert!(list.lines().any(|line| line.starts_with(op.id) && line.contains(op.summary)), "{}: {list}", op.id);
        let help = home.run(&["ops", op.id]).expect(0).out;
        for param in op.params {
            let about = help.split(&format!("\n  {}: ", param.name)).nth(1).unwrap_or_else(|| panic!("{help}"));
            let line = about.lines().next().unwrap();
            let range = match &param.kind {
                ParamKind::Float { min, max, .. } => format!("from {min} to {max}"),
                ParamKind::Int { min, max, .. } => format!("from {min} to {max}"),
                ParamKind::Bool { .. } => "true or false".to_owned(),
                ParamKind::Choice { options, .. } => options.join(", "),
                ParamKind::Text { .. } | ParamKind::FieldText { .. } => "text".to_owned(),
                ParamKind::Colour { .. } => "#rrggbb".to_owned(),
                ParamKind::File { .. } => "the path of".to_owned(),
                ParamKind::Curve { .. } => "points such as".to_owned(),
            };
            assert!(line.contains(&range) && line.contains('[') && line.contains(']'), "{}: {line}", op.id);
        }
    }
    for (op, words) in [
        ("resize", &["px", "lanczos3", "enlarge"][..]),
        ("linear", &["v * scale + offset", "levels of 255"]),
        ("gaussian_blur", &["exp(-d^2 / (2 sigma^2))", "px [2]"]),
        ("sharpen", &["x + amount * (x - G(x))"]),
        ("gamma", &["v ^ (1 / value)"]),
        ("grayscale", &["0.299 R + 0.587 G + 0.114 B"]),
        ("rotate", &["clockwise", "°"]),
    ] {
        let help = home.run(&["ops", op]).expect(0).out;
        assert!(words.iter().all(|word| help.contains(word)), "{op}: {help}");
    }
    assert!(home.run(&["ops", "resise"]).expect(2).err.contains("pixloom ops"));
    let korean = home.run(&["--lang", "ko", "ops", "gaussian_blur"]).expect(0).out;
    assert!(korean.contains("sigma (시그마): 0부터 200 px까지의 숫자 [기본값: 2]"), "{korean}");
    assert!(korean.contains("작동 방식") && !korean.contains("How it works"), "{korean}");
}

#[test]
fn help_lists_only_existing_commands_and_formats() {
    let home = Home::new();
    let help = home.run(&["--help"]).expect(0).out;
    let commands = help.split("Commands:").nth(1).unwrap().split("Arguments:").next().unwrap();
    let commands: Vec<&str> = commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for wanted in ["run", "resume", "retry", "jobs", "export", "ops"] {
        assert!(commands.contains(&wanted), "{help}");
    }
    for command in commands.iter().filter(|command| **command != "help") {
        home.run(&[command, "--help"]).expect(0);
    }
    let text: String = home.run(&["run", "--help"]).expect(0).out.split_whitespace().collect::<Vec<_>>().join(" ");
    let formats = text.split("--format").nth(1).unwrap().split("[possible values: ").nth(1).unwrap();
    home.sample("tulip-field.jpg", "t.jpg");
    for format in formats.split(']').next().unwrap().split(", ") {
        home.run(&["run", "t.jpg", "-s", "resize:long_edge=9", "--format", format, "-o", "out"]).expect(0);
    }
    assert!(home.run(&["--version"]).expect(0).out.starts_with("pixloom "));
}
