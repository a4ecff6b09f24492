//! Every function: the service's list, and the function that reads this list.

use std::sync::LazyLock;

use shared::lambda::Function;

/// Every function, each once.
pub static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let listed = service::FUNCTIONS.iter().copied();
    listed.chain([not_found::FUNCTION]).collect()
});

/// The function of this name.
pub fn function(name: &str) -> &'static Function {
    let mut functions = FUNCTIONS.iter();
    functions.find(|function| function.name == name).unwrap()
}
