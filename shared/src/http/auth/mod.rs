//! Who sends a request, and whether that is proved.

mod authorization;
pub mod authorizer;
pub mod client;
pub mod guard;
