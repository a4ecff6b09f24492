//! Every place that must know a function, and what is missing there: `tests/catalogue.rs` fails if
//! something is, and `make routes` writes it. What is there already is never changed, but for files that
//! nobody edits: the API's documents, and the paths that `functions/not-found` knows.

mod events;
mod resource;

use std::collections::BTreeSet;
use std::fs;
use std::io;

use shared::domain::access::Access;
use shared::domain::scope::CATALOGUE;
use shared::http::{Dialect, Operation, Route, without_slash};
use shared::lambda::Function;

pub use self::events::event_files;
use crate::template::TemplateError;
use crate::{FUNCTIONS, all, document, repository};

/// Why it is not known what is missing, or what is missing was not written.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// A file lacks the place where lines are inserted.
    #[error("{0}: no line begins {1:?}")]
    NoPlace(String, &'static str),
    /// `template.yaml` cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Cargo.toml cannot be read.
    #[error("Cargo.toml: {0}")]
    Manifest(#[from] toml::de::Error),
    /// `events/env.json` or an event cannot be read.
    #[error("{0}: {1}")]
    Json(String, serde_json::Error),
    /// A token for an event cannot be signed.
    #[error("a token for an event: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
}

/// Something that is missing, and where it goes.
pub struct Missing {
    /// What is missing, for people.
    pub what: String,
    /// The file where it goes.
    pub file: String,
    /// How it gets there.
    pub mend: Mend,
}

/// How it gets there.
pub enum Mend {
    /// Writes a file with this text.
    Write(String),
    /// Inserts lines (the second text) before the line that begins with the first text.
    Before(&'static str, String),
    /// Replaces the first text by the second wherever it stands; the second is the first and more.
    Grow(String, String),
}

/// All that is missing.
pub async fn missing() -> Result<Vec<Missing>, WiringError> {
    let mut missing = Vec::new();
    for function in all() {
        scopes(function, &mut missing);
        router(function, &mut missing)?;
        missing.extend(resource::missing(function).await?);
        missing.extend(events::missing(function)?);
        readme(function, &mut missing)?;
    }
    paths(&mut missing)?;
    documents(&mut missing)?;
    Ok(missing)
}

impl Missing {
    /// Writes what is missing.
    pub fn mend(&self) -> Result<(), WiringError> {
        let text = match &self.mend {
            Mend::Write(text) => text.clone(),
            Mend::Before(start, lines) => {
                let text = format!("\n{}", read(&self.file)?);
                let at = text.find(&format!("\n{start}"));
                let no_place = || WiringError::NoPlace(self.file.clone(), start);
                let (before, after) = text.split_at(at.ok_or_else(no_place)? + 1);
                format!(
                    "{}{lines}{after}",
                    before.strip_prefix('\n').unwrap_or(before)
                )
            }
            Mend::Grow(old, new) => read(&self.file)?.replace(old, new),
        };
        let written = fs::write(repository(&self.file), text);
        written.map_err(|error| WiringError::File(self.file.clone(), error))
    }
}

fn read(file: &str) -> Result<String, WiringError> {
    let text = fs::read_to_string(repository(file));
    text.map_err(|error| WiringError::File(file.to_owned(), error))
}

/// `GET, POST /users/me/orders/`, as the first line of `lib.rs` and the README say it.
#[must_use]
pub fn methods_and_path(route: Route) -> Option<String> {
    let methods: Vec<&str> = route.methods().collect();
    Some(format!("{} {}", methods.join(", "), route.path()?))
}

/// All scopes that any of its operations asks for, each once.
#[must_use]
pub fn scopes_of(route: Route) -> BTreeSet<&'static str> {
    let operations = route.operations.iter();
    operations
        .flat_map(|operation| operation.access.scopes())
        .copied()
        .collect()
}

fn scopes(function: &Function, all: &mut Vec<Missing>) {
    for scope in scopes_of(function.route) {
        if CATALOGUE.iter().any(|(known, _)| *known == scope) {
            continue;
        }
        let what = format!("the catalogue does not have the scope `{scope}`");
        if all.iter().any(|other| other.what == what) {
            continue;
        }
        let line = format!("    (\"{scope}\", \"Use {scope}.\"),\n");
        all.push(Missing {
            what,
            file: "shared/src/domain/scope.rs".into(),
            mend: Mend::Before("];", line),
        });
        let two = "\"scopes\": [\"me\", \"items\"";
        all.push(Missing {
            what: format!("the tutorial's users do not have the scope `{scope}`"),
            file: "shared/src/domain/accounts/tutorial.json".into(),
            mend: Mend::Grow(two.into(), format!("{two}, \"{scope}\"")),
        });
    }
}

/// The paths that the router must know. It compares them exactly, so each spelling needs a key.
#[must_use]
pub fn spellings(route: Route) -> Vec<String> {
    if route.is_fallback() {
        return vec!["/".to_owned(), "/{*path}".to_owned()];
    }
    let Some(path) = route.path().map(without_slash) else {
        return Vec::new();
    };
    let mut spellings = vec![path.to_owned(), format!("{path}/")];
    spellings.extend(route.below.then(|| format!("{path}/{{*path}}")));
    spellings
}

/// The router of `cargo lambda watch`: paths, and the functions that they go to.
pub fn router_table() -> Result<toml::Table, WiringError> {
    let manifest: toml::Value = toml::from_str(&read("Cargo.toml")?)?;
    let path = ["workspace", "metadata", "lambda", "watch", "router"];
    let table = path.iter().try_fold(&manifest, |at, name| at.get(name));
    let table = table.and_then(toml::Value::as_table);
    Ok(table.cloned().unwrap_or_default())
}

fn router(function: &Function, all: &mut Vec<Missing>) -> Result<(), WiringError> {
    let router = router_table()?;
    for path in spellings(function.route) {
        if !router.contains_key(&path) {
            let line = format!("\"{path}\" = \"{}\"\n", function.name);
            all.push(Missing {
                what: format!("the router does not know {path}"),
                file: "Cargo.toml".into(),
                mend: Mend::Before("\"/\" = ", line),
            });
        }
    }
    Ok(())
}

/// The function's row in the README's map.
#[must_use]
pub fn row(function: &Function) -> Option<String> {
    let route = function.route;
    let scopes = |access: Access| match access {
        Access::Public => "none, no token".to_owned(),
        Access::ActiveUser([]) | Access::AnyUser([]) => "none, but a token".to_owned(),
        Access::Client([]) => "none, but a client's token".to_owned(),
        Access::ActiveUser(scopes) | Access::AnyUser(scopes) => format!("`{}`", scopes.join(" ")),
        Access::Client(scopes) => format!("`{}`, for clients", scopes.join(" ")),
    };
    let first = route.operations.first()?;
    let alike = |operation: &Operation| scopes(operation.access) == scopes(first.access);
    let scopes = if route.operations.iter().all(alike) {
        scopes(first.access)
    } else {
        let each = route.operations.iter();
        let each = each.map(|one| format!("{} {}", one.method, scopes(one.access)));
        each.collect::<Vec<_>>().join(", ")
    };
    let name = function.name;
    Some(format!(
        "| `{}` | [functions/{name}](functions/{name}/src/lib.rs) | {scopes} | [events/{name}.json](events/{name}.json) |",
        methods_and_path(route)?
    ))
}

fn readme(function: &Function, all: &mut Vec<Missing>) -> Result<(), WiringError> {
    let Some(row) = row(function) else {
        return Ok(());
    };
    if !read("README.md")?.contains(&row) {
        all.push(Missing {
            what: format!("the map does not have the row {row}"),
            file: "README.md".into(),
            mend: Mend::Before("| everything else ", row + "\n"),
        });
    }
    Ok(())
}

/// The paths from which `functions/not-found` takes a slash: those of all other functions.
fn paths(all: &mut Vec<Missing>) -> Result<(), WiringError> {
    let routes = FUNCTIONS
        .iter()
        .filter_map(|function| function.route.path());
    let lines = routes.map(|path| format!("    \"{}\",\n", without_slash(path)));
    written(
        all,
        "functions/not-found/src/paths.rs",
        format!(
            "//! The paths of the other functions; `make routes` writes them.\n\n/// Without a slash at the end.\npub const PATHS: &[&str] = &[\n{}];\n",
            lines.collect::<String>()
        ),
    )
}

/// A file that nobody edits.
fn written(all: &mut Vec<Missing>, file: &str, text: String) -> Result<(), WiringError> {
    if read(file)? != text {
        all.push(Missing {
            what: "what the functions say of themselves now".to_owned(),
            file: file.to_owned(),
            mend: Mend::Write(text),
        });
    }
    Ok(())
}

/// The documents that `functions/openapi` serves: what the functions say of themselves.
fn documents(all: &mut Vec<Missing>) -> Result<(), WiringError> {
    for (name, dialect) in [("fastapi", Dialect::FastApi), ("rfc", Dialect::Rfc)] {
        let file = format!("functions/openapi/documents/{name}.json");
        let text = serde_json::to_string_pretty(&document(FUNCTIONS, dialect));
        let text = text.map_err(|error| WiringError::Json(file.clone(), error))?;
        written(all, &file, text + "\n")?;
    }
    Ok(())
}
