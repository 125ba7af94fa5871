//! Finds the file that the system runs for a command.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the file of a command: the path itself if it has a separator, else the first on the search path that can be run.
pub(crate) fn find_program(command: &Path, search_path: Option<&str>) -> Option<PathBuf> {
    let has_separator = command.components().count() > 1 || command.is_absolute();
    if has_separator {
        return with_extensions(command).find(|path| can_be_run(path));
    }
    let dirs = std::env::split_paths(search_path?).filter(|dir| !dir.as_os_str().is_empty());
    dirs.flat_map(|dir| with_extensions(&dir.join(command)).collect::<Vec<_>>())
        .find(|path| can_be_run(path))
}

/// Returns another program of this package: the file beside this one, else the first on the search path. Relative directories of the search
/// path do not count, since they begin at whatever directory the call is made in.
pub(crate) fn find_companion(name: &str, own: Option<&Path>, search_path: Option<&str>) -> Option<PathBuf> {
    let beside = own.and_then(Path::parent).map(Path::to_owned);
    let on_path = search_path.map(std::env::split_paths);
    let mut dirs = beside
        .into_iter()
        .chain(on_path.into_iter().flatten())
        .filter(|dir| dir.is_absolute());
    dirs.find_map(|dir| {
        let found = find_program(&dir.join(name), None)?;
        // A link to this program would call itself for ever.
        let is_own = own.is_some_and(|own| is_same_file(own, &found));
        (!is_own).then_some(found)
    })
}

/// Whether both are names of one file.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some_and(|path| Some(path) == real(other))
}

fn with_extensions(path: &Path) -> impl Iterator<Item = PathBuf> {
    let exe = cfg!(windows).then(|| path.with_added_extension("exe"));
    [Some(path.to_owned()), exe].into_iter().flatten()
}

#[cfg(unix)]
fn can_be_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn can_be_run(path: &Path) -> bool {
    path.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_on_the_search_path_and_a_path_is_not() {
        let found = find_program(Path::new("sh"), Some("/nowhere:/bin:/usr/bin")).unwrap();
        assert!(found.ends_with("sh") && is_same_file(&found, Path::new("/bin/sh")));
        assert_eq!(find_program(Path::new("sh"), None), None);
        assert_eq!(find_program(Path::new("/bin/sh"), None), Some("/bin/sh".into()));
        assert_eq!(find_program(Path::new("/etc/passwd"), None), None);
        assert!(!is_same_file(Path::new("/nowhere"), Path::new("/nowhere")));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes programs")]
    fn a_companion_is_beside_the_program_or_on_the_path_and_never_the_program_itself() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let program = |name: &str| {
            fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            fs::write(path(name), "").unwrap();
            fs::set_permissions(path(name), fs::Permissions::from_mode(0o755)).unwrap();
        };
        program("own/main");
        program("other/companion");
        let own = path("own/main");
        let on_path = path("other").to_str().unwrap().to_owned();
        let find = |search_path: &str| find_companion("companion", Some(&own), Some(search_path));
        assert_eq!(find("/nowhere"), None);
        assert_eq!(find("."), None, "relative");
        assert_eq!(find(&on_path), Some(path("other/companion")));
        symlink(&own, path("own/companion")).unwrap();
        assert_eq!(find(&on_path), Some(path("other/companion")), "itself");
        fs::remove_file(path("own/companion")).unwrap();
        program("own/companion");
        assert_eq!(find(&on_path), Some(path("own/companion")), "beside");
    }
}
