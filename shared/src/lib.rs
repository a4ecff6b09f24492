//! What the functions share, in five rooms. Arrows between them point one way:
//! `lambda` -> `http` -> `domain` <- `aws`, and `config` puts their parts together.
//!
//! | room | holds |
//! |---|---|
//! | [`domain`] | users, passwords, logins, scopes, tokens, and who may use a route: no HTTP, no AWS, no environment |
//! | [`http`] | an event in, an answer out: routes, the guard before each handler, forms, JSON, files, errors |
//! | [`aws`] | DynamoDB: the client, the table, and the stores in it |
//! | [`config`] | every environment variable, and the parts that are made of them |
//! | [`lambda`] | a function: its cold start, its loop, and one log line a request |

pub mod aws;
pub mod config;
pub mod domain;
pub mod http;
pub mod lambda;
