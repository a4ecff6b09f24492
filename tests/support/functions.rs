//! Every function: the service's list, and the two functions that read this list.

use std::sync::LazyLock;

use shared::lambda::Function;

/// Every function, each once.
pub static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let readers = [openapi::FUNCTION, not_found::FUNCTION];
    service::FUNCTIONS.iter().copied().chain(readers).collect()
});

/// The function of this name.
pub fn function(name: &str) -> &'static Function {
    let mut functions = FUNCTIONS.iter();
    functions.find(|function| function.name == name).unwrap()
}
