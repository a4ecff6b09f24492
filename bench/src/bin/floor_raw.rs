//! The limit: `Hello` to every event over a plain socket, with no runtime library at all.

use std::io;

fn main() -> io::Result<()> {
    bench::raw::serve(|| r#"{"statusCode":200,"body":"Hello"}"#)
}
