//! What IAM would say of a request to DynamoDB: as much of it as `template.yaml` uses.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::proxy::Recorded;

/// A statement that allows one action on a table, on some keys, with some attributes; without
/// either, on all of them.
#[derive(Debug, Clone)]
pub struct Statement {
    action: String,
    table: &'static str,
    keys: Option<BTreeSet<String>>,
    attributes: Option<BTreeSet<String>>,
}

impl Statement {
    /// Reads a statement; one that says something else is none that this file understands.
    pub fn read(statement: &Value) -> Self {
        for (name, value) in statement.as_object().unwrap() {
            match name.as_str() {
                "Effect" => assert_eq!(value, "Allow"),
                "Action" | "Condition" | "Resource" => {}
                other => panic!("{other} is not understood"),
            }
        }
        let (mut keys, mut attributes) = (None, None);
        for (operator, condition) in statement["Condition"].as_object().into_iter().flatten() {
            for (name, values) in condition.as_object().unwrap() {
                let values = values.as_array().unwrap().iter();
                let values = values.map(|value| value.as_str().unwrap().to_owned());
                match (operator.as_str(), name.as_str()) {
                    ("ForAllValues:StringLike", "dynamodb:LeadingKeys") => {
                        keys = Some(values.collect());
                    }
                    ("ForAllValues:StringEquals", "dynamodb:Attributes") => {
                        attributes = Some(values.collect());
                    }
                    other => panic!("{other:?} is not understood"),
                }
            }
        }
        let arn = statement["Resource"].as_str().unwrap();
        let table = match arn.rsplit_once("table/${AWS::StackName}-") {
            Some((_, "users")) => "users",
            Some((_, "users/index/sessions-by-user")) => "users/index/sessions-by-user",
            Some((_, "keys")) => "keys",
            _ => panic!("{arn} is not understood"),
        };
        Self {
            action: statement["Action"].as_str().unwrap().to_owned(),
            table,
            keys,
            attributes,
        }
    }

    /// Does it allow this request?
    pub fn allows(&self, (operation, request): &Recorded) -> bool {
        let like = |key: &String| {
            let patterns = self.keys.iter().flatten();
            patterns
                .into_iter()
                .any(|pattern| match pattern.strip_suffix('*') {
                    Some(start) => key.starts_with(start),
                    None => key == pattern,
                })
        };
        let keys = || keys(request).iter().all(like);
        let attributes = |allowed: &BTreeSet<_>| attributes(request).is_subset(allowed);
        self.action == format!("dynamodb:{operation}")
            && table(request) == self.table
            && (self.keys.is_none() || keys())
            && self.attributes.as_ref().is_none_or(attributes)
    }

    /// The statement without one of its keys or attributes, and for each of them; and one that
    /// allows nothing.
    pub fn each_with_less(&self) -> Vec<Self> {
        let mut less = vec![Self {
            action: "nothing".to_owned(),
            ..self.clone()
        }];
        for key in self.keys.iter().flatten() {
            let mut without = self.clone();
            without.keys.as_mut().unwrap().remove(key);
            less.push(without);
        }
        for attribute in self.attributes.iter().flatten() {
            let mut without = self.clone();
            without.attributes.as_mut().unwrap().remove(attribute);
            less.push(without);
        }
        less
    }
}

/// The one table that a request names, or its index.
fn table(request: &Value) -> String {
    let batch = request["RequestItems"].as_object();
    let of_batch = batch
        .and_then(|batch| batch.keys().next())
        .map(String::as_str);
    let table = of_batch.or(request["TableName"].as_str()).unwrap();
    match request["IndexName"].as_str() {
        Some(index) => format!("{table}/index/{index}"),
        None => table.to_owned(),
    }
}

/// `dynamodb:LeadingKeys`.
fn keys(request: &Value) -> Vec<String> {
    let batch = request["RequestItems"].as_object().into_iter().flatten();
    let batch = batch.flat_map(|(_, asked)| match asked["Keys"].as_array() {
        Some(keys) => keys.iter().collect(),
        None => writes(asked),
    });
    let one = [&request["Key"], &request["Item"]];
    let keys = batch.chain(one.into_iter().filter(|key| !key.is_null()));
    keys.map(|key| key["pk"]["S"].as_str().unwrap().to_owned())
        .collect()
}

/// The items and the keys of a batch of writes.
fn writes(asked: &Value) -> Vec<&Value> {
    let each = asked.as_array().unwrap().iter();
    each.map(|write| match write.get("PutRequest") {
        Some(put) => &put["Item"],
        None => &write["DeleteRequest"]["Key"],
    })
    .collect()
}

/// `dynamodb:Attributes`: the names of the key, and those in the expressions of an update.
fn attributes(request: &Value) -> BTreeSet<String> {
    let expressions = ["UpdateExpression", "ConditionExpression"];
    let texts = expressions.map(|name| request[name].as_str().unwrap_or_default());
    let words = texts.iter().flat_map(|text| {
        text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_:#".contains(letter))
    });
    let functions = ["if_not_exists", "attribute_exists", "attribute_not_exists"];
    let is_name = |word: &&str| {
        word.starts_with(|first: char| first.is_ascii_lowercase()) && !functions.contains(word)
    };
    let names = words.filter(is_name).map(str::to_owned);
    names.chain(["pk".to_owned()]).collect()
}
