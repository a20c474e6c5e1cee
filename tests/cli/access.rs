//! Secrets, robots.txt and certificates on the command line.

use crate::program::Home;
use crate::util::server::{Server, ok, status};

/// Everything that the program stores except its secrets.
fn kept(home: &Home) -> Vec<u8> {
    let files = walkdir::WalkDir::new(home.path("")).into_iter().filter_map(Result::ok);
    let files = files.filter(|file| file.file_type().is_file() && file.file_name() != "secrets.toml");
    files.flat_map(|file| std::fs::read(file.path()).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A server that requires a password, except for `/open`.
fn locked() -> Server {
    Server::start(|request| match request.headers.get("authorization").map(String::as_str) {
        Some("Basic bWU6czNjcmV0") => ok("x", "text/plain"),
        _ if request.path == "/open" => ok("x", "text/plain"),
        _ => status(401),
    })
}

#[test]
fn a_password_is_stored_in_the_secrets_file_and_found_by_a_resume() {
    let (home, server) = (Home::new(), locked());
    let mine = |path: &str| server.url(path).replace("http://", "http://me:s3cret@");
    let list = home.file("in.txt", format!("{}\n{}\n", mine("/b.txt"), mine("/c.txt")));
    let args = ["run", &mine("/a.txt"), "--urls", list.to_str().unwrap(), "-o", "out"];
    home.run(&args).expect(0);
    assert_eq!(home.files("out").len(), 3);
    std::fs::remove_file(list).unwrap();
    let everything = kept(&home);
    assert!(!holds(&everything, "s3cret") && !holds(&everything, "me:"), "the catalog holds the password");
    let secrets = home.path("config/pixloom/secrets.toml");
    assert!(std::fs::read_to_string(&secrets).unwrap().contains("me:s3cret"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(secrets.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let export = home.run(&["export", "1", "--format", "csv"]).expect(0);
    assert!(!export.out.contains("s3cret") && !export.out.contains("pixloom-secret"), "{export:?}");
}

#[test]
fn a_missing_secret_pauses_the_job_which_can_be_resumed() {
    let (home, server) = (Home::new(), locked());
    let bearer = format!("{}=settings:shop", server.url("").trim_end_matches('/'));
    let output = home.run(&["run", &server.url("/a.txt"), "-o", "out", "--basic", &bearer]).expect(3);
    assert!(output.err.contains("settings:shop") && output.err.contains("secrets.toml"), "{output:?}");
    assert_eq!(server.hits("/a.txt"), 0);
    let secrets = home.file("config/pixloom/secrets.toml", "shop = \"me:s3cret\"\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o644)).unwrap();
        let output = home.run(&["resume"]).expect(3);
        assert!(output.err.contains("chmod 600") && !output.err.contains("s3cret"), "{output:?}");
        std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    home.run(&["resume"]).expect(0);
    assert_eq!(home.files("out").len(), 1);
}

#[test]
fn unused_credentials_are_reported() {
    let (home, server) = (Home::new(), locked());
    let here = server.url("").trim_end_matches('/').to_owned();
    let secure = here.replace("http://", "https://");
    let secrets = home.file("config/pixloom/secrets.toml", "shop = \"me:s3cret\"\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let basic = |place: &str| format!("--basic={place}=settings:shop");
    let used = home.run(&["run", &server.url("/a.txt"), "-o", "out", &basic(&here)]).expect(0);
    assert!(!used.err.contains("not used"), "{used:?}");
    let args = ["run", &server.url("/open"), "-o", "out", &basic(&secure), &basic("https://other.example")];
    let unused = home.run(&args).expect(0);
    assert!(unused.err.contains(&format!("{secure} were not used: the links led to {here}")), "{unused:?}");
    assert!(unused.err.contains("https://other.example were not used: no link led there"), "{unused:?}");
}

#[test]
fn a_missing_secret_of_a_link_pauses_the_job() {
    let (home, server) = (Home::new(), locked());
    let url = server.url("/a.txt").replace("http://", "http://me:wrong@");
    home.run(&["run", &url, &server.url("/open"), "-o", "out"]).expect(1);
    let secrets = home.path("config/pixloom/secrets.toml");
    let text = std::fs::read_to_string(&secrets).unwrap();
    std::fs::remove_file(&secrets).unwrap();
    let output = home.run(&["retry", "1"]).expect(3);
    assert!(output.err.contains("secrets.toml") && output.err.contains("is missing"), "{output:?}");
    let secrets = home.file("config/pixloom/secrets.toml", text.replace("wrong", "s3cret"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    home.run(&["resume", "1"]).expect(0);
    assert_eq!(home.files("out").len(), 2);
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    let home = Home::new();
    for option in [
        "--bearer=https://h.example=s3cret",
        "--basic=https://me:s3cret@h.example=netrc",
        "--cookie=https://h.example=s3cret",
    ] {
        let output = home.run(&["run", "https://h.example/a", option]).expect(2);
        assert!(output.err.contains("env:NAME") || output.err.contains("is not a host"), "{output:?}");
        assert!(!output.err.contains("s3cret"), "{output:?}");
    }
}

#[test]
fn a_long_list_of_one_host_obeys_robots_txt_and_a_short_one_or_never_does_not() {
    let server = Server::start(|request| match request.path.as_str() {
        "/robots.txt" => ok("user-agent: *\ndisallow: /no/", "text/plain"),
        _ => ok("x", "text/plain"),
    });
    let list = |count: usize| {
        (0..count).map(|n| server.url(&format!("/{}/{n}.txt\n", ["yes", "no"][n % 2]))).collect::<String>()
    };
    let home = Home::new();
    home.file("long.txt", list(150));
    home.file("short.txt", list(100));
    let counts = |args: &[&str]| {
        let args = [&["run", "--fast", "--json", "--on-conflict", "overwrite"], args].concat();
        let last = home.run(&args).expect(0).events().pop().unwrap();
        (last["done"].as_u64().unwrap(), last["skipped"].as_u64().unwrap())
    };
    assert_eq!(counts(&["--urls", "short.txt", "-o", "a"]), (100, 0));
    assert_eq!(server.hits("/robots.txt"), 0);
    assert_eq!(counts(&["--urls", "long.txt", "-o", "b"]), (75, 75));
    assert_eq!(server.hits("/robots.txt"), 1);
    assert_eq!(counts(&["--urls", "long.txt", "-o", "c", "--robots", "never"]), (150, 0));
    assert_eq!(counts(&["--urls", "short.txt", "-o", "d", "--robots", "always"]), (50, 50));
    let output = home.run(&["run", "--fast", "--urls", "long.txt", "-o", "e"]).expect(0);
    assert!(
        output.err.contains("75 skipped, such as: Didn't fetch ") && output.err.contains("disallows it"),
        "{output:?}"
    );
    let jobs = home.run(&["jobs", "2"]).expect(0);
    assert!(jobs.out.contains("75 skipped, such as: Didn't fetch "), "{jobs:?}");
    let export = home.run(&["export", "2", "--format", "jsonl"]).expect(0);
    let skipped = export.out.lines().find(|line| line.contains("\"skipped\"")).unwrap();
    assert!(skipped.contains("robots.txt of 127.0.0.1"), "{skipped}");
}

#[test]
fn a_host_whose_certificate_is_not_checked_is_shown() {
    let (home, server) = (Home::new(), Server::start(|_| ok("x", "text/plain")));
    home.run(&["run", &server.url("/a.txt"), "-o", "out", "--insecure-host", "NAS.local"]).expect(0);
    for args in [&["jobs"][..], &["jobs", "1"]] {
        let output = home.run(args).expect(0);
        assert!(output.out.contains("nas.local") && output.out.contains("not checked"), "{output:?}");
    }
}

#[test]
fn a_signed_query_is_hidden_in_messages_and_exports_but_kept_for_a_retry() {
    let server = Server::start(|request| match request.hit {
        1 => status(404),
        _ => ok("x", "text/plain"),
    });
    let home = Home::new();
    let url = server.url("/a.txt?X-Amz-Credential=AKIA7&X-Amz-Signature=s3cret");
    let output = home.run(&["run", &url, "-o", "out", "--json"]).expect(1);
    let export = home.run(&["export", "1", "--format", "csv"]).expect(0);
    let jobs = home.run(&["jobs", "1"]).expect(0);
    for output in [output, export, jobs] {
        assert!(!output.out.contains("s3cret") && !output.err.contains("s3cret"), "{output:?}");
    }
    home.run(&["retry", "1"]).expect(0);
    assert_eq!(server.hits("/a.txt?X-Amz-Credential=AKIA7&X-Amz-Signature=s3cret"), 2);
}
