#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::model::{Lang, ListSpec, NewItem};

/// What a stream of bytes gives: links, with their columns as JSON where they have some, and sentences.
fn found_in(bytes: &[u8], format: Option<&'static ListFormat>, lists: &ListSpec) -> Vec<String> {
    let mut found = Vec::new();
    let reading = Reading { lists, ..Reading::default() };
    let flow = read_stream(bytes, "list", format, Origin::Fetched, &reading, &mut |thing| {
        found.push(match thing {
            Found::Item(item) => {
                assert_eq!(item.origin, Origin::Fetched);
                shown(item)
            }
            Found::Failed(error) | Found::Lost(error) => error.to_string(),
            Found::Remark(remark) => remark.to_string(),
            other @ (Found::Ignored(_) | Found::Position(_)) => panic!("{other:?}"),
        });
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    found
}

fn shown(item: NewItem) -> String {
    match item.error {
        Some(error) => error.to_string(),
        None if item.columns.is_empty() => item.locator.to_text(),
        None => format!("{} {}", item.locator.to_text(), serde_json::to_string(&item.columns).unwrap()),
    }
}

fn lines(text: &[u8]) -> Vec<String> {
    found_in(text, formats::by_name(".txt"), &ListSpec::default())
}

fn csv(text: &str, url_column: Option<&str>) -> Vec<String> {
    let lists = ListSpec { url_column: url_column.map(str::to_owned), ..ListSpec::default() };
    found_in(text.as_bytes(), formats::by_name(".csv"), &lists)
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_quote_that_is_never_closed_is_reported_with_its_line() {
    let found = csv("id,url\n1,http://h/1\n\"2,http://h/2\n3,http://h/3\n", None);
    assert!(found.len() == 2 && found[0].starts_with("http://h/1 "), "{found:?}");
    assert!(found[1].contains("line 3 of list opens a quote that isn't closed"), "{found:?}");
    // One that is closed may hold lines, also at the very end.
    let found = csv("url,id\nhttp://h/1,\"a\nb \"\"c\"\"\"", None);
    assert_eq!(found, ["http://h/1 {\"id\":\"a\\nb \\\"c\\\"\"}"]);
}

#[test]
fn control_characters_and_second_links_are_not_part_of_a_link() {
    let found = csv("url\nhttp://h/a\0b\nhttp://h/a http://h/b\nhttp://h/a b\n", None);
    assert!(found[0].contains("it contains a control character"), "{found:?}");
    assert_eq!(found[1..], ["http://h/a", "http://h/b", "http://h/a b"]);
    assert_eq!(
        lines(b"http://h/a  HTTP://h/b\thttp://h/c # d\rhttp://h/e f\r\n"),
        ["http://h/a", "HTTP://h/b", "http://h/e f"]
    );
}

#[test]
fn a_link_without_a_host_is_invalid() {
    for text in ["http:///x/y.jpg", "https://", "http://?q", "HTTPS:///h.example/a"] {
        let found = lines(text.as_bytes());
        assert!(found.len() == 1 && found[0].contains("it names no host"), "{found:?}");
    }
}

#[test]
fn a_text_has_one_link_a_line_and_comments() {
    let text = b"\xef\xbb\xbf# mine\r\n\r\nhttps://h.example/a.jpg\r\n  HTTP://h.example/b.jpg#x \t# why\n\n\
        https://h.example/c d.jpg\nhttps://h.example/last\tits caption";
    let wanted =
        ["https://h.example/a.jpg", "HTTP://h.example/b.jpg#x", "https://h.example/c d.jpg", "https://h.example/last"];
    assert_eq!(lines(text), wanted);
    assert_eq!(lines(&gz(text)), wanted);
}

#[test]
fn a_line_without_a_link_is_named() {
    let text = "# 한글로 쓴 주석입니다\nh.example/a.jpg\nhttps://\nftp://h/x\nhttp://me:secret@h:99999/\n";
    let found = lines(&[text.as_bytes(), b"# \xc7\nhttp://h/\xc7\n"].concat());
    assert_eq!(found.len(), 5);
    assert!(found[0].contains("h.example/a.jpg") && found[0].contains("line 2 of list"), "{}", found[0]);
    assert!(found[1].contains("line 3 of list"), "{}", found[1]);
    assert!(found[3].contains("line 5") && !found[3].contains("secret"), "{}", found[3]);
    assert!(found[4].contains("line 7 of list is not UTF-8"), "{}", found[4]);
}

#[test]
fn a_line_above_the_limit_is_named_and_the_next_one_is_read() {
    let longest = format!("http://h/{}", "x".repeat((64 << 10) - 9));
    let text = format!("{longest}\n{longest}y\n{}\nhttp://h/a", "z".repeat(3 * MAX_RECORD_BYTES));
    let found = lines(text.as_bytes());
    assert_eq!((found.len(), &found[0], found[3].as_str()), (4, &longest, "http://h/a"));
    assert!(found[1].contains("line 2 of list has a link longer than 64 KiB") && found[1].len() < 500);
    assert!(found[2].contains("line 3 of list is longer than 4096 KiB"));
}

#[test]
fn a_file_that_is_not_a_list_is_refused() {
    for bytes in [
        b"PK\x03\x04".as_slice(),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"ab\0c",
        &gz(&gz(b"http://h/a")),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"%PDF-1.4\n%\xe2\xe3\n",
    ] {
        let found = lines(bytes);
        assert!(found.len() == 1 && found[0].starts_with("Couldn't read the list list: it is"), "{found:?}");
    }
    for text in [
        "<!DOCTYPE html>\n<a href=\"http://h/a\">a</a>",
        "\u{feff}\r\n <HTML lang=\"en\">",
        "<a href='http://h/a'>a</a>",
        "<?xml version=\"1.0\"?><urlset/>",
        "<!--x-->",
        "<rss>",
    ] {
        for name in [None, Some(".csv"), Some(".json"), Some(".txt")] {
            let found = found_in(text.as_bytes(), name.and_then(formats::by_name), &ListSpec::default());
            assert!(found.len() == 1 && found[0].contains("it is a web page or XML"), "{text}: {found:?}");
        }
    }
    assert_eq!(lines(b"<http://h/a>\n<https://h/b>"), ["http://h/a", "https://h/b"]);
    assert_eq!(csv("<id>,<url>\n1,http://h/a\n", None).len(), 1);
    assert!(lines(b"PAR1....")[0].contains("its Parquet data is damaged"));
    assert!(lines(b"").is_empty());
}

#[test]
fn a_missing_list_is_reported_and_an_endless_one_can_be_cancelled() {
    let mut found = Vec::new();
    let _ = read_path(Path::new("/nonexistent/list.txt"), &Reading::default(), &mut |thing| {
        found.push(thing);
        ControlFlow::Continue(())
    });
    assert!(matches!(found.as_slice(), [Found::Failed(error)] if error.to_string().contains("no such file")));
    for byte in [b'\n', b'x', b'"', b','] {
        for form in [".txt", ".csv", ".jsonl", ".json"] {
            if (byte, form) == (b',', ".json") {
                // That is no JSON, and reported as such.
                continue;
            }
            let count = std::cell::Cell::new(0_u64);
            let looks = || count.replace(count.get() + 1) > 100;
            let reading = Reading { cancelled: &looks, ..Reading::default() };
            let endless = BufReader::new(io::repeat(byte));
            let flow = read_stream(endless, "list", formats::by_name(form), Origin::User, &reading, &mut |_| {
                ControlFlow::Continue(())
            });
            assert!(flow.is_break(), "{byte} {form:?}");
        }
    }
}

#[test]
fn the_error_of_a_single_link_names_no_line() {
    assert_eq!(link(" http://h/a ", &|why| why).locator.to_text(), "http://h/a");
    let error = link("nonsense", &|why| why).error.unwrap();
    assert_eq!(error.arg("detail"), "a link must begin with http:// or https://");
}

#[test]
fn a_table_gives_its_column_of_links_and_keeps_the_other_columns() {
    let text =
        "\u{feff}ID;n,Url,\"title \"\"x\"\"\"\r\n1,http://h/a,\"one, two\nthree\"\r\n\r\n2, http://h/b ,한글\r\n";
    let wanted = [
        r#"http://h/a {"ID;n":"1","title \"x\"":"one, two\nthree"}"#,
        r#"http://h/b {"ID;n":"2","title \"x\"":"한글"}"#,
    ];
    assert_eq!(csv(text, None), wanted);
    assert_eq!(csv(text, Some("URL")), wanted);
    assert_eq!(csv("id\turl\n1\thttp://h/a\n", None), [r#"http://h/a {"id":"1"}"#]);
    assert_eq!(csv("id;url\n1;http://h/a\n", None), [r#"http://h/a {"id":"1"}"#]);
    // The only column that holds links is chosen, whatever its name.
    assert_eq!(csv("id,link\n1,http://h/a\n", None), [r#"http://h/a {"id":"1"}"#]);
    assert_eq!(csv("url,photo\nslug,http://h/a\n", None), [r#"http://h/a {"url":"slug"}"#]);
    assert_eq!(csv("이미지,이름\nhttp://h/a,x\n,y\n", None)[0], r#"http://h/a {"이름":"x"}"#);
    let several = csv("page,photo\nhttp://h/p,http://h/a\n", None);
    assert!(
        several[0].contains("several columns hold links: page, photo. Name the right one with --url-column"),
        "{several:?}"
    );
    let other = csv("url,img\nhttp://h/page,http://h/a\n", Some("img"));
    assert_eq!(other, [r#"http://h/a {"url":"http://h/page"}"#]);
}

#[test]
fn a_table_without_the_column_is_refused_and_its_columns_are_named() {
    let wanted = "Couldn't read the list list: it has no column \"url\"; its columns are id, link. Name the right one \
                  with --url-column.";
    assert_eq!(csv("id,link\n1,a.jpg\n", None), [wanted]);
    let lists = ListSpec { checksum_column: Some("md5".to_owned()), ..ListSpec::default() };
    let found = found_in(b"url,sha\nhttp://h/a,x\n", None, &lists);
    assert!(found[0].contains("no column \"md5\"; its columns are url, sha. Name") && found.len() == 1, "{found:?}");
    let found = found_in(b"{\"link\":\"a\"}\n", None, &ListSpec::default());
    assert!(found[0].contains("no column \"url\"; its only column is link") && found.len() == 1, "{found:?}");
}

#[test]
fn a_table_without_a_header_is_recognised_by_its_first_link() {
    assert_eq!(csv("http://h/a\nhttp://h/b\n", None), ["http://h/a", "http://h/b"]);
    assert_eq!(csv("http://h/a\n", Some("image")), ["http://h/a"]);
    assert_eq!(csv("7,http://h/a\n8,http://h/b\n", None), [r#"http://h/a {"1":"7"}"#, r#"http://h/b {"1":"8"}"#]);
    assert_eq!(csv("http://h/a,http://h/b\n", Some("2")), [r#"http://h/b {"1":"http://h/a"}"#]);
    let found = csv("http://h/a,http://h/b\n", None);
    assert!(found[0].contains("no header") && found[0].contains("its columns are 1, 2"), "{found:?}");
}

#[test]
fn rows_that_are_wrong_fail_alone_with_their_lines() {
    let mut text = "id,url\n가나다라,http://h/마바사\n1,http://h/a\n2\n3,\n4,nonsense\n".as_bytes().to_vec();
    text.extend(b"5,http://h/\xff\n\xff,http://h/b,more\n");
    text.extend(format!("9,\"{}\n10,http://h/lost\n", "x".repeat(MAX_RECORD_BYTES)).as_bytes());
    text.extend(b"11,http://h/c\n");
    let found = &found_in(&text, None, &ListSpec::default())[1..];
    assert_eq!(found.len(), 9, "{found:?}");
    assert_eq!(found[0], r#"http://h/a {"id":"1"}"#);
    assert!(found[1].contains("line 4 of list has 1 of 2 columns, and \"url\" is not among them"), "{}", found[1]);
    assert!(found[2].contains("line 5 of list has no link"), "{}", found[2]);
    assert!(found[3].contains("nonsense") && found[3].contains("line 6 of list"), "{}", found[3]);
    assert!(found[4].contains("line 7 of list has a link that is not UTF-8"), "{}", found[4]);
    assert_eq!(found[5], "http://h/b {\"id\":\"\u{fffd}\",\"3\":\"more\"}");
    assert!(found[6].contains("line 9 of list is longer") && found[6].contains("continues at line 10"), "{}", found[6]);
    assert_eq!(found[7..], [r#"http://h/lost {"id":"10"}"#, r#"http://h/c {"id":"11"}"#]);
}

#[test]
fn the_delimiter_is_named_or_found() {
    let wanted = [r#"http://h/w_1,h_2/a {"id":"1"}"#];
    for text in [
        "sep=;\nid;url\n1;http://h/w_1,h_2/a\n",
        "\"sep=;\"\r\nid;url\r\n1;http://h/w_1,h_2/a\r\n",
        "SEP=|\nid|url\n1|http://h/w_1,h_2/a\n",
        "sep=\t\nid\turl\n1\thttp://h/w_1,h_2/a\n",
        "id;url\n1;http://h/w_1,h_2/a\n",
        "id|url\n1|http://h/w_1,h_2/a\n",
        "id\turl\n1\thttp://h/w_1,h_2/a\n",
    ] {
        assert_eq!(csv(text, None), wanted, "{text}");
    }
    assert_eq!(csv("id;price, EUR;url\n1;2,50;http://h/a\n", None), [r#"http://h/a {"id":"1","price, EUR":"2,50"}"#]);
    assert_eq!(csv("1;http://h/w_1,h_2/a\n2;http://h/b\n", None)[0], r#"http://h/w_1,h_2/a {"1":"1"}"#);
    let found = csv("sep=;\nid;url\n1;nonsense\n", Some("url"));
    assert!(found[0].contains("line 3 of list"), "{found:?}");
}

#[test]
fn a_cell_with_several_links_gives_an_item_for_each() {
    let wanted = [r#"http://h/a {"sku":"7"}"#, r#"http://h/b {"sku":"7"}"#];
    for cell in ["http://h/a, http://h/b", "http://h/a;http://h/b", "http://h/a|http://h/b", "http://h/a\nhttp://h/b"] {
        assert_eq!(csv(&format!("sku,Images\n7,\"{cell}\"\n"), None), wanted, "{cell}");
    }
    let json = "{\"sku\":\"7\",\"images\":[{\"src\":\"http://h/a\"},{\"src\":\"http://h/b\"}]}\n";
    let found = found_in(json.as_bytes(), None, &ListSpec::default());
    assert!(
        found.len() == 2 && found[0].starts_with("http://h/a ") && found[1].starts_with("http://h/b "),
        "{found:?}"
    );
    assert_eq!(lines(b"http://h/a, http://h/b\n"), ["http://h/a", "http://h/b"]);
}

#[test]
fn invisible_characters_around_a_link_are_not_part_of_it() {
    let text = "\u{200b}http://h/a\u{200b}\n\u{feff}http://h/b\u{200e}\n\u{3000}http://h/c\u{a0}\n";
    assert_eq!(lines(text.as_bytes()), ["http://h/a", "http://h/b", "http://h/c"]);
    assert_eq!(csv("id,photo\n1,\u{200b}http://h/a\n", None), [r#"http://h/a {"id":"1"}"#]);
}

#[test]
fn links_in_a_text_may_be_quoted_or_bracketed() {
    for line in [
        "\"http://h/a\"",
        "'http://h/a',",
        "<http://h/a>",
        "[http://h/a]",
        "(http://h/a)",
        "`http://h/a`",
        "- http://h/a",
        "1. <http://h/a>",
        "[a photo](http://h/a)",
        "![](http://h/a)",
        "http://h/a,",
        "\"http://h/a\", # why",
        "“http://h/a”",
    ] {
        assert_eq!(lines(line.as_bytes()), ["http://h/a"], "{line}");
    }
    assert_eq!(lines(b"http://h/a_(1).jpg\n(http://h/b_(2).jpg)\n"), ["http://h/a_(1).jpg", "http://h/b_(2).jpg"]);
}

/// aria2's manual, "Input File".
#[test]
fn an_input_file_of_aria2_names_its_results() {
    let text = b"http://h/a.jpg\thttp://mirror/a.jpg\n  dir=photos\n  out=first.jpg\n  checksum=md5=ab\n  split=5\n#\n\
        http://h/b.jpg\n\tout=x/second.png\nhttp://h/c.jpg\n";
    assert_eq!(
        lines(text),
        [
            r#"http://h/a.jpg {"aria2.dir":"photos","aria2.out":"first.jpg","aria2.checksum":"md5=ab"}"#,
            r#"http://h/b.jpg {"aria2.out":"x/second.png"}"#,
            "http://h/c.jpg",
        ]
    );
    let mut dirs = Vec::new();
    let _ = read_stream(&text[..], "list", None, Origin::User, &Reading::default(), &mut |found| {
        if let Found::Item(item) = found {
            dirs.push((item.dir, item.columns.given_name().map(|(_, name)| name)));
        }
        ControlFlow::Continue(())
    });
    let named = |dir: &str, name: &str| (dir.to_owned(), Some(name.to_owned()));
    assert_eq!(dirs, [named("photos", "first.jpg"), named("x", "second.png"), (String::new(), None)]);
}

#[test]
fn json_arrays_give_their_elements() {
    let json = |text: &str| found_in(text.as_bytes(), formats::by_name(".json"), &ListSpec::default());
    let a = r#"http://h/a {"id":1}"#;
    for text in [
        r#"[{"id":1,"url":"http://h/a"},{"id":2,"url":"http://h/b"}]"#,
        "[\n  {\n    \"id\": 1,\n    \"photo\": \"http://h/a\"\n  },\n  {\"id\": 2, \"photo\": \"http://h/b\"}\n]\n",
        r#"{"products":[{"id":1,"image":{"url":"http://h/a"}},{"id":2,"image":{"url":"http://h/b"}}],"next":"http://h/?p=2"}"#,
        r#"{"data":{"items":[{"id":1,"src":"http://h/a"},{"id":2,"src":"http://h/b"}]}}"#,
        "{\"id\":1,\"url\":\"http://h/a\"}\n{\"id\":2,\"url\":\"http://h/b\"}\n",
    ] {
        assert_eq!(json(text), [a, r#"http://h/b {"id":2}"#], "{text}");
        assert_eq!(found_in(text.as_bytes(), None, &ListSpec::default()).len(), 2, "{text}");
    }
    assert_eq!(json(r#"["http://h/a", "http://h/b]{\"", 7]"#)[..2], ["http://h/a", "http://h/b]{\""]);
    assert_eq!(json(r#"{"url":"http://h/a","id":1}"#), [a]);
    let found = json(r#"[{"url":"http://h/a"},{"id":2},{"url":3},null,{oops},{"url":"http://h/b"}]"#);
    assert!(
        found.len() == 6
            && found[1].contains("row 2 of list has no \"url\"")
            && found[4].contains("row 5 of list is not valid JSON"),
        "{found:?}"
    );
    assert!(json("[{}]")[0].contains("is empty, and has no \"url\""), "{:?}", json("[{}]"));
    assert!(json(r#"[{"url":"http://h/a"},"#)[0].contains("its JSON is damaged (the array ends early)"));
    assert_eq!(json("[\u{c}\"http://h/a\"\u{c},\u{b}]")[0], "http://h/a");
    assert!(json("[]").is_empty() && json("").is_empty());
    let lists = ListSpec { url_column: Some("images.src".to_owned()), ..ListSpec::default() };
    let text = br#"[{"url":"http://h/p","images":[{"src":"http://h/a"},{"src":"http://h/b"}]}]"#;
    let found = found_in(text, None, &lists);
    assert!(found.len() == 2 && found[1].starts_with("http://h/b "), "{found:?}");
    let elements: Vec<String> = (0..20_000).map(|n| format!(r#"{{"url":"http://h/{n}"}}"#)).collect();
    assert_eq!(json(&format!("[{}]", elements.join(",\n"))).len(), 20_000);
}

/// On a single line, on several, and in a list without a name.
#[test]
fn an_object_around_one_array_is_a_wrapper_unless_it_is_a_record_itself() {
    let found = |text: &str, column: Option<&str>| {
        let lists = ListSpec { url_column: column.map(str::to_owned), ..ListSpec::default() };
        let object: serde_json::Value = serde_json::from_str(text).unwrap();
        let pretty = serde_json::to_string_pretty(&object).unwrap();
        let [line, named, several] = [(text, None), (text, Some(".jsonl")), (&pretty, Some(".json"))]
            .map(|(text, name)| found_in(text.as_bytes(), name.and_then(formats::by_name), &lists));
        assert_eq!(line, named, "{text}");
        if !line.iter().any(|line| line.contains("of list")) {
            assert_eq!(line, several, "{text}");
        }
        line.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let rows = r#"[{"id":1,"src":"http://h/a"},{"id":2,"src":"http://h/b"}]"#;
    for wrapper in [
        r#"{"images":ROWS}"#,
        r#"{"count":2,"next":"http://h/?page=2","previous":null,"results":ROWS}"#,
        r#"{"links":{"self":"http://h/x","next":"http://h/y"},"data":ROWS}"#,
        r#"{"@odata.context":"http://h/$metadata","@odata.nextLink":"http://h/n","value":ROWS}"#,
        r#"{"current_page":1,"data":ROWS,"first_page_url":"http://h/?page=1","path":"http://h/","nextPageUrl":"http://h/2"}"#,
        r#"{"status":"ok","data":{"total":2,"items":ROWS}}"#,
    ] {
        assert_eq!(found(&wrapper.replace("ROWS", rows), None), ["http://h/a", "http://h/b"], "{wrapper}");
        assert_eq!(found(&wrapper.replace("ROWS", rows), Some("src")), ["http://h/a", "http://h/b"], "{wrapper}");
    }
    for (record, column, right) in [
        (r#"{"url":"http://h/p","variants":ROWS}"#, None, "http://h/p"),
        (r#"{"url":"http://h/p","variants":ROWS}"#, Some("variants.src"), "http://h/a"),
        (r#"{"photo":"http://h/p","n":1}"#, None, "http://h/p"),
        (r#"{"id":1,"photo":"http://h/p","rows":[]}"#, None, "http://h/p"),
        (r#"{"photo":"http://h/p","variants":ROWS}"#, Some("photo"), "http://h/p"),
    ] {
        assert_eq!(found(&record.replace("ROWS", rows), column)[0], right, "{record}");
    }
    // Nothing says which one is meant.
    for ambiguous in [r#"{"photo":"http://h/p","variants":ROWS}"#, r#"{"products":ROWS,"related":ROWS}"#] {
        let text = ambiguous.replace("ROWS", rows);
        let found = found_in(text.as_bytes(), None, &ListSpec::default());
        assert!(found.len() == 1 && found[0].contains("--url-column"), "{found:?}");
    }
}

#[test]
fn lists_in_other_encodings_are_decoded_and_announced() {
    let text = "이름,url\n빨간 사과,http://h/사과.jpg\n바나나 한 송이,http://h/바나나.jpg\n";
    let (bytes, _, _) = encoding_rs::EUC_KR.encode(text);
    let found = found_in(&bytes, None, &ListSpec::default());
    assert_eq!(
        found[..2],
        [r#"http://h/사과.jpg {"이름":"빨간 사과"}"#, r#"http://h/바나나.jpg {"이름":"바나나 한 송이"}"#]
    );
    assert_eq!(found[2], "Read list as EUC-KR, which was detected; --encoding names another encoding.");
    let named = ListSpec { encoding: Some("cp949".to_owned()), ..ListSpec::default() };
    assert_eq!(found_in(&bytes, None, &named), found[..2]);
    let utf_16: Vec<u8> = "\u{feff}url\nhttp://h/가\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(found_in(&utf_16, None, &ListSpec::default())[0], "http://h/가");
    // A wrong choice fails the rows that it damages.
    let wrong = ListSpec { encoding: Some("utf-16le".to_owned()), ..ListSpec::default() };
    assert!(found_in(b"url\nhttp://h/a\n", None, &wrong).iter().all(|found| !found.starts_with("http://")));
    let shift = ListSpec { encoding: Some("shift_jis".to_owned()), ..ListSpec::default() };
    let found = found_in(b"http://h/\xff\xfe.jpg\n", None, &shift);
    assert!(found[0].contains("line 1 of list has bytes that are not valid Shift_JIS"), "{found:?}");
}

#[test]
fn numbers_keep_their_digits() {
    let row = |number: &str| format!(r#"{{"n":{number},"t":"1e3 \"2.50","url":"http://h/a"}}"#);
    for number in ["7", "-12", "0", "1.5", "-0.25", "12345678901234567890", "9007199254740993"] {
        let right = format!(r#"http://h/a {{"n":{number},"t":"1e3 \"2.50"}}"#);
        for text in [row(number), format!("[{}]", row(number)), format!("{0}\n{0}", row(number))] {
            assert_eq!(found_in(text.as_bytes(), None, &ListSpec::default())[0], right);
        }
    }
    let long = ["1e3", "1E-2", "1.50", "-0", "123456789012345678901234567890", "0.12345678901234567890", "1e999"];
    for number in long {
        let right = format!(r#"http://h/a {{"n":"{number}","t":"1e3 \"2.50"}}"#);
        for text in [row(number), format!("[{}]", row(number))] {
            assert_eq!(found_in(text.as_bytes(), None, &ListSpec::default())[0], right);
        }
    }
    for number in ["007", "1.2.3", "--1", "NaN"] {
        assert!(found_in(row(number).as_bytes(), formats::by_name(".jsonl"), &ListSpec::default())[0].contains("JSON"));
    }
    let found = csv("id,url\n007,http://h/a\n1e3,http://h/b\n12345678901234567890,http://h/c\n", None);
    assert!(["\"007\"", "\"1e3\"", "\"12345678901234567890\""].iter().zip(&found).all(|(id, row)| row.contains(id)));
}

#[test]
fn json_lines_that_other_programs_write_are_read() {
    let (a, b) = (r#"{"url":"http://h/a"}"#, r#"{"url":"http://h/b"}"#);
    for text in [
        format!("{a},\n{b},\n"),
        format!("{a}\r{b}\r"),
        format!("[{a},{b}]"),
        format!("[\n{a},\n{b}\n]\n"),
        format!("\u{feff}{a}\r\n\r\n{b}"),
    ] {
        let found = found_in(text.as_bytes(), formats::by_name(".jsonl"), &ListSpec::default());
        assert_eq!(found, ["http://h/a", "http://h/b"], "{text:?}");
    }
    let sequence = format!("\u{1e}{a}\n\u{1e}{b}\n");
    assert_eq!(found_in(sequence.as_bytes(), formats::by_name(".json"), &ListSpec::default()).len(), 2);
}

#[test]
fn cells_of_a_megabyte_are_read() {
    let cell = "x,\n".repeat(400_000);
    let json = format!("{{\"text\":{},\"url\":\"http://h/a\"}}\n", serde_json::to_string(&cell).unwrap());
    for (text, name) in [(format!("text,url\n\"{cell}\",http://h/a\n1,http://h/b\n"), ".csv"), (json, ".jsonl")] {
        let found = found_in(text.as_bytes(), formats::by_name(name), &ListSpec::default());
        assert!(found[0].starts_with("http://h/a ") && found[0].len() > cell.len(), "{name}");
        assert_eq!(found.len(), if name == ".csv" { 2 } else { 1 });
    }
}

#[test]
fn json_lines_keep_their_values_and_wrong_lines_fail_alone() {
    let text = "{\"id\":7,\"URL\":\"http://h/a\",\"tags\":[\"x\"]}\n\n\"http://h/b\"\n{\"url\":null}\n{\"url\":1}\n\
                {\"id\":1}\n{oops\n[1]\n{\"url\":\"http://h/c\\u00e9\"}";
    let found = found_in(text.as_bytes(), None, &ListSpec::default());
    assert_eq!(found[..2], [r#"http://h/a {"id":7,"tags":["x"]}"#, "http://h/b"]);
    for (at, words) in [
        (2, "line 4 of list has no link"),
        (3, "line 5 of list has a \"url\" that is not text"),
        (4, "line 6 of list has no \"url\"; it has id"),
        (5, "line 7 of list is not valid JSON (key must be a string)"),
        (6, "line 8 of list is neither a JSON object nor a string"),
    ] {
        assert!(found[at].contains(words), "{}", found[at]);
    }
    assert_eq!(found[7..], ["http://h/cé"]);
}

#[test]
fn the_name_says_the_format_or_else_the_first_line() {
    let extension = |format: Option<&ListFormat>| format.map(|format| format.extensions[0]);
    for (name, format) in [
        ("a.txt", Some("txt")),
        ("/x.csv/A.CSV.gz", Some("csv")),
        ("https://h/list.tsv", Some("tsv")),
        ("a.ndjson", Some("jsonl")),
        ("products.json", Some("json")),
        ("a.parquet", None),
        ("a.gz", None),
        ("list", None),
        ("a.toys.gz", Some("toys")),
    ] {
        assert_eq!(extension(formats::by_name(name)), format, "{name}");
    }
    assert!(is_list_name(Path::new("a.PARQUET.gz")) && is_list_name(Path::new("a.toys")));
    assert!(!is_list_name(Path::new("a.png")) && !is_list_name(Path::new("csv")));
    let (plain, named) = (ListSpec::default(), ListSpec { url_column: Some("link".to_owned()), ..ListSpec::default() });
    for (line, lists, format) in [
        ("http://h/a,b", &plain, "txt"),
        ("# url", &plain, "txt"),
        ("id,\"URL\"", &plain, "csv"),
        ("id\turl", &plain, "csv"),
        ("id,link", &named, "csv"),
        (" {\"link\":1}", &named, "jsonl"),
        ("[", &plain, "json"),
        ("[\"http://h/a\"]", &plain, "json"),
        ("{\n  \"url\": \"http://h/a\"\n}", &plain, "json"),
        ("[http://h/a]", &plain, "txt"),
        ("id,link\n1,http://h/a", &plain, "csv"),
        ("sep=;\nid;link", &plain, "csv"),
        ("my photos, 2023\nhttp://h/a", &plain, "txt"),
        ("%toys", &plain, "toys"),
        ("", &plain, "txt"),
    ] {
        assert_eq!(formats::by_lines(line.as_bytes(), lists).extensions[0], format, "{line}");
    }
}

#[test]
fn a_format_is_declared_once_and_found_by_name_by_contents_and_in_help() {
    let urls = ["https://toys.example/bear", "https://toys.example/car"];
    for format in [None, formats::by_name("x.toys")] {
        assert_eq!(found_in(b"%toys\nbear\ncar\n", format, &ListSpec::default()), urls);
    }
    assert_eq!(
        formats_help(Lang::English),
        ".txt (one URL per line, # starts a comment), .csv, .tsv, .jsonl, .json, .parquet or .toys (one toy per line)"
    );
}

/// As gzip does.
#[test]
fn what_follows_the_last_member_of_gzip_is_ignored() {
    for rest in [b"\0\0\0\0".as_slice(), b"junk", b"\n"] {
        let list = [&gz(b"http://h/a\n"), &gz(b"http://h/b\n"), rest].concat();
        assert_eq!(lines(&list), ["http://h/a", "http://h/b"], "{rest:?}");
    }
}

#[test]
fn gzip_of_several_members_is_one_list_and_a_truncated_one_is_reported() {
    let both = [gz(b"http://h/a\nhttp://"), gz(b"h/b\nhttp://h/c\n")].concat();
    assert_eq!(lines(&both), ["http://h/a", "http://h/b", "http://h/c"]);
    let cut = lines(&both[..both.len() - 10]);
    assert_eq!(cut.last().unwrap(), "Couldn't read the list list completely: its compressed data ends early.");
    let bomb = gz(&vec![b'x'; 64 << 20]);
    let found = lines(&bomb);
    assert!(found.len() == 1 && found[0].contains("line 1 of list is longer"), "{found:?}");
}

#[test]
fn the_header_is_known_before_the_list_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        std::fs::write(dir.path().join(name), bytes).unwrap();
        dir.path().join(name)
    };
    let plain = ListSpec::default();
    let checked = |path: &Path, lists: &ListSpec| match columns(path, lists) {
        Some((_, Some((_, message)))) => Err(message),
        Some((header, None)) => Ok(Some(header)),
        None => Ok(None),
    };
    let table = checked(&put("a.csv.gz", &gz(b"id,url\n")), &plain).unwrap().unwrap();
    assert!(table.may_have("ID") && !table.may_have("sku"));
    let json = checked(&put("a.jsonl", b"{\"url\":\"http://h\"}\n"), &plain).unwrap().unwrap();
    assert!(json.may_have("URL") && !json.may_have("sku"), "the list is short enough to be read");
    let long = format!("{{\"url\":\"http://h\"}}\n{{\"a\":\"{}\"}}\n", "x".repeat(300_000));
    let long = checked(&put("long.jsonl", long.as_bytes()), &plain).unwrap().unwrap();
    assert!(long.may_have("sku"), "further lines may have others");
    let text = checked(&put("a.txt", b"id,url\n"), &plain).unwrap().unwrap();
    assert_eq!(text, Header::none());
    assert_eq!(checked(&put("b.txt", b"\0\0"), &plain), Ok(None));
    assert_eq!(checked(Path::new("/nonexistent"), &plain), Ok(None));
    let missing = checked(&put("b.csv", b"id,link\n"), &plain).unwrap_err().to_string();
    assert!(missing.contains("b.csv: it has no column \"url\"; its columns are id, link"), "{missing}");
}

/// Six rows in two row groups, written by pyarrow: int64, text, text, double, bytes, list of text, timestamp.
const PARQUET: &[u8] = include_bytes!("../../../tests/data/links.parquet");

fn parquet(bytes: &[u8], lists: &ListSpec) -> Vec<String> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    let mut found = Vec::new();
    let reading = Reading { lists, ..Reading::default() };
    let flow = read_file(file, "list", "list", Origin::User, &reading, &mut |thing| {
        found.push(match thing {
            Found::Item(item) => shown(item),
            Found::Failed(error) | Found::Lost(error) => error.to_string(),
            Found::Remark(remark) => remark.to_string(),
            other @ (Found::Ignored(_) | Found::Position(_)) => panic!("{other:?}"),
        });
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    found
}

#[test]
fn a_parquet_file_gives_its_rows() {
    let found = parquet(PARQUET, &ListSpec::default());
    assert_eq!(found.len(), 6, "{found:?}");
    assert!(
        found[0].starts_with(r#"http://h.example/0.jpg {"id":0,"title":"이름 0","price":0.5,"tags":"[\"x\", \"y\"]""#),
        "{}",
        found[0]
    );
    assert!(found[2].contains("row 3 of list has no link"), "{}", found[2]);
    assert!(found[5].starts_with("http://h.example/0.jpg "), "{}", found[5]);
    let other = ListSpec { url_column: Some("TITLE".to_owned()), ..ListSpec::default() };
    assert!(parquet(PARQUET, &other)[0].contains("이름 0"));
    let missing = ListSpec { url_column: Some("link".to_owned()), ..ListSpec::default() };
    let found = parquet(PARQUET, &missing);
    assert!(found.len() == 1 && found[0].contains("no column \"link\"; its columns are id, url, title"), "{found:?}");
}

/// Written by pyarrow 26.
#[test]
fn parquet_values_keep_their_digits_and_dates() {
    let found = parquet(include_bytes!("../../../tests/data/links-types.parquet"), &ListSpec::default());
    let time = "2020-01-02T03:04:05Z";
    let right =
        format!(r#"{{"ns":"{time}","single":0.1,"half":"1.5","group.ns":"{time}","big":18446744073709551615}}"#);
    assert_eq!(found, [format!("http://h.example/a.jpg {right}")]);
}

#[test]
fn compressed_or_piped_parquet_gives_the_same_rows() {
    let plain = ListSpec::default();
    let from_file = parquet(PARQUET, &plain);
    let packed = gz(PARQUET);
    assert_eq!(parquet(&packed, &plain), from_file);
    for bytes in [PARQUET, &packed] {
        assert_eq!(found_in(bytes, None, &plain), from_file);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("links.parquet.gz");
    std::fs::write(&path, &packed).unwrap();
    assert!(is_list_name(&path));
    assert!(columns(&path, &plain).unwrap().0.may_have("title"));
}

#[test]
fn a_list_is_read_from_any_store() {
    for (name, bytes) in [("links.parquet", PARQUET.to_vec()), ("links.csv.gz", gz(b"id,url\n1,http://h/a\n"))] {
        let path = Path::new("memory:/lists").join(name);
        store::put(&path, &bytes).unwrap();
        let mut links = 0;
        let flow = read_path(&path, &Reading::default(), &mut |found| {
            assert!(matches!(&found, Found::Item(_) | Found::Remark(_)), "{found:?}");
            links += 1;
            ControlFlow::Continue(())
        });
        assert!(flow.is_continue() && links > 0, "{name}");
        assert!(columns(&path, &ListSpec::default()).unwrap().0.may_have("id"), "{name}");
    }
}

#[test]
fn a_broken_parquet_file_is_reported_and_never_crashes() {
    for at in (4..PARQUET.len()).step_by(7) {
        let mut bytes = PARQUET.to_vec();
        bytes[at] ^= 0x5a;
        parquet(&bytes, &ListSpec::default());
        let cut = parquet(&PARQUET[..at], &ListSpec::default());
        assert!(cut.len() == 1 && cut[0].starts_with("Couldn't read the list list"), "{cut:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_break_a_list(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), text in "[\"\n\r,;\t{}:urlhttp/\\[\\]0-9 ]{0,80}") {
        for form in [None, formats::by_name(".txt"), formats::by_name(".csv"), formats::by_name(".jsonl"), formats::by_name(".json")] {
            found_in(&bytes, form, &ListSpec::default());
            found_in(text.as_bytes(), form, &ListSpec::default());
        }
    }
}
