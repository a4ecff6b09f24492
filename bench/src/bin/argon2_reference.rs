//! The least that a login costs: one argon2id hash per event, in memory that is kept, over a plain
//! socket.
//!
//!     argon2-reference KIB PASSES LANES [wiped]
//!
//! `wiped`: the memory is filled with zeros after each hash, as the token function does.

use std::env;
use std::error::Error;
use std::hint::black_box;

use argon2::{Algorithm, Argon2, Block, Params, Version};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [kib, passes, lanes, rest @ ..] = arguments.as_slice() else {
        return Err("expected KIB PASSES LANES [wiped]".into());
    };
    let wiped = !rest.is_empty();
    let params = Params::new(kib.parse()?, passes.parse()?, lanes.parse()?, None)?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    bench::raw::serve(|| {
        let mut hash = [0; 32];
        let done =
            argon2.hash_password_into_with_memory(b"secret", &[7; 16], &mut hash, &mut memory);
        if wiped {
            memory.fill(Block::new());
        }
        match done {
            Ok(()) if black_box(hash) != [0; 32] => r#"{"statusCode":200}"#,
            _ => r#"{"statusCode":500}"#,
        }
    })?;
    Ok(())
}
