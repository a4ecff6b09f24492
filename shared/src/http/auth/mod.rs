//! Who sends a request, and whether that is proved.

pub mod authorizer;
pub mod client;
pub mod guard;
