//! The catalogue of scopes, an item of the table: this binary may be older than the API, or have been
//! built for another stack. It guards against misspelt scopes; the functions do not read it.

use shared::aws::record;
use shared::aws::table::{Item, Table, text};
use shared::domain::scope::Scopes;

use crate::error::Error;
use crate::items;
use crate::output::sorted;

/// The key of its item, which is no user's: those begin with `user#`.
const KEY: &str = "catalogue";

/// The catalogue's scopes; `None` if the table has no catalogue.
pub async fn get(table: &Table) -> Result<Option<Scopes>, Error> {
    let item = items::get(table, KEY).await?;
    item.as_ref().map(scopes).transpose()
}

/// Reads the item. One that somebody has spoilt is an error, since it must not let every scope in.
fn scopes(item: &Item) -> Result<Scopes, Error> {
    let list = item.get("scopes").and_then(|value| value.as_ss().ok());
    let scopes = list.and_then(|list| Scopes::from_list(list).ok());
    scopes.ok_or_else(|| {
        Error::Failed(format!(
            "the item {KEY:?} has no valid scopes; to replace them: users scopes \"...\""
        ))
    })
}

/// Parses the scopes of an argument, and refuses scopes that are not in the table's catalogue.
pub async fn known(table: &Table, argument: &str) -> Result<Scopes, Error> {
    let scopes = parse(argument)?;
    check(&scopes, get(table).await?.as_ref()).map_err(Error::Usage)?;
    Ok(scopes)
}

/// Parses the scopes of an argument.
pub fn parse(argument: &str) -> Result<Scopes, Error> {
    Scopes::parse(argument).map_err(|error| Error::Usage(error.to_string()))
}

/// Replaces the catalogue's scopes as a whole, so the last one who does it wins. No scopes at all
/// remove the catalogue.
pub async fn replace(table: &Table, scopes: &Scopes) -> Result<(), Error> {
    let Some(scopes) = record::scopes(scopes) else {
        return remove(table).await;
    };
    let update = table
        .client
        .update_item()
        .table_name(&table.name)
        .key("pk", text(KEY))
        .update_expression("SET #scopes = :scopes")
        .expression_attribute_names("#scopes", "scopes")
        .expression_attribute_values(":scopes", scopes);
    let updated = update.send().await.map(drop);
    updated.map_err(|error| Error::of_call(&table.name, &error))
}

async fn remove(table: &Table) -> Result<(), Error> {
    let delete = table
        .client
        .delete_item()
        .table_name(&table.name)
        .key("pk", text(KEY));
    let deleted = delete.send().await.map(drop);
    deleted.map_err(|error| Error::of_call(&table.name, &error))
}

/// Checks that each scope is in the catalogue, if there is one. The error is one line, since an
/// import may have to report many.
pub fn check(scopes: &Scopes, catalogue: Option<&Scopes>) -> Result<(), String> {
    let Some(catalogue) = catalogue else {
        return Ok(());
    };
    let known: Vec<_> = sorted(catalogue)
        .into_iter()
        .map(|name| (name, ""))
        .collect();
    scopes
        .check(&known)
        .map_err(|error| format!("{error}; to replace them: users scopes \"...\""))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    #[test]
    fn an_item_that_is_not_a_set_of_scopes_is_no_catalogue() {
        let set =
            |list: &[&str]| AttributeValue::Ss(list.iter().map(ToString::to_string).collect());
        let item = |value| Item::from([("scopes".to_owned(), value)]);
        let good = scopes(&item(set(&["me", "items"]))).unwrap();
        assert_eq!(good.to_string(), "me items");
        for bad in [
            Item::new(),
            item(text("me items")),
            item(AttributeValue::L(vec![text("me")])),
            item(set(&["me items"])),
            item(set(&["me", ""])),
        ] {
            let error = scopes(&bad).unwrap_err().to_string();
            let expected =
                "the item \"catalogue\" has no valid scopes; to replace them: users scopes";
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
