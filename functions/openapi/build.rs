//! Prepares the document of each configuration, so that a cold start need not: `make routes` wrote it
//! with everything on into `documents`; what is off is taken out here, and the rest compressed.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// Each document's name, and its [`Dialect`](shared::http::Dialect).
const DIALECTS: [(&str, &str); 2] = [("fastapi", "FastApi"), ("rfc", "Rfc")];

/// Are sessions offered, and clients?
const OFFERED: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by the environment"
)]
fn main() -> Result<(), Box<dyn Error>> {
    for source in ["build.rs", "documents"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let mut choices = Vec::new();
    for (name, dialect) in DIALECTS {
        let document = read(name)?;
        for (sessions, clients) in OFFERED {
            let document = offering(document.clone(), sessions, clients);
            let exact = format!("{name}-{sessions}-{clients}-exact.json.gz");
            let slash = format!("{name}-{sessions}-{clients}-slash.json.gz");
            compress(&folder.join(&exact), &at(document.clone(), "./"))?;
            compress(&folder.join(&slash), &at(document, "../"))?;
            choices.push(format!(
                "(Dialect::{dialect}, Offered {{ sessions: {sessions}, clients: {clients} }}) =>
                    [include_bytes!({exact:?}), include_bytes!({slash:?})],\n"
            ));
        }
    }
    // An expression for `lib.rs`: it does not compile if a configuration is left out.
    let choice = format!("match (dialect, offered) {{\n{}}}\n", choices.concat());
    fs::write(folder.join("choice.rs"), choice)?;
    Ok(())
}

fn read(name: &str) -> Result<Value, Box<dyn Error>> {
    let path = format!("documents/{name}.json");
    let read = || Ok(serde_json::from_slice(&fs::read(&path)?)?);
    read().map_err(|error: Box<dyn Error>| {
        let path = format!("functions/openapi/{path}");
        format!("{path}: {error}; git checkout HEAD -- {path}, then make routes").into()
    })
}

/// The document without the operations and the ways to a token that are not offered.
fn offering(mut document: Value, sessions: bool, clients: bool) -> Value {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    if let Some(paths) = paths {
        for item in paths.values_mut().filter_map(Value::as_object_mut) {
            item.retain(|_, operation| {
                let only_with = operation
                    .as_object_mut()
                    .and_then(|operation| operation.remove("x-only-with"));
                only_with.is_none() || sessions
            });
        }
        paths.retain(|_, item| item.as_object().is_none_or(|item| !item.is_empty()));
    }
    drop_unused_schemas(&mut document);
    let scheme = "/components/securitySchemes/OAuth2PasswordBearer/flows";
    let flows = document.pointer_mut(scheme);
    if let Some(flows) = flows.and_then(Value::as_object_mut) {
        if !clients {
            flows.remove("clientCredentials");
        }
        let password = flows.get_mut("password").and_then(Value::as_object_mut);
        if let (Some(password), false) = (password, sessions) {
            password.remove("refreshUrl");
        }
    }
    document
}

/// Schemas that nothing refers to; one that is dropped may have been the last to refer to another.
fn drop_unused_schemas(document: &mut Value) {
    loop {
        let text = document.to_string();
        let schemas = document.pointer_mut("/components/schemas");
        let Some(schemas) = schemas.and_then(Value::as_object_mut) else {
            return;
        };
        let before = schemas.len();
        schemas.retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
        if schemas.len() == before {
            return;
        }
    }
}

/// The document at a path from which the API is at `server`.
fn at(mut document: Value, server: &str) -> Value {
    document["servers"][0]["url"] = server.into();
    document
}

fn compress(path: &Path, document: &Value) -> io::Result<()> {
    let mut encoder = GzEncoder::new(File::create(path)?, Compression::best());
    serde_json::to_writer(&mut encoder, document)?;
    encoder.finish().map(drop)
}
