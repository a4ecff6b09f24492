//! A started authorizer: one question of a gateway, one verdict, one log line.

use lambda_runtime::{Context, Diagnostic};
use tracing::field::Empty;
use tracing::{Instrument, error, info, info_span, warn};

use super::service::{Answered, Service, read, write};
use super::trace;
use crate::domain::clock::Stopwatch;
use crate::http::{AuthorizerContext, AuthorizerRequest, NotAuthorized, Verdict};

/// What decides.
pub(super) struct Authorizing<F>(pub F);

impl<F> Authorizing<F>
where
    F: AsyncFn(AuthorizerRequest) -> Result<AuthorizerContext, NotAuthorized> + 'static,
{
    /// A refusal is a verdict. Where nobody could decide there is none: the gateway then answers 500.
    async fn decide(
        &self,
        asked: AuthorizerRequest,
        context: Context,
    ) -> Result<Verdict, Diagnostic> {
        let stopwatch = Stopwatch::start();
        let trace_id = context.xray_trace_id.as_deref().and_then(trace::kept);
        let (route, request_id) = (asked.route_key.clone(), context.request_id);
        let span = info_span!("request", route, request_id, trace_id, sub = Empty);
        let result = (self.0)(asked).instrument(span.clone()).await;
        let _entered = span.enter();
        let ms = stopwatch.elapsed_ms();
        match result {
            Ok(allowed) => {
                info!(outcome = "ok", ms, "answered");
                Ok(Verdict {
                    is_authorized: true,
                    context: Some(allowed),
                })
            }
            Err(refusal) => {
                let (outcome, reason) = (refusal.outcome(), refusal.reason());
                match refusal {
                    NotAuthorized::NotDeclared => {
                        warn!(outcome, ms, "ROUTE_SCOPES does not have the route");
                    }
                    _ if refusal.is_undecided() => {
                        error!(outcome, reason, ms, "answered");
                        return Err(undecided(outcome));
                    }
                    NotAuthorized::Denied(_) => info!(outcome, reason, ms, "answered"),
                }
                Ok(Verdict {
                    is_authorized: false,
                    context: None,
                })
            }
        }
    }
}

fn undecided(outcome: &str) -> Diagnostic {
    Diagnostic {
        error_type: "Authorizer.Undecided".to_owned(),
        error_message: outcome.to_owned(),
    }
}

impl<F> Service for Authorizing<F>
where
    F: AsyncFn(AuthorizerRequest) -> Result<AuthorizerContext, NotAuthorized> + 'static,
{
    fn answer<'a>(&'a self, event: &'a [u8], context: Context) -> Answered<'a> {
        Box::pin(async {
            let asked = read(event, "event of an HTTP API's Lambda authorizer", &context)?;
            write(&self.decide(asked, context).await?)
        })
    }
}
