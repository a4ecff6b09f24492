//! The updates that write a verdict, and their conditions.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder as UpdateItem;

use crate::aws::table::number;
use crate::domain::login::attempt::{Counted, KNOWN};
use crate::domain::login::count::Standing;
use crate::domain::login::store::Verdict;

/// The attributes of a count. `failures` comes first: without it, there is no count.
pub(super) const COUNT: [&str; 4] = ["failures", "since", "not_before", "ends"];

/// A right login leaves the count of strangers as it is, and still sends an update: its condition says
/// whether the login may be told, and it takes as long as the update of a wrong one.
pub(super) fn right(update: UpdateItem, verdict: Verdict<'_>) -> UpdateItem {
    match verdict.key.counted {
        Counted::Pair => known(update, verdict.now),
        Counted::Account | Counted::Address => {
            update.update_expression("SET expires = if_not_exists(expires, :now)")
        }
    }
}

/// Makes a pair known, and clears its count.
pub(super) fn known(update: UpdateItem, now: Duration) -> UpdateItem {
    let set = "SET known_until = :until, expires = :until";
    update
        .update_expression(format!("{set} REMOVE {}", COUNT.join(", ")))
        .expression_attribute_values(":until", number((now + KNOWN).as_secs()))
}

/// Counts a failure, as [`Standing::after_failure`] does. Where the count goes on, `failures`, `since`
/// and `ends` come from the item, and not from the values here.
pub(super) fn wrong(update: UpdateItem, verdict: Verdict<'_>) -> UpdateItem {
    let count = verdict.after_failure(None);
    let times = match verdict.standing {
        Standing::Open => "since = if_not_exists(since, :now), ends = if_not_exists(ends, :ends)",
        Standing::Ended => "since = :now, ends = :ends, failures = :one",
        Standing::WaitOver { .. } => "ends = :ends",
    };
    // The TTL may take an item later than its count ends, but not sooner. A pair's stays until the
    // address is no longer known; then its count does not matter.
    let expires = match verdict.key.counted {
        Counted::Pair => "if_not_exists(expires, :ends)",
        Counted::Account | Counted::Address => ":ends",
    };
    let add = match verdict.standing {
        Standing::Ended => "",
        Standing::Open | Standing::WaitOver { .. } => " ADD failures :one",
    };
    let set = format!("SET not_before = :not_before, {times}, expires = {expires}");
    update
        .update_expression(set + add)
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":not_before", number(count.not_before.as_secs()))
        .expression_attribute_values(":ends", number(count.ends.as_secs()))
}

/// Adds the condition that [`Standing::of`] would still find the count to stand as the verdict says.
pub(super) fn only_if(update: UpdateItem, verdict: Verdict<'_>) -> UpdateItem {
    let now = number(verdict.now.as_secs());
    let update = update.expression_attribute_values(":now", now);
    match verdict.standing {
        Standing::Open => update
            .condition_expression(
                "attribute_not_exists(failures) OR (ends > :now AND failures < :limit)",
            )
            .expression_attribute_values(":limit", number(verdict.limit)),
        // Counts of earlier versions have no end; they are old.
        Standing::Ended => {
            update.condition_expression("attribute_not_exists(ends) OR ends <= :now")
        }
        Standing::WaitOver { failures } => update
            .condition_expression("failures = :failures AND not_before <= :now AND ends > :now")
            .expression_attribute_values(":failures", number(failures)),
    }
}
