//! The least that a function on `lambda_http` costs: `Hello` to every event, with the functions' release profile.

use std::convert::Infallible;

use lambda_http::{Body, Error, Request, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(hello)).await
}

async fn hello(_request: Request) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::from("Hello")))
}
