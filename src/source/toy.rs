//! A kind of source that only tests have. It shows that a kind takes one file and one line in `kinds.rs`.

use std::ops::ControlFlow;

use super::kind::{Argument, Dialog, Found, MenuEntry, SourceKind};
use crate::model::{Locator, NewItem, SourceSpec};

pub(super) static KIND: SourceKind = SourceKind {
    argument: Some(Argument {
        help: "toys (toy:NUMBER)",
        parse: |argument, _| {
            let number = argument.to_str().and_then(|text| text.strip_prefix("toy:"));
            Ok(number.map(|number| SourceSpec::new("toy", Vec::new()).with("number", number)))
        },
    }),
    list_argument: Some(Argument { help: "a box of toys", parse: |_, _| Ok(None) }),
    from_path: Some(|path| path.ends_with("toy-box").then(|| SourceSpec::new("toy", Vec::new()).with("number", "2"))),
    menu: Some(MenuEntry { label: "Add toys…", dialog: Dialog::Folder }),
    label: |source| format!("{} toys", source.option("number").unwrap_or("no")),
    ..SourceKind::new("toy", |source, _, give| {
        let number = source.option("number").and_then(|number| number.parse().ok()).unwrap_or(0_u32);
        for n in 0..number {
            give(Found::Item(NewItem::new(Locator::File(format!("/toys/{n}.png").into()))))?;
        }
        ControlFlow::Continue(())
    })
};
