//! Takes the files that `/docs` serves from Swagger UI's release, and compresses each of them.

use std::borrow::Cow;
use std::error::Error;
use std::fs::File;
use std::io::{self, Cursor};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const FILES: [&str; 5] = [
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "favicon-32x32.png",
    "oauth2-redirect.html",
    "oauth2-redirect.js",
];

type Release = ZipArchive<Cursor<&'static [u8]>>;

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script by the environment"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let mut release = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for name in FILES {
        let path = find(&release, name).ok_or_else(|| format!("Swagger UI has no {name}"))?;
        let compressed = File::create(Path::new(&folder).join(format!("{name}.gz")))?;
        let mut encoder = GzEncoder::new(compressed, Compression::best());
        io::copy(&mut release.by_name(&path)?, &mut encoder)?;
        encoder.finish()?;
    }
    Ok(())
}

/// The path of a file in the release, whose folder is named after its version.
fn find(release: &Release, name: &str) -> Option<String> {
    let ending = format!("/dist/{name}");
    let mut paths = release.file_names().flatten();
    let path = paths.find(|path| path.ends_with(&ending));
    path.map(Cow::into_owned)
}
