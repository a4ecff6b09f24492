//! GET /docs: Swagger UI for `/openapi.json`, its files and OAuth2 redirect page. For everybody.

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
        Ok(Self(if enabled { files() } else { Files::default() }))
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

/// The page, and the files that `build.rs` prepared.
fn files() -> Files {
    let file = |(path, kind, gzip)| (path, File::from_gzip(kind, gzip));
    Files(FILES.map(file).into())
}

/// Path, content type, and compressed content.
const FILES: [(&str, &str, &[u8]); 8] = [
    (
        "/docs",
        HTML,
        include_bytes!(concat!(env!("OUT_DIR"), "/index.html.gz")),
    ),
    (
        "/docs/",
        HTML,
        include_bytes!(concat!(env!("OUT_DIR"), "/index-slash.html.gz")),
    ),
    (
        "/docs/start.js",
        JAVASCRIPT,
        include_bytes!(concat!(env!("OUT_DIR"), "/start.js.gz")),
    ),
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
