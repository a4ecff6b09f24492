//! Events for the functions, made of those in events/.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::function::Event;

/// An event of events/, unchanged.
pub fn file(name: &str) -> Result<Event> {
    let event = json(format!("events/{name}.json"))?;
    Ok(Event(event.to_string(), 200))
}

/// An event of events/ with another access token.
pub fn bearing(name: &str, token: &str) -> Result<Event> {
    let event = json(format!("events/{name}.json"))?;
    let own = event["headers"]["authorization"].as_str();
    let own = own.context("no token")?;
    let event = event.to_string().replace(own, &format!("Bearer {token}"));
    Ok(Event(event, 200))
}

/// A POST of a form, with the status that it must get.
pub fn form(path: &str, form: &str, status: u16) -> Result<Event> {
    let mut event = json("events/token.json")?;
    event["rawPath"] = path.into();
    event["body"] = form.into();
    event["isBase64Encoded"] = false.into();
    Ok(Event(event.to_string(), status))
}

/// POST /token with a password; all users have `secret`.
pub fn login(username: &str, password: &str, status: u16) -> Result<Event> {
    let form = format!("grant_type=password&username={username}&password={password}&scope=me");
    self::form("/token", &form, status)
}

/// Reads a file in JSON.
pub fn json(file: impl AsRef<Path>) -> Result<Value> {
    let file = file.as_ref();
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}
