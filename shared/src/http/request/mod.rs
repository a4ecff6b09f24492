//! Requests: the event they come in, what a handler reads of them, and what may be wrong with that.

pub mod error;
pub mod event;
pub mod fields;
pub mod form;
pub mod json;
pub mod problem;
pub mod token_form;
