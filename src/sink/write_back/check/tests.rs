#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::*;
use crate::db::{Kind, database_of, parse_dsn};
use crate::error::{ErrorKind, ItemError};
use crate::model::{ItemId, JobId, Locator, NewItem};
use crate::sink::write_back::parse_map;

fn dialect() -> &'static Dialect {
    database_of(&parse_dsn("a.sqlite").unwrap().0).dialect()
}

fn column(name: &str, kind: Kind) -> TableColumn {
    let is_generated = name == "computed";
    let type_name = format!("{kind:?}");
    TableColumn { name: name.to_owned(), kind, type_name, is_required: false, has_default: false, is_generated }
}

/// A table with a column of each kind, named like it; unique are `int`, and `text` together with `time`.
fn table() -> Table {
    use Kind as K;
    let kinds = [K::Bool, K::Int, K::Float, K::Decimal, K::Text, K::Bytes, K::Time, K::Json, K::Other];
    let mut columns: Vec<_> = kinds.map(|kind| column(&format!("{kind:?}").to_lowercase(), kind)).into();
    columns.push(column("computed", K::Text));
    columns.push(TableColumn { is_required: true, ..column("required", K::Text) });
    let unique_keys = vec![vec!["int".to_owned()], vec!["text".to_owned(), "time".to_owned()]];
    Table { name: TableName { schema: None, table: "t".to_owned() }, columns, unique_keys }
}

fn check(map: &str, mode: WriteBackMode) -> Result<Target, String> {
    let map = parse_map(map, dialect()).unwrap();
    let spec = WriteBackSpec { keys: map.keys, columns: map.columns, mode, ..WriteBackSpec::default() };
    Target::new(&spec, &table(), dialect()).map_err(|message| message.to_string())
}

fn item(state: ItemState) -> ItemRow {
    let mut new = NewItem::new(Locator::parse("https://h.example/a.jpg"));
    for (name, value) in [("id", json!("7")), ("none", json!(null)), ("word", json!("x")), ("half", json!(0.5))] {
        new.columns.put(name, value);
    }
    let row = ItemRow::waiting(ItemId { job: JobId(1), seq: 3 }, new);
    let output = Some("/out/a.jpg".to_owned());
    ItemRow { state, output, width_px: Some(80), finished_at_ms: Some(1_700_000_000_123), ..row }
}

#[test]
fn a_column_must_exist_be_writable_and_hold_its_field() {
    let refused = |map: &str, part: &str| {
        let refusal = check(map, WriteBackMode::Update).unwrap_err();
        assert!(refusal.contains(part), "{map}: {refusal}");
    };
    refused("t(int=col:id): nothing=output", "no column nothing");
    refused("t(int=col:id): computed=output", "computed by the database");
    refused("t(int=col:id): float=output", "can't hold output");
    refused("t(int=output): text=output", "can't hold output");
    refused("t(int=col:id): bool=width", "can't hold width");
    refused("t(int=col:id): time=error", "can't hold error");
    refused("t(int=col:id): bytes=hash", "can't hold hash");
    let map = "t(int=col:id): text=output, float=width, decimal=bytes_in, time=finished_at, json=col:word, other=state";
    check(map, WriteBackMode::Update).unwrap();
}

#[test]
fn the_key_must_be_unique_and_exact_for_inserting() {
    let is_ok = |map: &str, mode| check(map, mode).map(drop);
    let refused = |map: &str, mode| assert!(check(map, mode).unwrap_err().contains("unique key"), "{map}");
    is_ok("t(int=col:id): text=output", WriteBackMode::Update).unwrap();
    is_ok("t(int=col:id, float=width): text=output", WriteBackMode::Update).unwrap();
    is_ok("t(time=finished_at, text=locator): float=width", WriteBackMode::Update).unwrap();
    refused("t(text=locator): float=width", WriteBackMode::Update);
    refused("t(int=col:id, float=width): required=output", WriteBackMode::Upsert);
    let refusal = is_ok("t(int=col:id): text=output", WriteBackMode::Insert).unwrap_err();
    assert!(refusal.contains("requires a value"), "{refusal}");
    is_ok("t(int=col:id): required=output", WriteBackMode::Insert).unwrap();
}

#[test]
fn values_become_what_their_columns_hold() {
    let map = "t(int=col:id): text=width, float=width, decimal=col:half, time=finished_at, json=col:none, \
               bytes=col:word, other=width, bool=col:id";
    let target = check(map, WriteBackMode::Update).unwrap();
    let misfit = target.row(&item(ItemState::Done), &[]);
    assert_eq!(misfit, TargetRow::Misfit("int=7".to_owned(), "bool: \"7\" is not true or false".to_owned()));
    let target = check(&map.replace(", bool=col:id", ""), WriteBackMode::Update).unwrap();
    let values = vec![
        Value::Text("80".to_owned()),
        Value::Float(80.0),
        Value::Text("0.5".to_owned()),
        Value::Text("2023-11-14 22:13:20.123".to_owned()),
        Value::Null,
        Value::Bytes(b"x".to_vec()),
        Value::Int(80),
    ];
    assert_eq!(
        target.row(&item(ItemState::Done), &[]),
        TargetRow::Whole(WriteRow { key: vec![Value::Int(7)], values })
    );
    let target = check("t(int=col:word): text=finished_at", WriteBackMode::Update).unwrap();
    assert!(matches!(target.row(&item(ItemState::Done), &[]), TargetRow::Misfit(..)));
}

#[test]
fn an_item_without_a_result_only_says_what_happened_to_it() {
    let target = check("t(int=col:id): text=output, required=state, float=width", WriteBackMode::Update).unwrap();
    let state = |row: TargetRow| match row {
        TargetRow::Outcome(row) => row.values,
        other => panic!("{other:?}"),
    };
    let mut failed = item(ItemState::Failed);
    failed.error = Some(ItemError::new(ErrorKind::NotFound, &failed.locator));
    assert_eq!(state(target.row(&failed, &[])), [Value::Text("failed".to_owned())]);
    let exists = ItemRow { reason: Some(SkipReason::Exists), ..item(ItemState::Skipped) };
    assert_eq!(state(target.row(&exists, &[])), [Value::Text("skipped".to_owned())]);
    for reason in [SkipReason::Unchanged, SkipReason::Duplicate] {
        let kept = ItemRow { reason: Some(reason), ..item(ItemState::Skipped) };
        assert!(matches!(target.row(&kept, &[]), TargetRow::Whole(_)), "{reason:?}");
    }
    let target = check("t(int=col:id): text=output", WriteBackMode::Update).unwrap();
    assert_eq!(target.row(&failed, &[]), TargetRow::Nothing);
}

#[test]
fn a_key_of_null_finds_nothing_and_is_never_inserted() {
    let map = "t(int=col:none): required=state";
    let update = check(map, WriteBackMode::Update).unwrap();
    assert!(matches!(update.row(&item(ItemState::Done), &[]), TargetRow::Whole(_)));
    for mode in [WriteBackMode::Upsert, WriteBackMode::Insert] {
        let row = check(map, mode).unwrap().row(&item(ItemState::Done), &[]);
        assert!(matches!(&row, TargetRow::Misfit(key, why) if key == "int=NULL" && why.contains("NULL")), "{row:?}");
    }
}

#[test]
fn an_outcome_is_never_inserted_without_values_that_the_table_requires() {
    let target = check("t(int=col:id): required=output, text=state", WriteBackMode::Upsert).unwrap();
    assert_eq!(target.whole.mode, WriteMode::Upsert);
    assert_eq!(target.outcome.unwrap().mode, WriteMode::Update);
    let target = check("t(int=col:id): required=state, text=output", WriteBackMode::Upsert).unwrap();
    assert_eq!(target.outcome.unwrap().mode, WriteMode::Upsert);
}
