//! GET /docs: Swagger UI for `/openapi.json`, its files and OAuth2 redirect page. For everybody.

use std::io;

use lambda_http::http::HeaderValue;
use lambda_http::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use shared::config::{self, ConfigError, Parts, Reader, State};
use shared::http::{Answer, File, Files, Operation, Public, Request};
use shared::lambda::Function;

/// GET /docs, and everything below it.
pub const ROUTE: Public = Public::at("/docs", &[Operation::public("GET")]).and_below();

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[],
    start: |cold_start| cold_start.public(ROUTE, handle),
};

/// The page and its files, or nothing with `DOCS_ENABLED=false`.
pub struct Page(Files);

impl State for Page {
    type Config = bool;

    fn read(reader: &mut Reader<'_>) -> bool {
        config::docs_enabled(reader)
    }

    async fn open(enabled: bool, _: &Parts) -> Result<Self, ConfigError> {
        let files = if enabled {
            files()
        } else {
            Ok(Files::default())
        };
        let files = files.map_err(|error| ConfigError(vec![error.to_string()]))?;
        Ok(Self(files))
    }
}

/// People type passwords into this page, so it allows nothing from other origins, no inline code,
/// and no frame around it. `data:` is for Swagger UI's icons.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Answers with a file.
pub async fn handle(Page(files): &Page, request: Request) -> Answer {
    let mut response = files.response(&request)?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// The page, and the files of Swagger UI that `build.rs` prepared.
fn files() -> io::Result<Files> {
    // Links are relative, so that they also work behind a stage. They start from another place if
    // the page's path ends in a slash.
    let page = |docs| File::new(HTML, &include_str!("index.html").replace("{docs}", docs));
    let start = File::new(JAVASCRIPT, include_str!("start.js"))?;
    let mut files = vec![
        ("/docs", page("docs/")?),
        ("/docs/", page("")?),
        ("/docs/start.js", start),
    ];
    let swagger_ui = SWAGGER_UI.iter();
    files.extend(swagger_ui.map(|(path, kind, gzip)| (*path, File::from_gzip(kind, *gzip))));
    Ok(Files(files))
}

/// Path, content type, and compressed content.
const SWAGGER_UI: [(&str, &str, &[u8]); 5] = [
    (
        "/docs/swagger-ui.css",
        CSS,
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz")),
    ),
    (
        "/docs/swagger-ui-bundle.js",
        JAVASCRIPT,
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz")),
    ),
    (
        "/docs/favicon-32x32.png",
        "image/png",
        include_bytes!(concat!(env!("OUT_DIR"), "/favicon-32x32.png.gz")),
    ),
    (
        "/docs/oauth2-redirect",
        HTML,
        include_bytes!(concat!(env!("OUT_DIR"), "/oauth2-redirect.html.gz")),
    ),
    (
        "/docs/oauth2-redirect.js",
        JAVASCRIPT,
        include_bytes!(concat!(env!("OUT_DIR"), "/oauth2-redirect.js.gz")),
    ),
];
