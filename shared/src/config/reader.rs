//! Reads variables, and collects what is wrong with them.

use std::fmt;

/// Everything that is wrong with the configuration, one problem in each line.
///
/// `main` returns it, and Rust prints such an error with `Debug`, so `Debug` and `Display` are the
/// same.
#[derive(PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the configuration is not valid\n  {}",
            self.0.join("\n  ")
        )
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads variables and collects what is wrong with them. Instead of a wrong value it returns
/// another one, which is never used, since the problem ends the cold start.
pub struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Returns what `read` reads through `lookup`, or all the problems that it met.
    pub fn read<T>(
        lookup: &'a dyn Fn(&str) -> Option<String>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, ConfigError> {
        let mut reader = Self {
            lookup,
            problems: Vec::new(),
        };
        let value = read(&mut reader);
        match reader.problems {
            problems if problems.is_empty() => Ok(value),
            problems => Err(ConfigError(problems)),
        }
    }

    /// An empty variable counts as not set: an empty parameter of `template.yaml` sets it so.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    /// Notes what is wrong with a variable. If two parts of a function read the same variable, its
    /// problem is noted only once.
    pub fn problem(&mut self, name: &str, problem: impl fmt::Display) {
        let problem = format!("{name}: {problem}");
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// A value that is `true` or `false`.
    pub fn flag(&mut self, name: &str, default: bool) -> bool {
        match self.get(name).as_deref() {
            None => default,
            Some("true") => true,
            Some("false") => false,
            Some(other) => {
                self.problem(name, format_args!("{other:?} is neither true nor false"));
                default
            }
        }
    }

    /// A whole number that is not below `least`.
    pub fn number(&mut self, name: &str, default: u32, least: u32) -> u32 {
        let Some(text) = self.get(name) else {
            return default;
        };
        match text.parse() {
            Ok(number) if number >= least => number,
            _ => {
                self.problem(name, format_args!("not a whole number from {least} up"));
                default
            }
        }
    }

    /// Returns the value, or notes what is wrong with it.
    pub fn or_problem<T: Default>(&mut self, name: &str, result: Result<T, String>) -> T {
        result.unwrap_or_else(|problem| {
            self.problem(name, problem);
            T::default()
        })
    }
}
