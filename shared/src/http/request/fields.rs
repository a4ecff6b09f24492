//! The fields of a form, and the parameters of a query or a path: names with texts.

use serde_json::Value;

use super::error::RequestError;
use super::problem::{Kind, Problem, Type};

/// Reads fields and collects what is wrong with them, so that all of it is reported at once.
pub struct Fields<'a> {
    place: &'static str,
    sent: &'a [(String, String)],
    problems: Vec<Problem>,
}

/// A type that can be read from a text.
pub trait FromText: Sized {
    /// Reads a value, or says what is wrong with the text.
    fn from_text(text: &str) -> Result<Self, Kind>;
}

impl<'a> Fields<'a> {
    /// Returns what `read` reads, or all the problems that it met. Instead of a wrong value it is
    /// given another one, which is never used.
    pub(super) fn read<T>(
        place: &'static str,
        fields: &'a [(String, String)],
        read: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, RequestError> {
        let mut reader = Self {
            place,
            sent: fields,
            problems: Vec::new(),
        };
        let value = read(&mut reader);
        match reader.problems {
            problems if problems.is_empty() => Ok(value),
            problems => Err(RequestError::Invalid(problems)),
        }
    }

    /// A value that may be missing. An empty value counts as omitted (RFC 6749 3.1); a parameter
    /// that is there twice is an error (RFC 6749 3.2).
    pub fn optional(&mut self, name: &'static str) -> Option<&'a str> {
        self.get(name).unwrap_or_else(|kind| {
            self.problem(name, kind, None);
            None
        })
    }

    /// A value that must be there.
    pub fn required(&mut self, name: &'static str) -> &'a str {
        let value = self.get(name).and_then(|value| value.ok_or(Kind::Missing));
        value.unwrap_or_else(|kind| {
            self.problem(name, kind, None);
            ""
        })
    }

    /// A value that may be missing, but must otherwise be `value`; `pattern` is the regular
    /// expression that says so to the client.
    pub fn only(
        &mut self,
        name: &'static str,
        value: &str,
        pattern: &'static str,
    ) -> Option<&'a str> {
        let sent = self.optional(name)?;
        if sent != value {
            self.problem(name, Kind::Mismatch(pattern), Some(sent));
        }
        Some(sent)
    }

    /// Refuses line breaks in these values.
    pub fn one_line(&mut self, names: &[&'static str]) {
        for name in names {
            let value = self.get(name).ok().flatten();
            if value.is_some_and(|value| value.contains(['\r', '\n'])) {
                self.problem(
                    name,
                    Kind::Other("a line break is not allowed".into()),
                    None,
                );
            }
        }
    }

    /// A value of a type, which may be missing.
    pub fn parsed<T: FromText>(&mut self, name: &'static str) -> Option<T> {
        let sent = self.optional(name)?;
        match T::from_text(sent) {
            Ok(value) => Some(value),
            Err(kind) => {
                self.problem(name, kind, Some(sent));
                None
            }
        }
    }

    fn get(&self, name: &'static str) -> Result<Option<&'a str>, Kind> {
        let mut values = self.sent.iter().filter(|(field, _)| field == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(Kind::Repeated);
        }
        match first.filter(|value| !value.is_empty()) {
            // The parser replaces bytes that are not UTF-8 by U+FFFD, which would turn different
            // user names into the same one.
            Some(value) if value.contains(char::REPLACEMENT_CHARACTER) => Err(Kind::NotUtf8),
            value => Ok(value),
        }
    }

    fn problem(&mut self, name: &'static str, kind: Kind, input: Option<&str>) {
        self.problems.push(Problem {
            input: input.map_or(Value::Null, Value::from),
            ..Problem::of_field(self.place, name, kind)
        });
    }
}

impl FromText for String {
    fn from_text(text: &str) -> Result<Self, Kind> {
        Ok(text.to_owned())
    }
}

/// The texts are those that FastAPI accepts.
impl FromText for bool {
    fn from_text(text: &str) -> Result<Self, Kind> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "t" | "y" | "yes" => Ok(true),
            "false" | "0" | "off" | "f" | "n" | "no" => Ok(false),
            _ => Err(Kind::Unparsable(Type::Boolean)),
        }
    }
}

impl FromText for f64 {
    fn from_text(text: &str) -> Result<Self, Kind> {
        text.parse().map_err(|_| Kind::Unparsable(Type::Number))
    }
}

impl FromText for i64 {
    fn from_text(text: &str) -> Result<Self, Kind> {
        let number = integer(text)?;
        number.try_into().map_err(|_| match number {
            ..0 => Kind::TooSmall(Self::MIN),
            _ => Kind::TooLarge(Self::MAX.unsigned_abs()),
        })
    }
}

impl FromText for u64 {
    fn from_text(text: &str) -> Result<Self, Kind> {
        let number = integer(text)?;
        number.try_into().map_err(|_| match number {
            ..0 => Kind::TooSmall(0),
            _ => Kind::TooLarge(Self::MAX),
        })
    }
}

impl FromText for u32 {
    fn from_text(text: &str) -> Result<Self, Kind> {
        let number = u64::from_text(text)?;
        let too_large = |_| Kind::TooLarge(Self::MAX.into());
        number.try_into().map_err(too_large)
    }
}

/// A whole number, in a type that holds every integer type of this API.
fn integer(text: &str) -> Result<i128, Kind> {
    text.parse().map_err(|_| Kind::Unparsable(Type::Integer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn read<T>(
        pairs: &[(&str, &str)],
        read: impl FnOnce(&mut Fields<'_>) -> T,
    ) -> Result<T, RequestError> {
        Fields::read("query", &fields(pairs), read)
    }

    fn kinds<T: std::fmt::Debug>(result: Result<T, RequestError>) -> Vec<Kind> {
        match result {
            Err(RequestError::Invalid(problems)) => {
                problems.into_iter().map(|problem| problem.kind).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_field_is_there_once_or_wrong() {
        for (pairs, expected) in [
            (&[("a", "b")][..], Kind::Missing),
            (&[("q", "")], Kind::Missing),
            (&[("q", "x"), ("q", "y")], Kind::Repeated),
            (&[("q", ""), ("q", "")], Kind::Repeated),
            (&[("q", "x\u{fffd}")], Kind::NotUtf8),
        ] {
            let result = read(pairs, |fields| fields.required("q").to_owned());
            assert_eq!(kinds(result), [expected], "{pairs:?}");
        }
        let pairs = &[("q", "x"), ("a", "1"), ("a", "2"), ("\u{fffd}", "\u{fffd}")];
        assert_eq!(read(pairs, |fields| fields.required("q").len()), Ok(1));
        assert_eq!(
            read(pairs, |fields| fields.optional("b").is_none()),
            Ok(true)
        );
    }

    #[test]
    fn all_problems_are_said_in_the_order_of_reading() {
        let result = read(&[("limit", "ten"), ("q", "1"), ("q", "2")], |fields| {
            let limit = fields.parsed::<u32>("limit");
            (
                limit,
                fields.required("q").len(),
                fields.required("z").len(),
            )
        });
        let expected = [
            Kind::Unparsable(Type::Integer),
            Kind::Repeated,
            Kind::Missing,
        ];
        assert_eq!(kinds(result), expected);
    }

    #[test]
    fn a_text_is_a_value_of_its_type_or_wrong() {
        fn parsed<T: FromText>(text: &str) -> Result<T, Kind> {
            T::from_text(text)
        }
        assert_eq!(parsed("42"), Ok(42_u32));
        assert_eq!(parsed("-42"), Ok(-42_i64));
        assert_eq!(parsed("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(parsed("1.5"), Ok(1.5_f64));
        assert_eq!(parsed("Yes"), Ok(true));
        assert_eq!(parsed("0"), Ok(false));
        assert_eq!(parsed("a b"), Ok("a b".to_owned()));
        assert_eq!(
            parsed::<u32>("4294967296"),
            Err(Kind::TooLarge(4_294_967_295))
        );
        assert_eq!(
            parsed::<u64>("18446744073709551616"),
            Err(Kind::TooLarge(u64::MAX))
        );
        assert_eq!(parsed::<u64>("-1"), Err(Kind::TooSmall(0)));
        assert_eq!(
            parsed::<i64>("-9223372036854775809"),
            Err(Kind::TooSmall(i64::MIN))
        );
        for text in ["", "1.0", "ten", "0x10", "1e3", " 1", &"9".repeat(60)] {
            assert_eq!(
                parsed::<i64>(text),
                Err(Kind::Unparsable(Type::Integer)),
                "{text}"
            );
        }
        assert_eq!(
            parsed::<bool>("maybe"),
            Err(Kind::Unparsable(Type::Boolean))
        );
        assert_eq!(parsed::<f64>("x"), Err(Kind::Unparsable(Type::Number)));
    }
}
