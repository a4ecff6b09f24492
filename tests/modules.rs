//! What each of `shared`'s five modules may use, that no modules import each other in a circle, and that no
//! file of tests is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::{Item, UseTree, Visibility};
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
                let code = code.replace("aws_lc_rs", "cryptography");
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

/// A path from the crate's root, step by step.
type Steps = Vec<String>;

/// The module of a file: `http`, `route` for `http/route.rs`.
fn module(file: &str) -> Steps {
    let steps = file.trim_end_matches(".rs").split('/');
    let steps = steps.filter(|step| !["mod", "lib", "main"].contains(step));
    steps.map(str::to_owned).collect()
}

/// The paths of a `use`, as they are written.
fn paths(tree: &UseTree, mut path: Steps) -> Vec<Steps> {
    match tree {
        UseTree::Path(step) => {
            path.push(step.ident.to_string());
            return paths(&step.tree, path);
        }
        UseTree::Group(group) => {
            let each = group.items.iter();
            return each.flat_map(|tree| paths(tree, path.clone())).collect();
        }
        UseTree::Name(name) if name.ident == "self" => {}
        UseTree::Name(name) => path.push(name.ident.to_string()),
        UseTree::Rename(name) => path.push(name.ident.to_string()),
        UseTree::Glob(_) => {}
    }
    vec![path]
}

/// The modules of a folder; what each re-exports, and what it imports.
#[derive(Default)]
struct Imports {
    modules: BTreeSet<Steps>,
    reexports: BTreeMap<Steps, Steps>,
    named: Vec<(Steps, Steps)>,
}

impl Imports {
    fn of(folder: &str) -> Self {
        let mut all = Self::default();
        let sources = sources(folder).into_iter();
        let sources = sources.filter(|(file, _)| !file.contains("tests"));
        let sources: Vec<_> = sources.map(|(file, code)| (module(&file), code)).collect();
        all.modules = sources.iter().map(|(module, _)| module.clone()).collect();
        for (module, code) in sources {
            for item in syn::parse_file(&code).unwrap().items {
                let Item::Use(item) = item else { continue };
                for path in paths(&item.tree, Steps::new()) {
                    let Some(path) = all.absolute(&module, &path) else {
                        continue;
                    };
                    if matches!(item.vis, Visibility::Inherited) {
                        all.named.push((module.clone(), path));
                    } else {
                        let exported = [&module[..], &path[path.len() - 1..]].concat();
                        all.reexports.insert(exported, path);
                    }
                }
            }
        }
        all
    }

    /// `None` for a path into another crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Steps> {
        let supers = path.iter().take_while(|step| *step == "super").count();
        let (start, rest) = match &*path[0] {
            "crate" => (0, 1),
            "self" => (module.len(), 1),
            "super" => (module.len().checked_sub(supers)?, supers),
            _ if self.modules.contains(&[module, &path[..1]].concat()) => (module.len(), 0),
            _ => return None,
        };
        Some([&module[..start], &path[rest..]].concat())
    }

    /// The module that defines what a path names.
    fn definer(&self, path: &[String]) -> Steps {
        let mut names = (1..=path.len()).map(|end| path.split_at(end));
        let exported = names.find_map(|(name, rest)| {
            let defined = self.reexports.get(name)?;
            (!self.modules.contains(name)).then(|| [&defined[..], rest].concat())
        });
        if let Some(path) = exported {
            return self.definer(&path);
        }
        let mut starts = (0..=path.len()).rev().map(|end| path[..end].to_vec());
        starts
            .find(|start| self.modules.contains(start))
            .unwrap_or_default()
    }

    /// What the parts of a folder import from each other; the folder's own file is the part `mod`.
    fn arrows(&self, folder: &[String]) -> Arrows {
        self.between(|module| {
            let below = module.strip_prefix(folder)?;
            Some(below.first().map_or("mod", |name| name).to_owned())
        })
    }

    fn between(&self, part: impl Fn(&[String]) -> Option<String>) -> Arrows {
        let parts = self.modules.iter().filter_map(|module| part(module));
        let mut arrows: Arrows = parts.map(|part| (part, BTreeSet::new())).collect();
        for (from, path) in &self.named {
            let to = self.definer(path);
            if let (Some(from), Some(to)) = (part(from), part(&to))
                && from != to
                && !to.starts_with(&format!("{from}::"))
            {
                arrows.entry(from).or_default().insert(to);
            }
        }
        arrows
    }
}

/// Each part, and what it imports from.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The layers of a graph: what imports nothing that is left is the next. What is left at the end is a circle.
fn layers(mut left: Arrows) -> (usize, Arrows) {
    for layer in 0.. {
        let names: BTreeSet<_> = left.keys().cloned().collect();
        left.retain(|_, to| !to.is_disjoint(&names));
        if left.len() == names.len() {
            return (layer, left);
        }
    }
    unreachable!()
}

/// In every folder of `shared` the files and folders, the folder's own file too, have an order in which
/// each imports only what comes before it.
#[test]
fn no_folder_of_shared_imports_in_a_circle() {
    let imports = Imports::of("shared/src");
    let parents = imports
        .modules
        .iter()
        .filter_map(|module| Some(module.split_last()?.1));
    for folder in parents.collect::<BTreeSet<_>>() {
        let graph = imports.arrows(folder);
        let (modules, arrows) = (
            graph.len(),
            graph.values().map(BTreeSet::len).sum::<usize>(),
        );
        let (layers, circle) = layers(graph);
        println!(
            "{}: {modules} modules, {layers} layers, {arrows} arrows",
            folder.join("::")
        );
        assert!(
            circle.is_empty(),
            "{}: a circle in {circle:?}",
            folder.join("::")
        );
    }
}

/// A file may import what is in its own folder.
#[test]
fn no_files_import_in_a_circle() {
    for folder in ["service/src", "cli/src", "bench/src", "tests/support"] {
        let graph = Imports::of(folder)
            .between(|module| Some([&["crate".to_owned()], module].concat().join("::")));
        assert!(
            graph.values().any(|to| !to.is_empty()),
            "{folder}: imports are read wrongly"
        );
        let (_, circle) = layers(graph);
        assert!(circle.is_empty(), "{folder}: a circle in {circle:?}");
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

/// `live`, `make_dev` and `bootstraps` are programs of their own, and `main` lists the others.
#[test]
fn every_file_of_tests_is_compiled() {
    let listed = read("tests/main.rs");
    for entry in fs::read_dir(repository("tests")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|extension| extension == "rs")
            && !["bootstraps", "live", "main", "make_dev"].contains(&name)
        {
            assert!(
                listed.contains(&format!("\nmod {name};\n")),
                "tests/main.rs: no `mod {name};`"
            );
        }
    }
}
