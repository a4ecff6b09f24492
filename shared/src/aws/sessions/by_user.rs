//! The sessions of a user, by the index. It is written after the table, so what it says may be some seconds old.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder as Query;

use super::item::{SUMMARY_ATTRIBUTES, key, read_summary};
use crate::aws::table::{Item, SESSION, SESSIONS_BY_USER, Table, text};
use crate::domain::sessions::session::SessionSummary;
use crate::domain::sessions::token::Sid;
use crate::domain::store::StoreError;

/// The most items of a batch.
const BATCH: usize = 100;

impl Table {
    /// All sessions of a user, those that have ended too. An error is of one session alone.
    pub async fn sessions_of(
        &self,
        username: &str,
    ) -> Result<Vec<(Sid, Result<SessionSummary, StoreError>)>, StoreError> {
        let pages = self.by_user(username).into_paginator().items().send();
        let items: Vec<Item> = pages.collect::<Result<_, _>>().await?;
        let sids: Vec<_> = items.iter().filter_map(sid).collect();
        let mut sessions = Vec::new();
        for sids in sids.chunks(BATCH) {
            sessions.extend(self.summaries(sids).await?);
        }
        Ok(sessions)
    }

    /// The names of a user's sessions: at most so many of those that end first, or last.
    pub(super) async fn first_sids(
        &self,
        username: &str,
        most: usize,
        that_end_first: bool,
    ) -> Result<Vec<Sid>, StoreError> {
        let query = self.by_user(username).scan_index_forward(that_end_first);
        let query = query.limit(i32::try_from(most).unwrap_or(i32::MAX));
        let items = query.send().await?.items.unwrap_or_default();
        Ok(items.iter().filter_map(sid).collect())
    }

    /// What a user is told of at most 100 sessions, as they are now, by their names.
    pub(super) async fn summaries(
        &self,
        sids: &[Sid],
    ) -> Result<Vec<(Sid, Result<SessionSummary, StoreError>)>, StoreError> {
        if sids.is_empty() {
            return Ok(Vec::new());
        }
        let items: HashMap<_, _> = self
            .read_now(sids.iter().map(key), SUMMARY_ATTRIBUTES)
            .await?;
        let there = |sid: &Sid| Some((sid.clone(), read_summary(sid, items.get(&key(sid))?)));
        Ok(sids.iter().filter_map(there).collect())
    }

    fn by_user(&self, username: &str) -> Query {
        self.client
            .query()
            .table_name(&self.name)
            .index_name(SESSIONS_BY_USER)
            .key_condition_expression("#user = :user")
            .expression_attribute_names("#user", "user")
            .expression_attribute_values(":user", text(username))
    }
}

fn sid(item: &Item) -> Option<Sid> {
    let key = item.get("pk")?.as_s().ok()?;
    Some(Sid(key.strip_prefix(SESSION)?.to_owned()))
}
