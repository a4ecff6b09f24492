//! The trace of a request, which X-Ray's header names.

/// The id of the trace that X-Ray keeps of this request; `None` if it keeps none. A client can write
/// the header, so what does not look like an id is not logged.
pub(super) fn kept(header: &str) -> Option<&str> {
    let member = |name: &str| {
        let mut members = header.split(';').filter_map(|one| one.split_once('='));
        members.find_map(|(known, value)| (known == name).then_some(value))
    };
    let root = member("Root").filter(|root| is_id(root))?;
    (member("Sampled") == Some("1")).then_some(root)
}

/// A version, a time and a random number, such as `1-67449b80-0123456789abcdef01234567`.
fn is_id(text: &str) -> bool {
    let hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let parts = text
        .strip_prefix("1-")
        .and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(time, random)| hex(time, 8) && hex(random, 24))
}

#[cfg(test)]
mod tests {
    use super::kept;

    #[test]
    fn only_a_trace_that_is_kept_has_an_id() {
        let id = "1-67449b80-0123456789abcdef01234567";
        for (header, expected) in [
            (
                format!("Root={id};Parent=53995c3f42cd8ad8;Sampled=1"),
                Some(id),
            ),
            (
                format!("Sampled=1;Root={id};Lineage=1:7b1d4c9e:0"),
                Some(id),
            ),
            (format!("Root={id};Parent=53995c3f42cd8ad8;Sampled=0"), None),
            (format!("Root={id}"), None),
            (format!("Self={id};Sampled=1"), None),
            (String::new(), None),
        ] {
            assert_eq!(kept(&header), expected, "{header}");
        }
    }

    #[test]
    fn what_a_client_writes_instead_is_not_logged() {
        for root in [
            "",
            "password",
            "1-67449b80",
            "1-67449b80-0123456789abcdef0123456",
            "1-67449b80-0123456789abcdef012345678",
            "1-67449b8-0123456789abcdef01234567a",
            "1-67449b80-0123456789abcdef0123456g",
            "2-67449b80-0123456789abcdef01234567",
            "1-67449b80-0123456789abcdef01234567-1",
        ] {
            assert_eq!(kept(&format!("Root={root};Sampled=1")), None, "{root}");
        }
    }
}
