//! What is listed: added, removed, paged, sorted, grouped, exported.

use super::*;
use crate::model::{Ignored, IgnoredReason};

#[test]
fn files_that_were_left_out_are_recorded_once_in_order_and_go_with_their_draft() {
    let mut bench = Bench::new(JobState::Draft);
    let ignored = |name: &str, reason| Ignored { path: PathBuf::from(format!("/in/{name}")), reason };
    let first = [ignored("b.txt", IgnoredReason::NotAnImage), ignored("https:x", IgnoredReason::Hidden)];
    let again = [ignored("b.txt", IgnoredReason::Hidden), ignored("out", IgnoredReason::Result)];
    bench.catalog.add_ignored(bench.job, &first).unwrap();
    bench.catalog.add_ignored(JobId(bench.job.0 + 1), &first).unwrap();
    bench.catalog.add_ignored(bench.job, &again).unwrap();
    let rows = bench.reader.ignored_after(bench.job, 0, 10).unwrap();
    let found: Vec<Ignored> = rows.iter().map(|(_, ignored)| ignored.clone()).collect();
    assert_eq!(found, [&first[..], &again[1..]].concat());
    assert_eq!(bench.reader.ignored_after(bench.job, rows[0].0, 1).unwrap(), rows[1..2]);
    bench.catalog.delete_job(bench.job).unwrap();
    assert_eq!(bench.reader.ignored_after(bench.job, 0, 10).unwrap(), []);
}

#[test]
fn removed_items_are_restored_at_their_positions() {
    let mut bench = Bench::new(JobState::Draft);
    let error = Some(ItemError::new(ErrorKind::NotFound, "c.jpg"));
    let mut items = files(0..3000);
    items.push(NewItem { error, size_bytes: Some(3), dir: "d".to_owned(), ..new_item("/in/d/c.jpg") });
    bench.add(&items);
    let before = bench.reader.after(bench.job, 0, u32::MAX).unwrap();
    let gone: Vec<u64> = (2..=1200).chain([2999, 3001, 9999]).collect();
    let removed = bench.catalog.remove_items(bench.job, &gone).unwrap();
    assert_eq!(removed.len(), 1201);
    bench.check_sums();
    // Rows behind a gap are found by their number in the list.
    let page = bench.reader.page_by_seq(bench.job, 1, 2).unwrap();
    assert_eq!((page.total, seqs(&page.rows)), (1800, vec![1201, 1202]));
    assert_eq!(seqs(&bench.reader.page_by_seq(bench.job, 1798, 5).unwrap().rows), [2998, 3000]);
    assert!(bench.reader.page_by_seq(bench.job, 1800, 5).unwrap().rows.is_empty());
    assert!(!bench.reader.is_input(bench.job, "/in/0000005.jpg").unwrap());
    // A new item doesn't take a free number.
    assert_eq!(bench.add(&files(5000..5001)).next_seq, 3003);
    bench.catalog.restore_items(bench.job, &removed).unwrap();
    bench.check_sums();
    bench.catalog.remove_items(bench.job, &[3002]).unwrap();
    let after = bench.reader.after(bench.job, 0, u32::MAX).unwrap();
    let plain = |rows: Vec<ItemRow>| -> Vec<ItemRow> {
        rows.into_iter().map(|row| ItemRow { finished_at_ms: None, ..row }).collect()
    };
    assert_eq!(plain(after), plain(before));
}

#[test]
fn a_running_item_is_not_removed() {
    let mut bench = Bench::with(&files(0..2));
    bench.catalog.set_running(bench.job, &[1]).unwrap();
    assert_eq!(bench.catalog.remove_items(bench.job, &[1, 2]).unwrap().len(), 1);
    assert_eq!(bench.item(1).state, ItemState::Running);
}

#[test]
fn lists_are_filtered_and_sorted() {
    let mut bench = Bench::new(JobState::Draft);
    let sized = |text: &str, size| NewItem { size_bytes: size, ..new_item(text) };
    bench.add(&[
        sized("/in/b.jpg", Some(5)),
        sized("/in/A.jpg", Some(9)),
        sized("https://h.example/%ED%95%9C%EA%B8%80.png", None),
        sized("/in/\u{1112}\u{1161}\u{11ab}.jpg", Some(1)), // 한, as macOS writes it
        sized("/in/CAFÉ_100%.jpg", Some(2)),
    ]);
    bench.finish(3, done("/out/3.png"));
    bench.finish(1, failed(ErrorKind::Corrupt));
    bench.finish(5, failed(ErrorKind::Empty));
    assert_eq!(bench.order(None, None, "", Order::Added), [1, 2, 3, 4, 5]);
    assert_eq!(bench.order(None, None, "", Order::Name), [2, 1, 5, 4, 3]);
    assert_eq!(bench.order(None, None, "", Order::Size), [3, 2, 1, 5, 4], "a link's size is what was read of it");
    assert_eq!(bench.order(None, None, "", Order::State), [2, 4, 3, 1, 5]);
    assert_eq!(bench.order(Some(ItemState::Failed), None, "", Order::Size), [1, 5]);
    assert_eq!(bench.order(Some(ItemState::Waiting), None, "", Order::Name), [2, 4]);
    assert_eq!(bench.order(None, Some(ErrorKind::Empty), "", Order::Added), [5]);
    assert_eq!(bench.order(Some(ItemState::Done), Some(ErrorKind::Empty), "", Order::Added), [0; 0]);
    assert_eq!(bench.order(None, None, "한", Order::Added), [3, 4]);
    assert_eq!(bench.order(None, None, "a.JPG", Order::Added), [2]);
    assert_eq!(bench.order(None, None, "café", Order::Name), [5]);
    assert_eq!(bench.order(None, None, "0%.", Order::Name), [5]);
    assert_eq!(bench.order(None, None, "_", Order::Added), [5], "no wildcard");
}

#[test]
fn a_list_that_is_no_longer_needed_is_cancelled() {
    let bench = Bench::with(&files(0..20_000));
    let filter = ListFilter { text: "7", ..ListFilter::default() };
    let order = |cancelled: &dyn Fn() -> bool| bench.reader.order(bench.job, &filter, Order::Name, cancelled).unwrap();
    assert_eq!(order(&|| true), None);
    // From the second question on: in the midst of it, or done before it was asked.
    let asked = Cell::new(0);
    let answer = order(&|| {
        asked.set(asked.get() + 1);
        asked.get() > 1
    });
    assert!(answer.is_none() || asked.get() < 2);
}

#[test]
fn groups_are_the_folders_and_hosts_that_were_added() {
    let mut bench = Bench::new(JobState::Draft);
    let below = |text: &str, dir: &str| NewItem { dir: dir.to_owned(), ..new_item(text) };
    bench.add(&[
        below("/in/photos/a.jpg", ""),
        below("/in/photos/2026/may/b.jpg", "2026/may"),
        below("https://H.example/1.png", ""),
        below("https://h.example:8080/2.png", ""),
        below("/else/x.jpg", "not/there"),
    ]);
    bench.finish(2, done("/out/b.jpg"));
    bench.finish(3, failed(ErrorKind::Timeout));
    let group =
        |label: &str, is_links, total, done, failed| Group { label: label.to_owned(), is_links, total, done, failed };
    assert_eq!(
        bench.reader.groups(bench.job, 10).unwrap(),
        [group("/in/photos", false, 2, 1, 0), group("h.example", true, 2, 0, 1), group("/else", false, 1, 0, 0)]
    );
    assert_eq!(bench.reader.groups(bench.job, 2).unwrap().len(), 2);
    // The numbers of groups are at hand only until something is rolled back.
    let taken = bench.catalog.add_items(bench.job, 1, &[below("/new/x.jpg", "")], &Adding::default());
    assert!(taken.unwrap_err().to_string().contains("taken"));
    bench.add(&[below("/new/x.jpg", "")]);
    bench.check_sums();
}

#[test]
fn a_draft_knows_its_items() {
    let mut bench = Bench::new(JobState::Draft);
    let adding = Adding { leave_out_known: true, ..Adding::default() };
    let items = [new_item("/in/a.jpg"), new_item("https://h.example/a"), new_item("/in/a.jpg")];
    let added = bench.catalog.add_items(bench.job, 1, &items, &adding).unwrap();
    assert_eq!(added, Added { added: 2, duplicates: 1, next_seq: 3 });
    let added = bench.catalog.add_items(bench.job, 3, &items, &adding).unwrap();
    assert_eq!(added, Added { added: 0, duplicates: 3, next_seq: 3 });
    assert!(bench.reader.is_input(bench.job, "https://h.example/a").unwrap());
    assert!(!bench.reader.is_input(bench.job, "/in/b.jpg").unwrap());
    assert!(!bench.reader.is_input(JobId(99), "/in/a.jpg").unwrap());
}

#[test]
fn a_source_that_was_interrupted_continues_at_its_cursor() {
    let mut bench = Bench::new(JobState::Running);
    assert!(!bench.reader.has_open_sources(bench.job).unwrap());
    let list = |name: &str| SourceSpec::new("list", vec![Locator::parse(name)]);
    assert_eq!(bench.catalog.add_sources(bench.job, &[list("a.txt"), stdin()]).unwrap(), 0);
    assert_eq!(bench.catalog.add_sources(bench.job, &[list("c.txt")]).unwrap(), 2);
    let adding =
        |source, taken, ended| Adding { cursor: Some(SourceCursor { source, taken, ended }), ..Adding::default() };
    bench.catalog.add_items(bench.job, 1, &files(0..3), &adding(0, 7, false)).unwrap();
    // A refused transaction moves no cursor.
    bench.catalog.add_items(bench.job, 2, &files(0..3), &adding(1, 3, true)).unwrap_err();
    bench.catalog.add_items(bench.job, 4, &files(3..5), &adding(9, 2, true)).unwrap_err();
    let cursors = |bench: &Bench| -> Vec<_> {
        let sources = bench.reader.sources(bench.job).unwrap().into_iter();
        sources.map(|source| (source.n, source.taken, source.ended)).collect()
    };
    assert_eq!(cursors(&bench), [(0, 7, false), (1, 0, false), (2, 0, false)]);
    assert_eq!(bench.reader.next_seq(bench.job).unwrap(), 4, "no item of a refused transaction is left");
    bench.catalog.add_items(bench.job, 4, &[], &adding(0, 8, true)).unwrap();
    bench.catalog.end_source(bench.job, 1).unwrap();
    bench.catalog.set_source(bench.job, 2, &list("d.txt")).unwrap();
    assert_eq!(cursors(&bench), [(0, 8, true), (1, 0, true), (2, 0, false)]);
    assert_eq!(bench.reader.spec(bench.job).unwrap().unwrap().sources, [list("a.txt"), stdin(), list("d.txt")]);
    assert!(bench.reader.has_open_sources(bench.job).unwrap());
    bench.catalog.end_source(bench.job, 2).unwrap();
    assert!(!bench.reader.has_open_sources(bench.job).unwrap());
    assert!(bench.catalog.end_source(bench.job, 3).unwrap_err().to_string().contains("no source 3"));
}

#[test]
fn a_changed_request_leaves_sources_alone_and_a_summary_counts_them() {
    let mut bench = Bench::new(JobState::Draft);
    bench.catalog.add_sources(bench.job, &[stdin()]).unwrap();
    let mut request = JobSpec::default();
    request.output_mut().sink.dir = Some("/out".into());
    bench.catalog.set_request(bench.job, &request).unwrap();
    let with_source = JobSpec { sources: vec![stdin()], ..request.clone() };
    assert_eq!(bench.reader.spec(bench.job).unwrap(), Some(with_source));
    assert_eq!(bench.reader.request(bench.job).unwrap(), Some(request.clone()));
    let summary = bench.reader.summary(bench.job).unwrap().unwrap();
    assert_eq!((summary.request, summary.first_source, summary.sources), (request, Some(stdin()), 1));
    bench.catalog.delete_job(bench.job).unwrap();
    assert!(bench.reader.spec(bench.job).unwrap().is_none() && bench.reader.summary(bench.job).unwrap().is_none());
    assert!(bench.reader.sources(bench.job).unwrap().is_empty());
}

#[test]
fn a_job_with_an_open_source_or_an_unfinished_item_is_paused_instead_of_done() {
    let mut bench = Bench::with(&files(0..2));
    bench.catalog.add_sources(bench.job, &[stdin()]).unwrap();
    bench.finish(1, done("/out/1.jpg"));
    bench.catalog.set_running(bench.job, &[2]).unwrap();
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Done).unwrap(), JobState::Paused);
    assert_eq!(bench.item(2).state, ItemState::Waiting, "it was running");
    bench.finish(2, done("/out/2.jpg"));
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Done).unwrap(), JobState::Paused);
    bench.catalog.end_source(bench.job, 0).unwrap();
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Done).unwrap(), JobState::Done);
    assert!(bench.reader.job(bench.job).unwrap().unwrap().finished_at_ms.is_some());
    assert_eq!(bench.catalog.end_run(bench.job, JobState::Cancelled).unwrap(), JobState::Cancelled);
}

#[test]
fn a_hundred_thousand_items_are_added_and_paged() {
    let mut bench = Bench::new(JobState::Draft);
    for batch in 0..100 {
        bench.add(&files(batch * 1000..(batch + 1) * 1000));
    }
    for first_row in [0, 50_000, 99_990] {
        let page = bench.reader.page_by_seq(bench.job, first_row, 10).unwrap();
        assert_eq!((page.total, page.rows.len()), (100_000, 10));
        assert_eq!(page.rows.first().unwrap().id.seq, first_row + 1);
    }
    let gone: Vec<u64> = (1..=50_000).map(|n| n * 2).collect();
    bench.catalog.remove_items(bench.job, &gone).unwrap();
    let page = bench.reader.page_by_seq(bench.job, 40_000, 3).unwrap();
    assert_eq!((page.total, seqs(&page.rows)), (50_000, vec![80_001, 80_003, 80_005]));
    assert_eq!(seqs(&bench.reader.waiting(bench.job, 99_990, 3).unwrap()), [99_991, 99_993, 99_995]);
    assert_eq!(bench.order(None, None, "/00001", Order::Name).len(), 50);
}

#[test]
fn an_export_holds_every_item_and_every_column() {
    let mut bench = Bench::new(JobState::Running);
    let odd = NewItem { dir: "d".to_owned(), ..new_item("/in/d/a, \"b\"\nc.jpg") };
    bench.add(&[odd]);
    bench.add(&files(0..2500));
    bench.finish(1, failed(ErrorKind::Corrupt));
    let write = |format| {
        let mut bytes = Vec::new();
        assert_eq!(export(bench.reader.as_ref(), bench.job, RecordRows::Items, format, &mut bytes).unwrap(), 2501);
        String::from_utf8(bytes).unwrap()
    };
    let json = write(ExportFormat::JsonLines);
    assert_eq!(json.lines().count(), 2501);
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first["locator"], "/in/d/a, \"b\"\nc.jpg");
    assert_eq!((&first["error_args"]["name"], &first["extra"]["dir"]), (&"x.jpg".into(), &"d".into()));
    assert_eq!((&first["width"], first.as_object().unwrap().len()), (&serde_json::Value::Null, 29));
    let csv = write(ExportFormat::Csv);
    assert!(csv.starts_with("job_id,seq,locator,state,output,error_kind,"), "{csv:.80}");
    assert!(csv.contains("1,1,\"/in/d/a, \"\"b\"\"\nc.jpg\",failed,,corrupt,"), "{csv:.400}");
    assert!(csv.ends_with("\r\n") && csv.contains("\r\n1,2501,/in/0002499.jpg,waiting,,,"));
    assert!(export(bench.reader.as_ref(), bench.job, RecordRows::Items, ExportFormat::Csv, &mut Full).is_err());
}

#[test]
fn an_export_to_parquet_holds_the_same_in_groups_of_rows() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::{Field, RowAccessor};

    let mut bench = Bench::new(JobState::Running);
    let odd = NewItem { dir: "d".to_owned(), mtime_ms: Some(-5), ..new_item("/in/d/한, \"b\"\nc.jpg") };
    bench.add(&[odd]);
    bench.add(&files(0..20_000));
    bench.finish(1, failed(ErrorKind::Corrupt));
    let mut file = tempfile::tempfile().unwrap();
    let written =
        export(bench.reader.as_ref(), bench.job, RecordRows::Items, ExportFormat::Parquet, &mut file).unwrap();
    let read = SerializedFileReader::new(file).unwrap();
    assert_eq!((written, read.metadata().num_row_groups()), (20_001, 2));
    let rows: Vec<_> = read.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    let names: Vec<&String> = rows[0].get_column_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..names.len() - 1], crate::catalog::RECORD_COLUMNS);
    assert_eq!(names.last().unwrap().as_str(), "remarks");
    let column = |name: &str| names.iter().position(|own| *own == name).unwrap();
    assert_eq!(rows[0].get_string(column("locator")).unwrap(), "/in/d/한, \"b\"\nc.jpg");
    assert_eq!(rows[0].get_timestamp_millis(column("mtime")).unwrap(), -5);
    assert!(rows[0].get_string(column("error_args")).unwrap().contains("x.jpg"));
    let field = |row: usize, name| rows[row].get_column_iter().nth(column(name)).map(|(_, field)| field.clone());
    assert_eq!(field(0, "width"), Some(Field::Null));
    assert_eq!((field(20_000, "seq"), field(20_000, "error")), (Some(Field::Long(20_001)), Some(Field::Null)));
    assert!(export(bench.reader.as_ref(), bench.job, RecordRows::Items, ExportFormat::Parquet, &mut Full).is_err());
}

#[test]
fn columns_of_a_list_are_text_in_parquet_even_under_names_of_numbers_and_times() {
    use parquet::file::reader::{FileReader, SerializedFileReader};

    let mut bench = Bench::new(JobState::Running);
    let names = ["n", "bytes", "size", "mtime", "http_status", "finished_at"];
    let mut item = new_item("/in/a.jpg");
    names.iter().for_each(|name| item.columns.put(name, "M".into()));
    bench.add(&[item]);
    bench.finish(1, done("/out/a.jpg"));
    for rows in [RecordRows::Items, RecordRows::Outputs] {
        let mut file = tempfile::tempfile().unwrap();
        export(bench.reader.as_ref(), bench.job, rows, ExportFormat::Parquet, &mut file).unwrap();
        let read = SerializedFileReader::new(file).unwrap();
        let row = read.get_row_iter(None).unwrap().next().unwrap().unwrap();
        let texts = row.get_column_iter().filter(|(_, field)| field.to_string() == "\"M\"").count();
        assert_eq!(texts, names.len(), "{row}");
    }
}

#[test]
fn an_export_has_the_columns_of_lists_by_name_and_remarks_and_iso_times() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    let mut bench = Bench::new(JobState::Running);
    let row = |columns: &[(&str, serde_json::Value)]| {
        let mut item = new_item("/in/a.jpg");
        columns.iter().for_each(|(name, value)| item.columns.put(name, value.clone()));
        item
    };
    let mtime = NewItem { mtime_ms: Some(1_000), ..row(&[("sku", "A, 1".into()), ("State", "new".into())]) };
    bench.add(&[mtime, row(&[("sku", "B".into()), ("이미지 번호", 7.into())]), new_item("/in/c.jpg")]);
    let remarks = vec![crate::model::Remark::FirstPage { pages: 3 }, crate::model::Remark::LeftOver];
    bench.catalog.finish(&[&Finished { remarks, ..Finished::new(bench.id(1), done("/out/1.jpg")) }]).unwrap();
    let remarked = bench.reader.remarked(bench.job, 0, 10).unwrap();
    assert_eq!((seqs(&remarked), remarked[0].remarks.len()), (vec![1], 2));
    let filter = ListFilter { is_remarked: true, ..ListFilter::default() };
    let listed = |filter: &ListFilter<'_>| bench.reader.order(bench.job, filter, Order::Added, &|| false).unwrap();
    assert_eq!(listed(&filter), Some(vec![1]));
    assert_eq!(listed(&ListFilter { state: Some(ItemState::Failed), ..filter }), Some(Vec::new()));
    bench.finish(2, failed(ErrorKind::Corrupt));
    bench.finish(3, done("/out/3.jpg"));
    let notable = |after, up_to| {
        let rows = bench.reader.notable_after(bench.job, after, up_to, 10).unwrap();
        rows.iter().map(|one| one.row.id.seq).collect::<Vec<_>>()
    };
    assert_eq!((notable(0, 9), notable(1, 9), notable(0, 1)), (vec![1, 2], vec![2], vec![1]));
    let text = |rows, format| {
        let mut bytes = Vec::new();
        export(bench.reader.as_ref(), bench.job, rows, format, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    for rows in [RecordRows::Items, RecordRows::Outputs] {
        let csv = text(rows, ExportFormat::Csv);
        let lines: Vec<&str> = csv.split("\r\n").collect();
        assert!(lines[0].ends_with(",remarks,sku,col:State,이미지 번호"), "{csv}");
        assert!(lines[1].contains("Only the first of 3 pages was used. "), "{csv}");
        assert!(
            lines[1].ends_with(",\"A, 1\",new,") && lines[2].ends_with(",,B,,7") && lines[3].ends_with(",,,,"),
            "{csv}"
        );
    }
    assert!(text(RecordRows::Items, ExportFormat::Csv).contains(",1970-01-01T00:00:01.000Z,"));
    let json: Vec<serde_json::Value> = text(RecordRows::Items, ExportFormat::JsonLines)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((&json[0]["mtime"], &json[0]["sku"]), (&"1970-01-01T00:00:01.000Z".into(), &"A, 1".into()));
    assert_eq!((&json[1]["이미지 번호"], &json[2]["sku"]), (&7.into(), &serde_json::Value::Null));
    assert_eq!(
        (&json[0]["remarks"][0], &json[1]["remarks"]),
        (&"Only the first of 3 pages was used.".into(), &serde_json::json!([]))
    );
    assert_eq!((&json[0]["state"], &json[0]["col:State"]), (&"done".into(), &"new".into()));
    let mut file = tempfile::tempfile().unwrap();
    export(bench.reader.as_ref(), bench.job, RecordRows::Items, ExportFormat::Parquet, &mut file).unwrap();
    let read = SerializedFileReader::new(file).unwrap();
    let rows: Vec<_> = read.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    let names: Vec<&String> = rows[0].get_column_iter().map(|(name, _)| name).collect();
    let column = |name: &str| names.iter().position(|own| *own == name).unwrap();
    assert_eq!(rows[1].get_string(column("이미지 번호")).unwrap(), "7");
    assert_eq!(rows[0].get_timestamp_millis(column("mtime")).unwrap(), 1_000);
}

#[test]
fn an_export_of_outputs_has_a_row_for_each_output_and_one_for_an_item_without_any() {
    let mut bench = Bench::with(&files(0..5));
    bench.finish(1, done("/out/1.jpg"));
    bench.finish(2, failed(ErrorKind::Corrupt));
    let output = |n: u32, name: &str| ItemOutput {
        n,
        name: name.to_owned(),
        bytes: 7,
        state: ItemState::Done,
        ..ItemOutput::existing(std::path::Path::new(&format!("/out/{name}/4.jpg")))
    };
    let two = Finished {
        outputs: vec![output(0, "large"), output(1, "small")],
        ..Finished::new(bench.id(4), done("/out/large/4.jpg"))
    };
    let exists = Outcome::Skipped { reason: SkipReason::Exists, sentence: "It exists.".to_owned() };
    let kept = ItemOutput::existing(std::path::Path::new("/out/5.jpg"));
    let skipped = Finished { outputs: vec![kept], ..Finished::new(bench.id(5), exists) };
    bench.catalog.finish(&[&two, &skipped]).unwrap();
    assert!(!bench.reader.is_output(bench.job, "/out/5.jpg").unwrap(), "it is another file");

    let mut csv = Vec::new();
    let written = export(bench.reader.as_ref(), bench.job, RecordRows::Outputs, ExportFormat::Csv, &mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((written, lines.len()), (6, 7), "{csv}");
    assert_eq!(lines[0], "job_id,seq,locator,n,name,path,bytes,width,height,hash,state,error,remarks");
    assert_eq!(lines[1], "1,1,/in/0000000.jpg,0,,/out/1.jpg,4,,,,done,,");
    assert!(lines[2].starts_with("1,2,/in/0000001.jpg,0,,,4,,,,failed,"), "{csv}");
    assert_eq!(lines[3], "1,3,/in/0000002.jpg,0,,,0,,,,waiting,,");
    assert_eq!(lines[4], "1,4,/in/0000003.jpg,0,large,/out/large/4.jpg,7,,,,done,,");
    assert_eq!(lines[5], "1,4,/in/0000003.jpg,1,small,/out/small/4.jpg,7,,,,done,,");
    assert_eq!(lines[6], "1,5,/in/0000004.jpg,0,,/out/5.jpg,0,,,,skipped,,");
    assert_eq!(bench.reader.outputs(bench.id(1)).unwrap()[0].path.as_deref(), Some("/out/1.jpg"));

    let mut file = tempfile::tempfile().unwrap();
    let parquet =
        export(bench.reader.as_ref(), bench.job, RecordRows::Outputs, ExportFormat::Parquet, &mut file).unwrap();
    assert_eq!(parquet, 6);
    bench.catalog.remove_items(bench.job, &[4]).unwrap();
    assert!(bench.reader.outputs(bench.id(4)).unwrap().is_empty());
}

/// A full disk.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
