//! What each of `shared`'s five modules may use, that no modules import each other in a circle, and that no
//! file of tests is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use tests::{read, repository};

/// Every Rust file below a folder, with its text without comments and tests.
fn sources(folder: &str) -> BTreeMap<String, String> {
    fn collect(folder: &Path, root: &Path, into: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                // It is cryptography, and no service of AWS.
                let code = code.replace("aws_lc_rs", "");
                let lines = code.lines();
                let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
                into.insert(name.to_owned(), lines.collect::<Vec<_>>().join("\n"));
            }
        }
    }
    let (root, mut all) = (repository(folder), BTreeMap::new());
    collect(&root, &root, &mut all);
    assert!(!all.is_empty(), "{folder}");
    all
}

/// What the code in each module of `shared` must not name. `lambda` starts the functions, so it may
/// name every other but `aws`.
const NOT_NAMED: [(&str, &[&str]); 5] = [
    (
        "domain/",
        &[
            "lambda_http",
            "lambda_runtime",
            "aws_",
            "std::env",
            "std::fs",
            "crate::http",
            "crate::aws",
            "crate::config",
            "crate::lambda",
        ],
    ),
    (
        "http/",
        &["aws_sdk", "crate::aws", "crate::config", "crate::lambda"],
    ),
    (
        "aws/",
        &["lambda_", "crate::http", "crate::config", "crate::lambda"],
    ),
    ("config/", &["lambda_", "crate::lambda"]),
    ("lambda/", &["aws_sdk", "crate::aws"]),
];

#[test]
fn each_module_uses_only_what_is_below_it() {
    let mut problems = Vec::new();
    for (file, code) in sources("shared/src") {
        let rules = NOT_NAMED
            .iter()
            .filter(|(module, _)| file.starts_with(module));
        for (_, forbidden) in rules {
            for name in forbidden.iter().filter(|name| code.contains(**name)) {
                problems.push(format!("shared/src/{file} names {name}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The module of a file: `http::route` for `http/route.rs`.
fn module(file: &str) -> String {
    let path = file.trim_end_matches(".rs").replace('/', "::");
    let path = path.strip_suffix("::mod").unwrap_or(&path);
    if path == "lib" { "" } else { path }.to_owned()
}

/// The paths that a file's `use` lines name, written from the crate's root.
fn imports(module: &str, code: &str) -> Vec<String> {
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let statements = code.split("use ").skip(1);
    let paths = statements.filter_map(|text| text.split(';').next());
    let rooted = |path: &str| {
        let path: String = path.split_whitespace().collect();
        let path = path
            .strip_prefix("crate::")
            .map(str::to_owned)
            .or_else(|| {
                let rest = path.strip_prefix("super::")?;
                Some(format!("{parent}::{rest}"))
            })?;
        let (start, names) = path.split_once('{').unwrap_or((&path, ""));
        let names = names.trim_end_matches('}').split(',');
        let each = names.map(|name| format!("{start}{name}"));
        Some(each.collect::<Vec<_>>())
    };
    paths.filter_map(rooted).flatten().collect()
}

/// Each module, and the modules that it imports from. To re-export the names of its own children is
/// no import.
fn graph(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let sources = sources(folder);
    let modules: BTreeSet<String> = sources.keys().map(|file| module(file)).collect();
    let owner = |path: &str| {
        let path = path.trim_start_matches("::");
        let ends = path.match_indices("::").map(|(at, _)| &path[..at]);
        let whole = modules.get(path);
        let longest = ends.filter(|start| modules.contains(*start)).last();
        whole.cloned().or(longest.map(str::to_owned))
    };
    let mut graph = BTreeMap::new();
    for (file, code) in &sources {
        let from = module(file);
        let to = imports(&from, code)
            .into_iter()
            .filter_map(|path| owner(&path));
        let own = |other: &String| *other == from || other.starts_with(&format!("{from}::"));
        let to = to.filter(|other| !own(other)).collect();
        graph.insert(from.clone(), to);
    }
    graph
}

#[test]
fn nothing_imports_in_a_circle() {
    for folder in [
        "shared/src",
        "service/src",
        "cli/src",
        "bench/src",
        "tests/support",
    ] {
        let mut graph = graph(folder);
        let arrows: usize = graph.values().map(BTreeSet::len).sum();
        assert!(arrows > 3, "{folder}: imports are read wrongly");
        println!("{folder}: {} modules, {arrows} arrows", graph.len());
        // Remove modules that import none of those that are left, until nothing changes: what then
        // is left has a circle.
        loop {
            let done: Vec<String> = graph
                .iter()
                .filter(|(_, to)| to.iter().all(|other| !graph.contains_key(other)))
                .map(|(from, _)| from.clone())
                .collect();
            if done.is_empty() {
                break;
            }
            graph.retain(|from, _| !done.contains(from));
        }
        assert!(graph.is_empty(), "{folder}: a circle in {graph:#?}");
    }
}

/// In `make dev` and in the tests all functions are in one process, and on Lambda each is in its own: what is kept
/// between requests is in a function's state, or the two would differ.
#[test]
fn nothing_is_kept_outside_of_a_functions_state() {
    for folder in ["shared/src", "functions"] {
        for (file, text) in sources(folder) {
            // Those are a file or a folder of their own.
            if file.ends_with("tests.rs") || file.contains("tests/") {
                continue;
            }
            let is_static = |line: &str| {
                let line = line
                    .trim_start_matches("pub ")
                    .trim_start_matches("pub(crate) ");
                line.starts_with("static ") || line.starts_with("thread_local!")
            };
            let found = text.lines().map(str::trim).find(|line| is_static(line));
            assert_eq!(found, None, "{folder}/{file}");
        }
    }
}

/// `live` and `bootstraps` are programs of their own, and `main` lists the others.
#[test]
fn every_file_of_tests_is_compiled() {
    let listed = read("tests/main.rs");
    for entry in fs::read_dir(repository("tests")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|extension| extension == "rs")
            && !["bootstraps", "live", "main"].contains(&name)
        {
            assert!(
                listed.contains(&format!("\nmod {name};\n")),
                "tests/main.rs: no `mod {name};`"
            );
        }
    }
}
