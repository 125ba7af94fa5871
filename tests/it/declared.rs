//! A file of tests that no module declares runs no test, and nobody is told.

use std::fs;
use std::path::Path;

#[test]
fn every_file_of_tests_is_declared() {
    for target in ["tests/docs", "tests/it", "tests/real"] {
        check(&Path::new(env!("CARGO_MANIFEST_DIR")).join(target), "main.rs");
    }
}

/// Checks that each source file and each directory with a `mod.rs` below `dir` is a module of `parent`.
fn check(dir: &Path, parent: &str) {
    let declarations = fs::read_to_string(dir.join(parent)).unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let is_module = if path.is_dir() {
            path.join("mod.rs").exists()
        } else {
            path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with(parent)
        };
        if !is_module {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            declarations.contains(&format!("mod {name};")),
            "{} is declared nowhere",
            path.display()
        );
        if path.is_dir() {
            check(&path, "mod.rs");
        }
    }
}
