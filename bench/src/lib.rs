//! The benchmark: drives functions as Lambda would, and says what they cost.
//!
//! - `args`, `commands`: the command line and what it does;
//! - `candidate`, `suite`: what is measured;
//! - `measure`, `logins`: how: rounds of everything, and single logins of each kind;
//! - `running`, `process`, `runtime_api`, `http`: a fresh process, an emulated Runtime API;
//! - `cgroup`: a share of a CPU, as little memory buys on Lambda;
//! - `dynamodb`, `tls`: the local DynamoDB, behind TLS;
//! - `stats`, `results`, `budget`, `cost`: what the figures mean;
//! - `report`: where they are written;
//! - `raw`: a function without a runtime library, for the floors.

pub mod args;
pub mod budget;
pub mod candidate;
pub mod cgroup;
pub mod clock;
pub mod commands;
pub mod cost;
pub mod dynamodb;
pub mod error;
pub mod http;
pub mod logins;
pub mod machine;
pub mod measure;
pub mod process;
pub mod raw;
pub mod report;
pub mod results;
pub mod running;
pub mod runtime_api;
pub mod stats;
pub mod suite;
pub mod tls;
