//! `make routes`: writes what is missing for the functions that `service/` lists. What is there
//! already is never changed, but for the API's documents, which nobody edits.

use tests::wiring::missing;

fn main() {
    let all = missing();
    for one in &all {
        one.mend();
        println!("{}: {}", one.file, one.what);
    }
    if all.is_empty() {
        println!("nothing is missing: every place knows every function");
    }
}
