//! The operations of DynamoDB's API on tables and items. Streams, tags, statements and the like are not there.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Runs an operation on a request in JSON; returns its answer, in JSON, too.
pub fn run(database: &Database, operation: &str, request: &[u8]) -> Result<String, DynoxideError> {
    let on = Operation(request);
    match operation {
        "BatchGetItem" => on.run(|request| database.batch_get_item(request)),
        "BatchWriteItem" => on.run(|request| database.batch_write_item(request)),
        "CreateTable" => on.run(|request| database.create_table(request)),
        "DeleteItem" => on.run(|request| database.delete_item(request)),
        "DeleteTable" => on.run(|request| database.delete_table(request)),
        "DescribeTable" => on.run(|request| database.describe_table(request)),
        "DescribeTimeToLive" => on.run(|request| database.describe_time_to_live(request)),
        "GetItem" => on.run(|request| database.get_item(request)),
        "ListTables" => on.run(|request| database.list_tables(request)),
        "PutItem" => on.run(|request| database.put_item(request)),
        "Query" => on.run(|request| database.query(request)),
        "Scan" => on.run(|request| database.scan(request)),
        "TransactGetItems" => on.run(|request| database.transact_get_items(request)),
        "TransactWriteItems" => on.run(|request| database.transact_write_items(request)),
        "UpdateItem" => on.run(|request| database.update_item(request)),
        "UpdateTable" => on.run(|request| database.update_table(request)),
        "UpdateTimeToLive" => on.run(|request| database.update_time_to_live(request)),
        _ => Err(DynoxideError::SerializationException(
            "UnknownOperationException".to_owned(),
        )),
    }
}

struct Operation<'a>(&'a [u8]);

impl Operation<'_> {
    fn run<Q: DeserializeOwned, A: Serialize>(
        self,
        operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
    ) -> Result<String, DynoxideError> {
        let invalid =
            |error: serde_json::Error| DynoxideError::ValidationException(error.to_string());
        let request = serde_json::from_slice(self.0).map_err(invalid)?;
        serde_json::to_string(&operation(request)?).map_err(invalid)
    }
}
