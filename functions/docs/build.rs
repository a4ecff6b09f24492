//! Compresses the files that `/docs` serves, its own and those of Swagger UI's release, so that a cold
//! start need not.

use std::borrow::Cow;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const PAGE: &str = "src/index.html";
const START: &str = "src/start.js";
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
    for source in ["build.rs", PAGE, START] {
        println!("cargo::rerun-if-changed={source}");
    }
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    // Links are relative, so that they also work behind a stage. They start from another place if
    // the page's path ends in a slash.
    let page = fs::read_to_string(PAGE)?;
    compress(
        &folder,
        "index.html",
        page.replace("{docs}", "docs/").as_bytes(),
    )?;
    compress(
        &folder,
        "index-slash.html",
        page.replace("{docs}", "").as_bytes(),
    )?;
    compress(&folder, "start.js", File::open(START)?)?;
    let mut release = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for name in FILES {
        let path = find(&release, name).ok_or_else(|| format!("Swagger UI has no {name}"))?;
        compress(&folder, name, release.by_name(&path)?)?;
    }
    Ok(())
}

fn compress(folder: &Path, name: &str, mut content: impl Read) -> io::Result<()> {
    let compressed = File::create(folder.join(format!("{name}.gz")))?;
    let mut encoder = GzEncoder::new(compressed, Compression::best());
    io::copy(&mut content, &mut encoder)?;
    encoder.finish().map(drop)
}

/// The path of a file in the release, whose folder is named after its version.
fn find(release: &Release, name: &str) -> Option<String> {
    let ending = format!("/dist/{name}");
    let mut paths = release.file_names().flatten();
    let path = paths.find(|path| path.ends_with(&ending));
    path.map(Cow::into_owned)
}
