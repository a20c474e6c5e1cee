//! Links: lists, standard input, names, and what must not be printed.

use crate::program::{Home, sample};
use crate::util::server::{Answer, Server, ok, status};

fn shop() -> Server {
    let jpeg = sample("tulip-field.jpg");
    Server::start(move |request| -> Answer {
        match request.path.as_str() {
            "/pic/tulip.jpg" | "/" => ok(jpeg.clone(), "image/jpeg"),
            "/?page=2" => ok(r#"{"a":1}"#, "application/json"),
            "/page.jpg" => ok("<html>", "text/html"),
            _ => status(404).body("gone"),
        }
    })
}

#[test]
fn a_list_is_fetched_byte_for_byte_and_nameless_links_are_numbered() {
    let (home, server) = (Home::new(), shop());
    let list = ["/pic/tulip.jpg", "/", "/?page=2"].map(|path| server.url(path)).join("\n");
    home.file("list.txt", format!("# a shop\n\n{list}   # the last\n"));
    home.run(&["run", "--urls", "list.txt", "-o", "out"]).expect(0);
    let names: Vec<String> = home.files("out").into_iter().collect();
    assert_eq!(names, ["00002.jpg", "00003.json", "tulip.jpg"]);
    assert_eq!(std::fs::read(home.path("out/tulip.jpg")).unwrap(), sample("tulip-field.jpg"));
    assert_eq!(std::fs::read(home.path("out/00003.json")).unwrap(), br#"{"a":1}"#);
}

#[test]
fn a_list_on_standard_input_is_kept_for_a_retry() {
    let (home, server) = (Home::new(), shop());
    let list = format!("{}\n{}\nno link\n", server.url("/pic/tulip.jpg"), server.url("/gone.jpg"));
    let output = home.run_with_input(&["run", "--urls", "-", "-o", "out", "--json"], &list).expect(1);
    let mut kinds: Vec<String> =
        output.events_of("failed").iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    assert_eq!(kinds, ["bad_url", "http_status"]);
    assert_eq!(home.files("out").len(), 1);
    let output = home.run(&["retry", "1", "--json"]).expect(1);
    let end = output.events().pop().unwrap();
    assert_eq!((&end["failed"], &end["whole_job"]["failed"]), (&1.into(), &2.into()), "no link is no link: {output:?}");
    assert!(server.hits("/gone.jpg") >= 2 && server.hits("/pic/tulip.jpg") == 1);
}

#[test]
fn a_password_in_a_link_is_never_printed() {
    let (home, server) = (Home::new(), shop());
    let with_secret = |path: &str| server.url(path).replace("http://", "http://me:s3cret@");
    let urls = ["/gone.jpg?x=1", "/page.jpg", "/pic/tulip.jpg"].map(with_secret);
    let args = ["run", &urls[0], &urls[1], &urls[2], "-o", "out", "-s", "invert"];
    let plan = home.run(&[&args[..], &["--dry-run"]].concat());
    let words = home.run(&args).expect(1);
    let lines = home.run(&[&args[..], &["--json"]].concat()).expect(1);
    assert_eq!(lines.events_of("failed").len(), 2);
    let jobs = home.run(&["jobs", "1"]).expect(0);
    let export = home.run(&["export", "1", "--format", "csv"]).expect(0);
    let json = home.run(&["export", "1", "--format", "jsonl"]).expect(0);
    for output in [plan, words, lines, jobs, export, json] {
        assert!(!output.out.contains("s3cret") && !output.err.contains("s3cret"), "{output:?}");
    }
}

#[test]
fn progress_is_reported_at_most_ten_times_a_second() {
    let home = Home::new();
    let server = Server::start(|_| ok("x", "text/plain").delay(std::time::Duration::from_millis(15)));
    let list: String = (0..60).map(|n| server.url(&format!("/{n}.txt\n"))).collect();
    home.file("list.txt", list);
    let args = ["run", "--urls", "list.txt", "-o", "out", "--per-host", "1", "--json"];
    let output = home.run(&args).expect(0);
    let seconds = output.events().pop().unwrap()["seconds"].as_f64().unwrap();
    let told = output.events_of("progress").len();
    assert!(told >= 3 && told as f64 <= seconds * 10.0 + 1.0, "{told} in {seconds} s");
    assert!(output.events_of("progress").iter().any(|event| event["total"] == 60));
}

/// As browsers name them.
#[test]
fn names_lose_what_servers_append_and_get_the_extension_of_their_content() {
    let home = Home::new();
    let jpeg = sample("tulip-field.jpg");
    let server = Server::start(move |request| -> Answer {
        match request.path.as_str() {
            "/page.jpg" => ok("<!DOCTYPE html><title>Log in</title>", "text/html"),
            "/named" => ok(jpeg.clone(), "image/jpeg").header("Content-Disposition", "filename=\"C:\\dir\\그림.jpg\""),
            "/a.tar.gz" => ok(b"\x1f\x8bpacked".as_slice(), "application/x-gzip").header("Content-Encoding", "gzip"),
            _ => ok(jpeg.clone(), "image/jpeg"),
        }
    });
    for (path, name) in [
        ("/photo.jpg!large", "photo.jpg"),
        ("/photo.jpg@800w", "photo.jpg"),
        ("/photo.jpg;jsessionid=1A", "photo.jpg"),
        ("/image.php?id=7", "image.jpg"),
        ("/image.aspx", "image.jpg"),
        ("/photo.2023", "photo.2023.jpg"),
        ("/wrong.png", "wrong.jpg"),
        ("/page.jpg", "page.html"),
        ("/named", "그림.jpg"),
        ("/a.tar.gz", "a.tar.gz"),
        ("/%BB%E7%C1%F8.jpg", "사진.jpg"),
        ("/%ED%95%9C.jpg", "한.jpg"),
    ] {
        home.run(&["run", &server.url(path), "-o", &format!("out{}", path.len())]).expect(0);
        let out = format!("out{}", path.len());
        assert_eq!(home.files(&out).into_iter().collect::<Vec<_>>(), [name], "{path}");
        std::fs::remove_dir_all(home.path(&out)).unwrap();
    }
    // Where an image is needed, a web page is none.
    let output = home.run(&["run", &server.url("/page.jpg"), "-o", "out", "-s", "invert"]).expect(1);
    assert!(output.err.contains("looks like HTML"), "{output:?}");
}

#[test]
fn an_invalid_option_for_links_is_refused_before_anything_starts() {
    let home = Home::new();
    home.file("none.pem", "nothing");
    for (args, words) in [
        (&["--proxy", "http://proxy/path"][..], "a host and a port"),
        (&["--proxy", "htp://proxy"], "http, https, socks5"),
        (&["--load-cookies", "no.txt"], "no cookie file"),
        (&["--client-cert", "no.pem"], "no client certificate"),
        (&["--user-agent", "a\nb"], "without control characters"),
        (&["--digest", "h.example me:s3cret"], "REF"),
    ] {
        let output = home.run(&[&["run", "http://127.0.0.1:1/a", "-o", "out"], args].concat()).expect(2);
        assert!(output.err.contains(words) && !output.err.contains("s3cret"), "{args:?}: {output:?}");
    }
    let output = home.run(&["run", "http://127.0.0.1:1/a", "-o", "none.pem"]).expect(3);
    assert!(output.err.contains("a file of that name exists") && !output.err.contains("os error"), "{output:?}");
    let output = home.run(&["run", "http://127.0.0.1:1/a", "-o", "out", "--catalog", "none.pem/x.sqlite"]).expect(3);
    assert!(!output.err.contains("os error"), "{output:?}");
}
