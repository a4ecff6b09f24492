//! Every function: the service's list, the function that reads this list, and the authorizer.

use std::sync::LazyLock;

use shared::lambda::Function;

/// Every function that answers requests, each once.
pub static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let listed = service::FUNCTIONS.iter().copied();
    listed.chain([not_found::FUNCTION]).collect()
});

/// The same and the authorizer, which answers another API's gateway.
pub static ALL: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let authorizer = [authorizer::FUNCTION];
    FUNCTIONS.iter().copied().chain(authorizer).collect()
});

/// The function of this name.
pub fn function(name: &str) -> &'static Function {
    let mut functions = ALL.iter();
    functions.find(|function| function.name == name).unwrap()
}
