//! What a folder is, apart from what it holds: the same one as before or another, and on which kind of file system.

#![expect(clippy::disallowed_methods, reason = "examines folders")]

use std::io;
use std::path::Path;

/// What distinguishes a folder from one that takes its place later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderId {
    /// Device and inode; zeros where there are none.
    inode: (u64, u64),
}

/// The folder at a path, links followed.
pub fn folder_id(path: &Path) -> io::Result<FolderId> {
    let meta = path.metadata()?;
    if !meta.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    #[cfg(unix)]
    let inode = {
        use std::os::unix::fs::MetadataExt;
        (meta.dev(), meta.ino())
    };
    #[cfg(not(unix))]
    let inode = (0, 0);
    Ok(FolderId { inode })
}

/// Whether other machines may change a folder without this system's knowledge: then no changes are reported.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn is_remote(path: &Path) -> bool {
    // AFS, Ceph, CIFS, Coda, FUSE (sshfs, rclone and the like), NCP, NFS, SMB, SMB2, 9P, VirtualBox's shared folders, from
    // linux/magic.h.
    const REMOTE: [u32; 11] = [
        0x5346_414f,
        0x00c3_6400,
        0xff53_4d42,
        0x7375_7245,
        0x6573_5546,
        0x0000_564c,
        0x0000_6969,
        0x0000_517b,
        0xfe53_4d42,
        0x0102_1997,
        0x786f_4256,
    ];
    rustix::fs::statfs(path).is_ok_and(|facts| REMOTE.contains(&(facts.f_type as u32)))
}

/// Whether other machines may change a folder without this system's knowledge: then no changes are reported.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn is_remote(path: &Path) -> bool {
    // A share of another machine: `\\\\server\\share`.
    path.as_os_str().as_encoded_bytes().starts_with(br"\\")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_takes_the_place_of_another_is_a_different_one() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        std::fs::create_dir(&one).unwrap();
        std::fs::create_dir(&two).unwrap();
        let before = folder_id(&one).unwrap();
        assert_eq!(folder_id(&one).unwrap(), before);
        std::fs::rename(&one, dir.path().join("elsewhere")).unwrap();
        assert_eq!(folder_id(&one).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::rename(&two, &one).unwrap();
        assert_eq!(folder_id(&one).unwrap() == before, !cfg!(unix));
        std::fs::write(dir.path().join("file"), b"x").unwrap();
        assert!(folder_id(&dir.path().join("file")).is_err());
        assert!(!is_remote(dir.path()));
    }
}
