//! What a login cannot do without: one argon2id per event, its memory kept, over a plain socket.
//!
//!     argon2-reference KIB PASSES LANES

use std::env;
use std::error::Error;
use std::hint::black_box;

use argon2::{Algorithm, Argon2, Block, Params, Version};

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u32> = env::args()
        .skip(1)
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    let [kib, passes, lanes] = numbers.as_slice() else {
        return Err("expected KIB PASSES LANES".into());
    };
    let params = Params::new(*kib, *passes, *lanes, None)?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    bench::raw::serve(|| {
        let mut hash = [0; 32];
        let done =
            argon2.hash_password_into_with_memory(b"secret", &[7; 16], &mut hash, &mut memory);
        match done {
            Ok(()) if black_box(hash) != [0; 32] => r#"{"statusCode":200}"#,
            _ => r#"{"statusCode":500}"#,
        }
    })?;
    Ok(())
}
