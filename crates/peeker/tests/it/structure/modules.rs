//! Which modules of a crate need which, read from the text: enough for code that rustfmt has formatted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The path of a module within its crate; the root's is empty.
pub type Module = Vec<String>;

/// The modules of a crate with their text.
pub struct Modules {
    texts: BTreeMap<Module, String>,
    /// What a module exports from elsewhere: the path that a name stands for.
    exports: BTreeMap<(Module, String), Vec<String>>,
}

impl Modules {
    /// Reads every file below a `src` folder.
    pub fn read(src: &Path) -> Self {
        let mut files = Vec::new();
        collect(src, &mut files);
        let modules = files.into_iter().map(|file| {
            let text = std::fs::read_to_string(&file).unwrap();
            (module_of(file.strip_prefix(src).unwrap()), text)
        });
        // Tests may need whatever they are about.
        let is_test = |name: &String| name == "tests" || name.ends_with("_tests");
        let modules = modules.filter(|(module, _)| !module.iter().any(is_test));
        Self::new(modules.collect())
    }

    /// Made-up modules: names such as `a::b`, and texts.
    pub fn of<const N: usize>(files: [(&str, &str); N]) -> Self {
        let module = |name: &str| split(name).collect();
        let texts = files.map(|(name, text)| (module(name), text.to_owned()));
        Self::new(texts.into())
    }

    fn new(texts: BTreeMap<Module, String>) -> Self {
        let texts: BTreeMap<Module, String> = texts
            .into_iter()
            .map(|(module, text)| (module, without_comments_and_tests(&text)))
            .collect();
        let mut exports = BTreeMap::new();
        for (module, text) in &texts {
            for (path, is_export) in uses(text) {
                if let (true, Some(name)) = (is_export, path.last().cloned()) {
                    exports.insert((module.clone(), name), path);
                }
            }
        }
        Self { texts, exports }
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The groups of siblings that need each other. What a module and those inside of it need of one another is no circle.
    pub fn circles(&self) -> Vec<Vec<Module>> {
        let mut needs: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, text) in &self.texts {
            for needed in self.needed_by(module, text) {
                let common = module
                    .iter()
                    .zip(&needed)
                    .take_while(|(a, b)| a == b)
                    .count();
                if common < module.len() && common < needed.len() {
                    let from = module[..=common].to_vec();
                    needs
                        .entry(from)
                        .or_default()
                        .insert(needed[..=common].to_vec());
                }
            }
        }
        let reach: BTreeMap<&Module, BTreeSet<&Module>> = needs
            .keys()
            .map(|from| (from, reachable(&needs, from)))
            .collect();
        let mut circles: BTreeSet<Vec<Module>> = BTreeSet::new();
        for (module, reached) in &reach {
            if reached.contains(module) {
                let back =
                    |other: &&&Module| reach.get(**other).is_some_and(|from| from.contains(module));
                circles.insert(
                    reached
                        .iter()
                        .filter(back)
                        .map(|other| (*other).clone())
                        .collect(),
                );
            }
        }
        circles.into_iter().collect()
    }

    fn needed_by(&self, module: &Module, text: &str) -> BTreeSet<Module> {
        let used = uses(text).into_iter().map(|(path, _)| path);
        let mentioned = mentions(text);
        used.chain(mentioned)
            .filter_map(|path| self.resolve(module, &path))
            .collect()
    }

    /// The module that a path written in `module` leads to; `None` when it leads out of the crate.
    fn resolve(&self, module: &Module, path: &[String]) -> Option<Module> {
        let (mut at, mut rest) = match path.first()?.as_str() {
            "crate" => (Vec::new(), path[1..].to_vec()),
            "self" => (module.clone(), path[1..].to_vec()),
            "super" => {
                let ups = path.iter().take_while(|name| *name == "super").count();
                (
                    module[..module.len().checked_sub(ups)?].to_vec(),
                    path[ups..].to_vec(),
                )
            }
            name => {
                let inner = [module.as_slice(), &[name.to_owned()]].concat();
                self.texts.contains_key(&inner).then_some(())?;
                (module.clone(), path.to_vec())
            }
        };
        // Exports of exports end somewhere; the limit is for what does not.
        for _ in 0..16 {
            let Some(name) = rest.first().cloned() else {
                break;
            };
            let inner = [at.as_slice(), &[name.clone()]].concat();
            if self.texts.contains_key(&inner) {
                at = inner;
                rest.remove(0);
            } else if let Some(export) = self.exports.get(&(at.clone(), name)) {
                let is_own = export.first().is_some_and(|first| {
                    first == "crate"
                        || first == "self"
                        || first == "super"
                        || self
                            .texts
                            .contains_key(&[at.as_slice(), &[first.clone()]].concat())
                });
                return if is_own && export != path {
                    self.resolve(&at, export)
                } else {
                    Some(at)
                };
            } else {
                break;
            }
        }
        Some(at)
    }
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn module_of(file: &Path) -> Module {
    let mut module: Module = file
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if module
        .last()
        .is_some_and(|last| ["lib", "main", "mod"].contains(&last.as_str()))
    {
        module.pop();
    }
    module
}

fn split(path: &str) -> impl Iterator<Item = String> + '_ {
    let names = path.split("::").map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned)
}

fn without_comments_and_tests(text: &str) -> String {
    let code = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    let lines = code
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths of all `use` items, each with whether it is an export.
fn uses(text: &str) -> Vec<(Vec<String>, bool)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((line, after)) = rest
        .split_once('\n')
        .or((!rest.is_empty()).then_some((rest, "")))
    {
        let start = line.trim_start();
        let is_export = start.starts_with("pub");
        let item = start.split_once("use ").filter(|(before, _)| {
            let before = before.trim();
            before.is_empty()
                || before == "pub"
                || (before.starts_with("pub(") && before.ends_with(')'))
        });
        if item.is_none() {
            rest = after;
            continue;
        }
        let at = rest.find("use ").unwrap_or_default() + 4;
        let end = rest[at..].find(';').map_or(rest.len(), |end| at + end);
        let tree = rest[at..end]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        found.extend(branches(&tree).into_iter().map(|path| (path, is_export)));
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    found
}

/// `a::{b, c::d}` is `a::b` and `a::c::d`. A renamed export counts by its new name.
fn branches(tree: &str) -> Vec<Vec<String>> {
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![split(path).collect()];
    };
    let close = tree.rfind('}').unwrap_or(tree.len());
    let (before, inside) = (&tree[..open], &tree[open + 1..close]);
    let (mut depth, mut start, mut parts) = (0_u32, 0, Vec::new());
    for (at, letter) in inside.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| branches(&format!("{before}{}", part.trim())))
        .collect()
}

/// The paths that begin with `crate::` or `super::` anywhere else.
fn mentions(text: &str) -> Vec<Vec<String>> {
    let starts = text
        .match_indices("crate::")
        .chain(text.match_indices("super::"));
    starts
        .map(|(at, _)| {
            let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
            let rest = &text[at..];
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            split(&rest[..end]).collect()
        })
        .collect()
}

fn reachable<'n>(
    needs: &'n BTreeMap<Module, BTreeSet<Module>>,
    from: &Module,
) -> BTreeSet<&'n Module> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Module> = needs.get(from).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(needs.get(next).into_iter().flatten());
        }
    }
    reached
}
