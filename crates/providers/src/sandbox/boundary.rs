//! The simulation stays in the simulation: no rule and no workflow knows a magic word or asks which environment it is in.

use std::path::{Path, PathBuf};

use super::magic::{BROKE, PREFIXES};
use super::probes::UNREACHABLE_HOST;

/// The crates that rules and workflows live in.
const CRATES: [&str; 3] = ["domain", "store", "app"];

/// How a file asks for the environment, or says it.
const QUESTIONS: [&str; 4] = [
    "Environment::Test",
    "Environment::Live",
    "is_sandbox",
    "is_live_environment",
];

/// Files that may, and why. What differs by environment differs by contract, at the edge (ARCHITECTURE.md).
const MAY_ASK: [(&str, &str); 7] = [
    (
        "app/src/access.rs",
        "what only a sandbox has is 404 to a live key",
    ),
    (
        "app/src/keys.rs",
        "a key's text begins with its environment",
    ),
    ("app/src/lib.rs", "which providers an environment has"),
    ("app/src/partners.rs", "a new partner gets a key of each"),
    (
        "app/src/webhooks/mod.rs",
        "an endpoint has a secret for each",
    ),
    (
        "store/src/environment.rs",
        "what each database is called and what its accounts may do",
    ),
    ("store/src/lib.rs", "which databases are opened"),
];

/// Text of a file up to its tests, which may say what they like.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let tests = text.find("#[cfg(test)]\nmod tests {");
    text[..tests.unwrap_or(text.len())].to_owned()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source file of those crates, by its path below `crates/`.
fn sources() -> Vec<(String, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for name in CRATES {
        rust_files(&crates.join(name).join("src"), &mut files);
    }
    assert!(files.len() > 100, "looks in the wrong place: {files:?}");
    let relative = |path: &Path| {
        let path = path.strip_prefix(crates).unwrap();
        path.to_str().unwrap().replace('\\', "/")
    };
    files
        .iter()
        .map(|path| (relative(path), code(path)))
        .collect()
}

#[test]
fn no_magic_word_is_known_outside_of_the_sandbox() {
    let prefixes = PREFIXES.iter().map(|(prefix, _)| *prefix);
    let words: Vec<&str> = prefixes.chain([BROKE, UNREACHABLE_HOST]).collect();
    for (path, text) in sources() {
        for word in &words {
            // A literal that begins with it: sentences may use the words as words.
            assert!(
                !text.contains(&format!("\"{word}")),
                "{path} knows the magic word {word:?}"
            );
        }
    }
}

#[test]
fn nobody_asks_for_the_environment_who_has_no_reason_to() {
    let may_ask = |path: &str| MAY_ASK.iter().any(|(allowed, _)| *allowed == path);
    let asks = |text: &str| QUESTIONS.iter().any(|question| text.contains(question));
    let asking: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| asks(text))
        .map(|(path, _)| path)
        .collect();
    let unexplained: Vec<_> = asking.iter().filter(|path| !may_ask(path)).collect();
    assert!(unexplained.is_empty(), "{unexplained:?}");
    for (allowed, reason) in MAY_ASK {
        assert!(
            asking.iter().any(|path| path == allowed),
            "{allowed} does not ask any more ({reason}); take it off the list"
        );
    }
}
