#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs::OpenOptions;

use super::super::folder::link_and_unlink;
use super::super::output::sync_files;
use super::super::unreliable::Faults;
use super::super::{check_folder, create_folder, of_path, put};
use super::*;
use crate::error::JobError;

fn output(dir: &Path) -> Arc<dyn OutputFolder> {
    of_path(dir).open_output(dir).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_result_is_complete_under_a_temporary_name_and_is_removed_with_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("new/deep");
    let out = output(dir.path());
    let staged = out.stage(&folder, 3, Content::Bytes(b"abc")).unwrap();
    let name = staged.path.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with(".pixloom-") && name.contains("-3-") && name.ends_with(".part"), "{name}");
    assert_eq!((fs::read(&staged.path).unwrap(), staged.size_bytes), (b"abc".to_vec(), 3));
    assert_eq!(staged.hash, sha256_hex(b"abc"));
    let known = out.stage(&folder, 4, Content::Known(b"abc", &staged.hash)).unwrap();
    assert_eq!((fs::read(&known.path).unwrap(), &known.hash), (b"abc".to_vec(), &staged.hash));
    drop((staged, known));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    out.close();
    assert!(fs::read_dir(dir.path()).unwrap().all(|entry| entry.unwrap().file_name() == "new"), "its lock is gone");
}

#[test]
fn a_file_is_copied_or_moved() {
    let dir = tempfile::tempdir().unwrap();
    let (from, out) = (dir.path().join("from"), output(dir.path()));
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| n as u8).collect();
    fs::write(&from, &bytes).unwrap();
    let copied = out.stage(dir.path(), 1, Content::Copy(&Locator::File(from.clone()))).unwrap();
    assert_eq!((fs::read(&copied.path).unwrap(), &copied.hash), (bytes.clone(), &sha256_hex(&bytes)));
    assert!(from.exists());
    let file = File::open(&from).unwrap();
    let moved = out.stage(dir.path(), 2, Content::Move(OsStr::new("from"), &file)).unwrap();
    assert_eq!((fs::read(&moved.path).unwrap(), &moved.hash), (bytes.clone(), &copied.hash));
    assert_eq!((moved.size_bytes, copied.size_bytes), (700_000, 700_000));
    assert!(!from.exists());
}

#[test]
fn a_file_that_changes_while_it_is_copied_is_copied_again_and_then_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (inputs, outputs) = (tempfile::tempdir().unwrap(), output(dir.path()));
    let path = inputs.path().join("a");
    let faults = Faults::of(inputs.path());
    fs::write(&path, vec![b'x'; 400_000]).unwrap();
    faults.change_while_reading(1);
    let copied = outputs.stage(dir.path(), 1, Content::Copy(&Locator::File(path.clone()))).unwrap();
    assert_eq!(fs::read(&copied.path).unwrap(), fs::read(&path).unwrap());
    assert_eq!(copied.size_bytes, 400_004);
    faults.change_while_reading(2);
    let error = outputs.stage(dir.path(), 2, Content::Copy(&Locator::File(path.clone()))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InputChanged);
    assert!(error.to_string().contains("changed while it was being read"), "{error}");
    drop(copied);
    assert!(names(dir.path()).is_empty(), "nothing is left of either");
}

#[cfg(unix)]
#[test]
fn results_get_the_permissions_of_any_other_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (usual, private) = (dir.path().join("usual"), dir.path().join("private"));
    fs::write(&usual, b"").unwrap();
    fs::write(&private, b"x").unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o400)).unwrap();
    let (file, from, out) = (File::open(&private).unwrap(), Locator::File(private), output(dir.path()));
    for content in [Content::Bytes(b"x"), Content::Copy(&from), Content::Move(OsStr::new("private"), &file)] {
        let staged = out.stage(dir.path(), 1, content).unwrap();
        assert_eq!(mode(&staged.path), mode(&usual), "{content:?}");
    }
}

#[test]
fn a_temporary_is_the_file_that_was_opened_even_if_another_has_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let (at, out) = (|name: &str| dir.path().join(name), output(dir.path()));
    fs::write(at("secret"), b"secret").unwrap();
    for swapped in ["file", "link", "gone"] {
        fs::write(at("from"), b"abc").unwrap();
        let file = File::open(at("from")).unwrap();
        fs::remove_file(at("from")).unwrap();
        match swapped {
            "file" => fs::write(at("from"), b"other").unwrap(),
            #[cfg(unix)]
            "link" => std::os::unix::fs::symlink(at("secret"), at("from")).unwrap(),
            _ => {}
        }
        let staged = out.stage(dir.path(), 1, Content::Move(OsStr::new("from"), &file)).unwrap();
        assert!(fs::symlink_metadata(&staged.path).unwrap().is_file(), "{swapped}");
        assert_eq!((fs::read(&staged.path).unwrap(), &staged.hash), (b"abc".to_vec(), &sha256_hex(b"abc")));
    }
    assert_eq!(fs::read(at("secret")).unwrap(), b"secret");
}

#[test]
fn a_missing_input_is_reported_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let from = Locator::File("/none/x.jpg".into());
    let error = output(dir.path()).stage(dir.path(), 1, Content::Copy(&from)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_unusable_folder_is_reported_before_and_during_the_job() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    let mut hopeless = vec![file.clone(), file.join("below"), dir.path().join("x".repeat(300))];
    let out = output(dir.path());
    for folder in &hopeless {
        let error = out.stage(folder, 1, Content::Bytes(b"x")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unwritable, "{error}");
    }
    if cfg!(target_os = "linux") {
        hopeless.push("/proc/pixloom".into());
    }
    for folder in &hopeless {
        for error in [check_folder(folder).unwrap_err(), create_folder(folder).unwrap_err()] {
            assert!(matches!(error, JobError::Output { .. }), "{error}");
        }
        assert!(of_path(folder).open_output(folder).is_err());
    }
}

#[test]
fn a_check_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    check_folder(&dir.path().join("a/b")).unwrap();
    check_folder(dir.path()).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn created_folders_are_removed_again_unless_they_hold_something() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a/b/c");
    let created = create_folder(&folder).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    drop(create_folder(&folder).unwrap());
    assert!(folder.is_dir(), "it existed before");
    fs::write(dir.path().join("a/kept"), b"").unwrap();
    drop(created);
    assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 1, "b and c are gone");
}

#[test]
fn a_full_or_read_only_disk_is_distinguished_from_an_unwritable_folder() {
    for (error, kind) in [
        (io::ErrorKind::StorageFull, ErrorKind::DiskFull),
        (io::ErrorKind::ReadOnlyFilesystem, ErrorKind::ReadOnly),
        (io::ErrorKind::PermissionDenied, ErrorKind::Unwritable),
    ] {
        assert_eq!(write_error(Path::new("/out"), &error.into()).kind, kind);
    }
    if cfg!(unix) {
        // EIO, ENODEV: a drive that fails or was pulled out.
        for code in [5, 19] {
            let error = write_error(Path::new("/out"), &io::Error::from_raw_os_error(code));
            assert!(error.kind == ErrorKind::DeviceFailed && error.stops_job());
            assert!(!error.to_string().contains("os error"), "{error}");
        }
    }
    if cfg!(target_os = "linux") {
        let error = OpenOptions::new().write(true).open("/dev/full").unwrap().write_all(b"x").unwrap_err();
        assert_eq!(write_error(Path::new("/out"), &error).kind, ErrorKind::DiskFull);
    }
}

#[cfg(unix)]
#[test]
fn free_space_is_known_before_the_folder_exists() {
    let dir = tempfile::tempdir().unwrap();
    let space = of_path(dir.path()).space(&dir.path().join("not/yet"));
    assert!(space.free_bytes.unwrap() > 0 && !space.is_read_only);
}

#[test]
fn a_small_file_is_replaced_completely() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    for bytes in [b"one".as_slice(), b"three"] {
        put(&path, bytes).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    assert_eq!(names(dir.path()), ["a"]);
}

#[test]
fn a_batch_is_synced_and_gets_its_final_names() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("out");
    let (deep, out) = (root.join("deep"), output(&root));
    let mut staged: Vec<_> = (0..100).map(|seq| out.stage(&deep, seq, Content::Bytes(b"whole")).unwrap()).collect();
    assert!(sync_files(&staged.iter().collect::<Vec<_>>()).iter().all(Result::is_ok));
    for (n, one) in staged.iter_mut().enumerate() {
        one.temporary.publish(&deep.join(format!("{n:03}.jpg")), false).unwrap();
    }
    drop(staged);
    out.sync_folders(&BTreeSet::from([deep.clone()])).unwrap();
    let names = names(&deep);
    assert_eq!((names.len(), names.first().unwrap().as_str()), (100, "000.jpg"), "no temporary is left");
    assert_eq!(fs::read(deep.join("099.jpg")).unwrap(), b"whole");
    out.take_back(&deep.join("099.jpg")).unwrap();
    assert!(!deep.join("099.jpg").exists());
}

#[test]
fn a_temporary_that_vanished_fails_its_own_sync_only() {
    let dir = tempfile::tempdir().unwrap();
    let out = output(dir.path());
    let staged: Vec<_> = (0..40).map(|seq| out.stage(dir.path(), seq, Content::Bytes(b"x")).unwrap()).collect();
    fs::remove_file(&staged.get(17).unwrap().path).unwrap();
    let results = sync_files(&staged.iter().collect::<Vec<_>>());
    assert_eq!(results.iter().map(Result::is_err).collect::<Vec<_>>(), (0..40).map(|n| n == 17).collect::<Vec<_>>());
    assert!(sync_files(&[]).is_empty());
}

#[test]
fn an_existing_file_is_replaced_only_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let (taken, out) = (dir.path().join("a.jpg"), output(dir.path()));
    fs::write(&taken, b"mine").unwrap();
    let mut staged = out.stage(dir.path(), 1, Content::Bytes(b"new")).unwrap();
    let error = staged.temporary.publish(&taken, false).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&taken).unwrap(), b"mine");
    // The result is still there for the next name.
    staged.temporary.publish(&dir.path().join("a (1).jpg"), false).unwrap();
    drop(staged);
    assert_eq!(names(dir.path()), ["a (1).jpg", "a.jpg"]);
    let mut staged = out.stage(dir.path(), 2, Content::Bytes(b"newer")).unwrap();
    staged.temporary.publish(&taken, true).unwrap();
    assert_eq!(fs::read(&taken).unwrap(), b"newer");
}

#[cfg(unix)]
#[test]
fn neither_a_folder_nor_a_dangling_link_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("d")).unwrap();
    std::os::unix::fs::symlink("/nowhere", dir.path().join("l")).unwrap();
    let mut staged = output(dir.path()).stage(dir.path(), 1, Content::Bytes(b"new")).unwrap();
    for name in ["d", "l"] {
        let error = staged.temporary.publish(&dir.path().join(name), false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{name}");
        assert!(LocalFolders.is_taken(&dir.path().join(name)));
    }
}

#[test]
fn file_systems_without_an_exclusive_rename_replace_nothing_either() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    fs::write(&from, b"new").unwrap();
    link_and_unlink(&from, &to).unwrap();
    assert_eq!(names(dir.path()), ["to"]);
    fs::write(&from, b"newer").unwrap();
    assert_eq!(link_and_unlink(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&to).unwrap(), b"new");
}

#[test]
fn many_results_for_one_name_have_one_winner() {
    let dir = tempfile::tempdir().unwrap();
    let out = output(dir.path());
    let staged: Vec<_> =
        (0..32_u8).map(|seq| out.stage(dir.path(), seq.into(), Content::Bytes(&[seq])).unwrap()).collect();
    let to = &dir.path().join("one.jpg");
    let wins: Vec<bool> = std::thread::scope(|scope| {
        let tries: Vec<_> =
            staged.into_iter().map(|mut one| scope.spawn(move || one.temporary.publish(to, false).is_ok())).collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(wins.iter().filter(|won| **won).count(), 1);
    let winner = wins.iter().position(|won| *won).unwrap();
    assert_eq!(fs::read(to).unwrap(), [winner as u8]);
    assert_eq!(names(dir.path()), ["one.jpg"]);
}

#[test]
fn a_sweep_removes_temporaries_of_dead_owners_only() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b");
    let (ours, theirs) = (output(dir.path()), output(dir.path()));
    let (living, dead) = (theirs.stage(&deep, 1, Content::Bytes(b"half")), ours.stage(&deep, 1, Content::Bytes(b"h")));
    fs::write(deep.join(".pixloom-1-notes.txt"), b"a user's").unwrap();
    fs::write(dir.path().join(".pixloom-check-00c0ffee.part"), b"?").unwrap();
    let mut others = Vec::new();
    assert_eq!(output(dir.path()).sweep(&mut |path| others.push(path.to_path_buf())), 1, "the check");
    assert_eq!(others, [deep.join(".pixloom-1-notes.txt")]);
    // As if the process had died: the temporary stays, the lock is free.
    std::mem::forget(dead.unwrap().temporary);
    ours.close();
    assert_eq!(output(dir.path()).sweep(&mut |_| {}), 1);
    assert!(living.unwrap().path.exists());
}

#[cfg(unix)]
#[test]
fn a_folder_that_was_moved_or_deleted_is_not_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("out");
    let out = output(&root);
    assert!(out.is_in_place().unwrap());
    fs::rename(&root, dir.path().join("moved")).unwrap();
    assert!(!out.is_in_place().unwrap());
    fs::create_dir(&root).unwrap();
    assert!(!out.is_in_place().unwrap(), "another folder of that name is not the one that was opened");
}

/// Receives a part of a link's body for a job, and stops.
fn save_part(out: &dyn OutputFolder, job: &str, link: &str, bytes: &[u8]) -> PathBuf {
    let mut file = out.spool(job).create().unwrap();
    file.file().write_all(bytes).unwrap();
    file.save_part(link, "about", bytes.len() as u64, sha256_hex(bytes));
    file.path()
}

/// Another program in the same folder, after the one that was there has died.
fn next(dir: &Path, dead: &dyn OutputFolder) -> Arc<dyn OutputFolder> {
    dead.close();
    let out = output(dir);
    out.sweep(&mut |path| panic!("a part was taken for a result: {path:?}"));
    out
}

fn take(spool: &Spool, link: &str) -> Option<(u64, Vec<u8>)> {
    let part = spool.take_part(link, &|_, _| true)?;
    assert_eq!((part.about.as_str(), part.file.size_bytes().unwrap()), ("about", part.size_bytes));
    let mut file = part.file.file();
    file.write_all(b"more").unwrap();
    Some((part.size_bytes, part.file.bytes().unwrap()))
}

#[test]
fn a_saved_part_is_taken_over_by_one_run_and_continued_before_its_last_byte() {
    let dir = tempfile::tempdir().unwrap();
    let first = output(dir.path());
    save_part(first.as_ref(), "1", "a", b"abcdef");
    assert!(first.spool("1").has_part("a"), "the same run may continue it, too");
    let (second, third) = (next(dir.path(), first.as_ref()), next(dir.path(), first.as_ref()));
    let (here, there) = (second.spool("1"), third.spool("2"));
    assert!(here.has_part("a") && there.has_part("a") && !here.has_part("b"));
    let part = here.take_part("a", &|_, _| true).unwrap();
    assert_eq!(sha256_hex(b"abcde"), crate::model::human::hex(&sha2::Digest::finalize(part.hasher)));
    assert_eq!(take(&there, "a"), None, "it is taken");
    drop(part.file);
    // It is still a part, of five bytes now.
    assert_eq!(take(&here, "a"), Some((4, b"abcdmore".to_vec())));
    let fourth = next(dir.path(), second.as_ref());
    assert_eq!(take(&fourth.spool("3"), "a"), Some((3, b"abcmore".to_vec())), "only what was noted counts");
}

#[test]
fn a_part_that_is_complete_or_useless_is_removed_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let out = output(dir.path());
    for is_complete in [true, false] {
        let mut file = out.spool("1").create().unwrap();
        file.file().write_all(b"abc").unwrap();
        file.save_part("a", "about", 3, sha256_hex(b"abc"));
        assert_eq!(names(dir.path()).len(), 2, "a part and its note");
        if is_complete {
            file.seal(sha256_hex(b"abc"));
            drop(file);
        } else {
            file.discard();
        }
        assert_eq!(names(dir.path()), Vec::<String>::new());
    }
}

#[test]
fn a_part_whose_bytes_are_not_those_that_were_noted_is_removed() {
    let damages: [fn(&Path); 5] = [
        |part| fs::write(part, b"abcdeX").unwrap(),
        |part| fs::write(part, b"Xbcdef").unwrap(),
        |part| fs::write(part, b"abcde").unwrap(),
        |part| fs::write(part.with_extension("note.part"), b"pixloom-part-1").unwrap(),
        |part| fs::remove_file(part).unwrap(),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let first = output(dir.path());
        damage(&save_part(first.as_ref(), "1", "a", b"abcdef"));
        let second = next(dir.path(), first.as_ref());
        assert_eq!(take(&second.spool("1"), "a"), None, "damage {number}");
        second.close();
        assert_eq!(names(dir.path()), Vec::<String>::new(), "damage {number}");
    }
}

#[test]
fn parts_are_removed_with_their_job_or_when_they_are_old_and_the_longer_of_two_stays() {
    let dir = tempfile::tempdir().unwrap();
    let first = output(dir.path());
    save_part(first.as_ref(), "1", "a", b"abcdef");
    save_part(first.as_ref(), "2", "a", b"abc");
    save_part(first.as_ref(), "2", "b", b"abc");
    let old = save_part(first.as_ref(), "2", "c", b"abc");
    let note = File::options().write(true).open(old.with_extension("note.part")).unwrap();
    note.set_modified(SystemTime::now() - std::time::Duration::from_hours(8 * 24)).unwrap();
    let second = next(dir.path(), first.as_ref());
    let has = |link: &str| second.spool("1").has_part(link);
    assert_eq!(["a", "b", "c"].map(has), [true, true, false]);
    second.discard_parts("1");
    assert_eq!(["a", "b"].map(has), [false, true], "another job may be resumed");
    save_part(second.as_ref(), "1", "d", b"abc");
    assert!(!has("d"), "the job is over");
    second.close();
    assert_eq!(names(dir.path()).len(), 2, "a part and its note: {:?}", names(dir.path()));
}

#[test]
fn a_part_whose_verification_is_stopped_stays() {
    let dir = tempfile::tempdir().unwrap();
    let first = output(dir.path());
    save_part(first.as_ref(), "1", "a", b"abcdef");
    let second = next(dir.path(), first.as_ref());
    assert!(second.spool("1").take_part("a", &|_, _| false).is_none());
    let third = next(dir.path(), second.as_ref());
    assert_eq!(take(&third.spool("1"), "a"), Some((5, b"abcdemore".to_vec())));
}
