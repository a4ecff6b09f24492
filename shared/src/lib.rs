//! What the functions share, in five modules. They depend on each other in one direction only:
//! `lambda` -> `http` -> `domain` <- `aws`, and `config` puts their parts together.
//!
//! | module | holds |
//! |---|---|
//! | [`domain`] | users, passwords, logins, scopes, tokens, and who may use a route: no HTTP, no AWS, no environment |
//! | [`http`] | from an event to an answer: routes, the guard before each handler, forms, JSON, files, errors |
//! | [`aws`] | DynamoDB: the client, the table, and the stores in it |
//! | [`config`] | the environment variables, and the parts of a function that they configure |
//! | [`lambda`] | how a function runs: its cold start, its loop, and one log line for each request |

pub mod aws;
pub mod config;
pub mod domain;
pub mod http;
pub mod lambda;
