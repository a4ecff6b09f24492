//! What a folder of `functions/` says about itself, and how it starts.

use std::pin::Pin;

use lambda_http::Request;

use super::authorizing::Authorizing;
use super::service::{Answering, Service};
use crate::config::{self, ConfigError, Parts, Reader, State};
use crate::domain::access::{Caller, ClientGuard, Guard};
use crate::domain::clients::Client;
use crate::http::{
    self, Answer, AuthorizerContext, AuthorizerRequest, Body, Description, Failure, ForClients,
    NotAuthorized, Protected, Public, RequestError, Response, Route,
};

/// Describes a function, to its `main`, to the list in `service/` and to `/openapi.json`.
#[derive(Clone, Copy)]
pub struct Function {
    /// The name of its folder and of its binary.
    pub name: &'static str,
    /// The path and methods that it answers.
    pub route: Route,
    /// What `/openapi.json` says about each operation, in the route's order; empty if the function
    /// is not part of the API.
    pub description: &'static [Description],
    /// Makes a [`Service`], as the environment configures it.
    pub start: Start,
}

/// Starts a function.
pub type Start = fn(ColdStart<'_>) -> Started<'_>;

/// A function that is starting.
pub type Started<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Service>, ConfigError>> + 'a>>;

/// What a function is started with: its variables and its parts.
pub struct ColdStart<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    parts: Parts,
}

impl<'a> ColdStart<'a> {
    /// A cold start that reads variables through `lookup`.
    #[must_use]
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>, parts: Parts) -> Self {
        Self { lookup, parts }
    }

    /// Serves a route for everybody: `handle` is given its state and the request. Its error is an
    /// [`ApiError`](crate::http::ApiError), or a [`Failure`], which may have a presentation of its own.
    pub fn public<S, E, H>(self, route: Public, handle: H) -> Started<'a>
    where
        S: State + 'static,
        E: Into<Failure> + 'static,
        H: AsyncFn(&S, Request) -> Result<Response<Body>, E> + 'static,
    {
        Box::pin(async move {
            let (dialect, state) = self.open::<S>().await?;
            let answer =
                async move |_, request: Request| handle(&state, request).await.map_err(Into::into);
            Ok(Answering::boxed(route.route(), dialect, answer))
        })
    }

    /// Serves a route that needs a token: `handle` is given its state, the [`User`](crate::domain::accounts::User) whom the guard let
    /// through, and the request. It is not called without a user, and a handler that takes no user
    /// does not compile:
    ///
    /// ```compile_fail
    /// use shared::http::{self, Answer, Operation, Protected, Request};
    /// use shared::lambda::Start;
    /// const ROUTE: Protected = Protected::at("/x", &[Operation::get(&["me"])]);
    /// async fn handle((): &(), _: Request) -> Answer {
    ///     http::json(&"for everybody")
    /// }
    /// const START: Start = |cold_start| cold_start.protected(ROUTE, handle);
    /// ```
    ///
    /// The same handler with a user, `_: User`, compiles:
    ///
    /// ```
    /// use shared::domain::accounts::User;
    /// # use shared::http::{self, Answer, Operation, Protected, Request};
    /// # use shared::lambda::Start;
    /// # const ROUTE: Protected = Protected::at("/x", &[Operation::get(&["me"])]);
    /// async fn handle((): &(), _: User, _: Request) -> Answer {
    ///     http::json(&"for who has the scope")
    /// }
    /// const START: Start = |cold_start| cold_start.protected(ROUTE, handle);
    /// ```
    ///
    /// Nor can a protected route be served to everybody: [`ColdStart::public`] does not take it.
    ///
    /// ```compile_fail
    /// # use shared::http::{self, Answer, Operation, Protected, Request};
    /// # use shared::lambda::Start;
    /// # const ROUTE: Protected = Protected::at("/x", &[Operation::get(&["me"])]);
    /// # async fn handle((): &(), _: Request) -> Answer {
    /// #     http::json(&"for everybody")
    /// # }
    /// const START: Start = |cold_start| cold_start.public(ROUTE, handle);
    /// ```
    /// A handler that must know more of the token than its user takes a [`Caller`].
    pub fn protected<S, U, H>(self, route: Protected, handle: H) -> Started<'a>
    where
        S: State + 'static,
        U: From<Caller> + 'static,
        H: AsyncFn(&S, U, Request) -> Answer + 'static,
    {
        Box::pin(async move {
            let (dialect, (guard, state)) = self.open::<(Guard, S)>().await?;
            let answer = async move |access, request: Request| {
                let caller = http::caller(&guard, access, request.headers()).await?;
                Ok(handle(&state, caller.into(), request).await?)
            };
            Ok(Answering::boxed(route.route(), dialect, answer))
        })
    }

    /// The same for a route of a feature that may be off: then each request to it is 404.
    pub fn protected_if_on<S, U, H>(self, route: Protected, handle: H) -> Started<'a>
    where
        S: 'static,
        Option<S>: State + 'static,
        U: From<Caller> + 'static,
        H: AsyncFn(&S, U, Request) -> Answer + 'static,
    {
        Box::pin(async move {
            let (dialect, (guard, state)) = self.open::<(Guard, Option<S>)>().await?;
            let is_on = state.is_some();
            let answer = async move |access, request: Request| {
                let state = state.as_ref().ok_or(RequestError::NotFound)?;
                let caller = http::caller(&guard, access, request.headers()).await?;
                Ok(handle(state, caller.into(), request).await?)
            };
            let route = if is_on {
                route.route()
            } else {
                route.route().off()
            };
            Ok(Answering::boxed(route, dialect, answer))
        })
    }

    /// Serves a route for clients: `handle` is given its state, the client whose own token came, and
    /// the request.
    pub fn for_clients<S, H>(self, route: ForClients, handle: H) -> Started<'a>
    where
        S: State + 'static,
        H: AsyncFn(&S, Client, Request) -> Answer + 'static,
    {
        Box::pin(async move {
            let (dialect, (guard, state)) = self.open::<(ClientGuard, S)>().await?;
            let answer = async move |access, request: Request| {
                let client = http::token_client(&guard, access, request.headers()).await?;
                Ok(handle(&state, client, request).await?)
            };
            Ok(Answering::boxed(route.route(), dialect, answer))
        })
    }

    /// Decides about routes of another API: `handle` is given its state and what the gateway asks.
    pub fn authorizer<S, H>(self, handle: H) -> Started<'a>
    where
        S: State + 'static,
        H: AsyncFn(&S, AuthorizerRequest) -> Result<AuthorizerContext, NotAuthorized> + 'static,
    {
        Box::pin(async move {
            let state = Reader::read(self.lookup, S::read)?;
            let state = S::open(state, &self.parts).await?;
            let decide = async move |request| handle(&state, request).await;
            Ok(Box::new(Authorizing(decide)) as Box<dyn Service>)
        })
    }

    /// Reads all variables first, so that all problems are reported at once, and only then opens
    /// anything.
    async fn open<S: State>(self) -> Result<(http::Dialect, S), ConfigError> {
        let (dialect, config) = Reader::read(self.lookup, |reader| {
            (config::dialect(reader), S::read(reader))
        })?;
        Ok((dialect, S::open(config, &self.parts).await?))
    }
}
