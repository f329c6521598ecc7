//! What ARCHITECTURE.md says of the code is so, and no two modules of a crate need each other.

mod modules;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use modules::{Module, Modules};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned()
}

/// Every crate's name and folder.
fn crates() -> BTreeMap<String, PathBuf> {
    let folders = std::fs::read_dir(root().join("crates")).unwrap();
    let folders = folders.map(|folder| folder.unwrap().path());
    let name = |folder: &PathBuf| folder.file_name().unwrap().to_string_lossy().into_owned();
    folders.map(|folder| (name(&folder), folder)).collect()
}

/// `a/{b,c}.rs` is `a/b.rs` and `a/c.rs`.
fn alternatives(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else {
        return vec![path.to_owned()];
    };
    let (inside, after) = rest.split_once('}').unwrap_or((rest, ""));
    let choices = inside.split(',');
    choices
        .flat_map(|choice| alternatives(&format!("{before}{choice}{after}")))
        .collect()
}

/// The paths between back-quotes that begin with a folder of the repository or of `crates/`.
fn named_paths(text: &str, crates: &BTreeMap<String, PathBuf>) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_path = |name: &&str| {
        let first = name.split('/').next().unwrap_or_default();
        let of_repository = ["crates", "docs", "scripts"].contains(&first);
        name.contains('/') && !name.contains('<') && (of_repository || crates.contains_key(first))
    };
    quoted.filter(is_path).flat_map(alternatives).collect()
}

#[test]
fn every_path_in_the_map_exists() {
    let crates = crates();
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let paths = named_paths(&text, &crates);
    assert!(paths.len() > 50, "only {} paths were found", paths.len());
    let is_there = |path: &&String| {
        [root(), root().join("crates")]
            .iter()
            .any(|base| base.join(path).exists())
    };
    let missing: Vec<_> = paths.iter().filter(|path| !is_there(path)).collect();
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md names what is not there: {missing:#?}"
    );
}

#[test]
fn no_two_modules_need_each_other() {
    for (name, folder) in crates() {
        let modules = Modules::read(&folder.join("src"));
        assert!(!modules.is_empty(), "no module of {name} was found");
        let circles = modules.circles();
        assert!(
            circles.is_empty(),
            "modules of {name} that need each other: {circles:#?}"
        );
    }
}

#[test]
fn a_circle_is_found_through_uses_paths_and_exports() {
    let files = [
        ("", "mod a;\nmod b;\nmod c;\n\npub use c::Three;"),
        ("a", "use crate::b::Two;\npub struct One;"),
        ("b", "pub struct Two(crate::Three);"),
        ("c", "use super::a::One;\npub struct Three;"),
    ];
    let circle: Vec<Module> = ["a", "b", "c"].map(|name| vec![name.to_owned()]).into();
    assert_eq!(Modules::of(files).circles(), [circle]);
    let straight = files.map(|(name, text)| {
        (
            name,
            if name == "c" {
                "pub struct Three;"
            } else {
                text
            },
        )
    });
    assert!(Modules::of(straight).circles().is_empty());
}
