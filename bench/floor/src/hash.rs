//! The least that a login costs: a hello world that computes one argon2id hash of the default policy for each event,
//! in memory that is kept.

use std::hint::black_box;

use argon2::{Argon2, Block, Params};
use lambda_http::{Body, Error, Request, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let memory = vec![Block::new(); Params::DEFAULT.block_count()];
    let memory = std::sync::Mutex::new(memory);
    run(service_fn(async |_request: Request| {
        let mut hash = [0; 32];
        let mut memory = memory.lock().map_err(|error| error.to_string())?;
        let argon2 = Argon2::default();
        argon2
            .hash_password_into_with_memory(b"secret", &[7; 16], &mut hash, memory.as_mut_slice())
            .map_err(|error| error.to_string())?;
        black_box(hash);
        Ok::<_, Error>(Response::new(Body::from("Hello")))
    }))
    .await
}
