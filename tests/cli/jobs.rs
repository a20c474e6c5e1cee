//! The lists and reports of earlier jobs.

use crate::program::{Home, sample};
use crate::util::server::{Answer, Server, ok, status};

/// A home with a job of three items: one saved, one refused once by the server, one that is not an image.
fn mixed() -> (Home, Server) {
    let jpeg = sample("tulip-field.jpg");
    let server = Server::start(move |request| -> Answer {
        match (request.path.as_str(), request.hit) {
            ("/late.jpg", 1) => status(404),
            ("/page.jpg", _) => ok("<html>", "text/html"),
            _ => ok(jpeg.clone(), "image/jpeg"),
        }
    });
    let home = Home::new();
    let urls = ["/a.jpg", "/late.jpg", "/page.jpg"].map(|path| server.url(path));
    home.run(&["run", &urls[0], &urls[1], &urls[2], "-o", "out", "-s", "resize:long_edge=50"]).expect(1);
    (home, server)
}

#[test]
fn jobs_are_listed_and_shown_with_failures_by_cause() {
    let (home, _server) = mixed();
    let list = home.run(&["jobs"]).expect(0).out;
    assert_eq!(list.lines().count(), 2, "{list}");
    let row: Vec<&str> = list.lines().last().unwrap().split_whitespace().collect();
    assert_eq!((row[0], &row[3..8]), ("1", &["done", "3", "1", "2", "0"][..]), "{list}");
    let told = home.run(&["jobs", "1"]).expect(0).out;
    assert!(told.contains("3: 1 done, 2 failed, 0 skipped, 0 waiting"), "{told}");
    assert!(told.contains("pixloom retry 1 --kind http_status"), "{told}");
    let json = home.run(&["jobs", "1", "--json"]).expect(0).events().pop().unwrap();
    assert_eq!((&json["failures"]["http_status"], &json["failures"]["not_a_picture"]), (&1.into(), &1.into()));
    let listed = home.run(&["jobs", "--json"]).expect(0).events();
    let mut without_remarks = json.clone();
    assert_eq!(without_remarks.as_object_mut().unwrap().remove("remarks"), Some(serde_json::json!([])));
    assert_eq!(listed, [without_remarks], "a list has the same keys");
    assert_eq!((&json["waiting"], &json["sources"]), (&0.into(), &1.into()));
    assert_eq!((&json["steps"][0], &json["save"]), (&"resize:long_edge=50".into(), &"keep".into()));
    assert!(home.run(&["jobs", "7"]).expect(2).err.contains("no job 7"));
}

#[test]
fn listing_jobs_creates_no_catalog() {
    let home = Home::new();
    assert_eq!(home.run(&["jobs"]).expect(0).out, "No jobs yet.\n");
    home.run(&["--catalog", "other.sqlite", "jobs", "3"]).expect(2);
    assert!(home.files("").is_empty());
}

#[test]
fn retrying_one_kind_leaves_the_others_failed() {
    let (home, server) = mixed();
    let output = home.run(&["retry", "1", "--kind", "http_status", "--json"]).expect(1);
    assert_eq!(output.events()[0]["event"], "started");
    assert!(output.events_of("failed").is_empty(), "old failures are not told again: {output:?}");
    let end = output.events().pop().unwrap();
    assert_eq!((&end["done"], &end["failed"]), (&1.into(), &0.into()), "only the retried item");
    assert_eq!((server.hits("/late.jpg"), server.hits("/page.jpg"), server.hits("/a.jpg")), (2, 1, 1));
    assert!(home.run(&["retry", "1", "--kind", "http_status"]).expect(0).err.contains("Nothing to retry"));
    home.run(&["retry", "1", "--kind", "bad_luck"]).expect(2);
    home.run(&["retry", "5"]).expect(2);
    assert!(home.run(&["resume", "1"]).expect(1).err.contains("pixloom retry 1"));
    assert!(home.run(&["resume"]).expect(0).err.contains("Nothing to resume"));
}

#[test]
fn a_retry_by_status_or_several_kinds_sums_up_only_what_it_retried() {
    let jpeg = sample("tulip-field.jpg");
    let server = Server::start(move |request| -> Answer {
        match (request.path.as_str(), request.hit) {
            ("/gone.jpg", 1) => status(410),
            ("/secret.jpg", _) => status(403),
            ("/page.jpg", 1) => ok("<html>", "text/html"),
            _ => ok(jpeg.clone(), "image/jpeg"),
        }
    });
    let home = Home::new();
    let urls = ["/a.jpg", "/gone.jpg", "/secret.jpg", "/page.jpg"].map(|path| server.url(path));
    home.run(&[&["run", "-o", "out", "-s", "resize:long_edge=50"][..], &urls.each_ref().map(String::as_str)].concat())
        .expect(1);
    let shown = home.run(&["jobs", "1"]).expect(0).out;
    assert!(shown.contains("1 x 403, 1 x 410; retry only 410: pixloom retry 1 --status 410"), "{shown}");
    let retry = home.run(&["retry", "1", "--status", "410"]).expect(1);
    assert!(retry.out.starts_with("1 saved, ") && !retry.out.contains("failed"), "{retry:?}");
    assert!(retry.err.contains("2 other items of job 1 remain failed"), "{retry:?}");
    assert_eq!((server.hits("/gone.jpg"), server.hits("/secret.jpg"), server.hits("/page.jpg")), (2, 1, 1));
    let retry = home.run(&["retry", "1", "--kind", "not_a_picture", "--kind", "timeout", "--json"]).expect(1);
    let end = retry.events().pop().unwrap();
    assert_eq!((&end["done"], &end["failed"], &end["skipped"]), (&1.into(), &0.into(), &0.into()), "{end}");
    assert_eq!(end["this_run"], serde_json::json!({"done": 1, "failed": 0, "skipped": 0}), "{end}");
    assert_eq!(end["whole_job"], serde_json::json!({"done": 3, "failed": 1, "skipped": 0}), "{end}");
    assert_eq!((server.hits("/secret.jpg"), server.hits("/page.jpg")), (1, 2));
    let retry = home.run(&["retry", "1", "--status", "4xx"]).expect(1);
    assert!(retry.out.starts_with("0 saved, 1 failed, ") && !retry.err.contains("other"), "{retry:?}");
    assert!(home.run(&["retry", "1", "--status", "500,503"]).expect(0).err.contains("Nothing to retry"));
    assert!(home.run(&["retry", "1", "--status", "500-503"]).expect(0).err.contains("Nothing to retry"));
    assert!(home.run(&["retry", "1", "--status", "999"]).expect(2).err.contains("100 to 599"));
}

#[test]
fn no_retry_is_offered_where_it_cannot_help() {
    let home = Home::new();
    home.file("broken.jpg", "no image");
    home.run(&["run", "broken.jpg", "-s", "flip", "-o", "out"]).expect(1);
    let shown = home.run(&["jobs", "1"]).expect(0).out;
    assert!(shown.contains("a retry can't change these") && !shown.contains("pixloom retry"), "{shown}");
    assert!(!home.run(&["resume", "1"]).expect(1).err.contains("pixloom retry"));
    // It is offered for links, whose bytes may be others next time, and may always be asked for.
    assert!(mixed().0.run(&["jobs", "1"]).expect(0).out.contains("pixloom retry 1 --kind not_a_picture"));
    home.sample("tulip-field.jpg", "broken.jpg");
    home.run(&["retry", "1"]).expect(0);
}

#[test]
fn a_job_stops_when_more_items_fail_than_allowed_and_can_be_resumed() {
    let home = Home::new();
    for n in 0..40 {
        home.file(&format!("in/{n:02}.jpg"), "no image");
    }
    home.sample("tulip-field.jpg", "in/99.jpg");
    let args = ["run", "in", "-s", "flip", "-o", "out", "--workers", "1", "--max-failures", "3"];
    let stopped = home.run(&args).expect(3);
    assert!(stopped.err.contains("--max-failures 3") && stopped.err.contains("pixloom resume 1"), "{stopped:?}");
    let failed = |home: &Home| home.run(&["jobs", "1", "--json"]).expect(0).events()[0]["failed"].as_u64().unwrap();
    let first = failed(&home);
    assert!((4..40).contains(&first), "{first}");
    home.run(&["resume", "1"]).expect(3);
    assert!(failed(&home) >= first + 4, "it counts again: {} after {first}", failed(&home));
    // As many as allowed are no reason to stop.
    let ends =
        home.run(&["run", "in/00.jpg", "in/01.jpg", "in/99.jpg", "-s", "flip", "-o", "o2", "--max-failures", "2"]);
    ends.expect(1);
    let missing = ["run", "no1.jpg", "no2.jpg", "in/99.jpg", "-s", "flip", "-o", "o3", "--max-failures", "1"];
    home.run(&missing).expect(3);
}

#[test]
fn a_job_is_exported_with_every_column_of_the_contract() {
    let (home, _server) = mixed();
    let csv = home.run(&["export", "1", "--format", "csv"]).expect(0).out;
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("job_id,seq,locator,state,output,error_kind,error,http_status,"), "{csv}");
    assert_eq!((lines.len(), lines[0].split(',').count()), (4, 29));
    home.run(&["export", "1", "--format", "jsonl", "-o", "items.jsonl"]).expect(0);
    let text = std::fs::read_to_string(home.path("items.jsonl")).unwrap();
    let items: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let states: Vec<&str> = items.iter().map(|item| item["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["done", "failed", "failed"]);
    assert_eq!((&items[0]["width"], &items[1]["http_status"]), (&50.into(), &404.into()));
    assert!(items[1]["error"].as_str().unwrap().starts_with("Couldn't fetch"), "{text}");
    let size_in = (items[0]["input_width"].as_u64(), items[0]["input_height"].as_u64());
    assert_eq!(size_in, (Some(1600), Some(1067)), "{text}");
    let finished = items[0]["finished_at"].as_str().unwrap();
    assert!(finished.len() == 24 && finished.ends_with('Z') && finished.contains('T'), "{finished}");
    let outputs = home.run(&["export", "1", "--format", "csv", "--rows", "outputs"]).expect(0).out;
    let header = "job_id,seq,locator,n,name,path,bytes,width,height,hash,state,error,remarks";
    assert_eq!((outputs.lines().count(), outputs.lines().next()), (4, Some(header)), "{outputs}");
    assert!(outputs.lines().nth(1).unwrap().contains(",0,,") && outputs.contains(",50,"), "{outputs}");
    let output = home.run(&["export", "1", "--format", "csv", "-o", "none/items.csv"]).expect(3);
    assert!(output.err.contains("none/items.csv"), "{output:?}");
    home.run(&["export", "9", "--format", "csv"]).expect(2);
    home.run(&["export", "1", "--format", "xml"]).expect(2);
}

#[test]
fn a_row_without_a_valid_link_stays_what_it_is_whatever_is_retried() {
    let server = Server::start(|_| -> Answer { status(404) });
    let home = Home::new();
    home.file("list.txt", format!("ftp://h.example/a.jpg\n{}\n", server.url("/b.jpg")));
    home.run(&["run", "--urls", "list.txt", "-o", "out"]).expect(1);
    let retry = home.run(&["retry", "1"]).expect(1);
    assert!(
        retry.out.contains("0 saved, 1 failed") && retry.err.contains("1 other item of job 1 remains"),
        "{retry:?}"
    );
    let futile = home.run(&["retry", "1", "--kind", "bad_url"]).expect(1);
    assert!(futile.err.contains("Correct the list"), "{futile:?}");
    let rows = home.run(&["export", "1", "--format", "jsonl"]).expect(0).events();
    assert_eq!(rows[0]["error_kind"], "bad_url", "{rows:?}");
    home.run(&["run", "--urls", "list.txt", "-o", "out", "--allow-empty"]).expect(1);
    home.file("good.txt", server.url("/b.jpg"));
    assert!(home.run(&["retry", "99"]).expect(2).err.contains("There is no job 99"));
}

#[test]
fn an_export_that_cannot_be_written_says_so_in_the_language_of_its_reader() {
    let home = Home::new();
    home.sample("tulip-field.jpg", "a.jpg");
    home.run(&["run", "a.jpg", "-o", "out"]).expect(0);
    for (file, english, korean) in
        [("none/x.csv", "no such file or folder", "파일이나 폴더가 없습니다"), ("out", "it is a folder", "폴더입니다")]
    {
        let args = ["export", "1", "--format", "csv", "-o", file];
        let refused = home.run(&args).expect(3);
        assert!(refused.err.contains(english) && refused.err.contains(file), "{refused:?}");
        let refused = home.run(&[&args[..], &["--lang", "ko"]].concat()).expect(3);
        assert!(refused.err.contains(korean) && !refused.err.contains("directory"), "{refused:?}");
    }
    let stdout = home.run(&["export", "1", "--format", "csv", "-o", "-"]).expect(0);
    assert!(stdout.out.starts_with("job_id,") && !home.path("-").exists(), "{stdout:?}");
}
