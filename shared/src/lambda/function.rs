//! What a folder of `functions/` says of itself, and how it starts.

use std::pin::Pin;

use lambda_http::Request;

use super::service::{Answering, Service};
use crate::config::{self, ConfigError, Parts, Reader, State};
use crate::domain::access::Guard;
use crate::domain::users::User;
use crate::http::{self, Answer, Description, Protected, Public, Route};

/// A function: for its `main`, for the list in `service/`, for `/openapi.json`.
#[derive(Clone, Copy)]
pub struct Function {
    /// Its folder's name, and its binary's.
    pub name: &'static str,
    /// The path and methods that it answers.
    pub route: Route,
    /// What `/openapi.json` says of each operation of the route, in its order; nothing of a
    /// function that is no part of the API.
    pub description: &'static [Description],
    /// Makes a [`Service`] of the environment.
    pub start: Start,
}

/// What a function says of itself, without the function.
#[derive(Clone, Copy)]
pub struct About {
    /// As in [`Function`].
    pub name: &'static str,
    /// As in [`Function`].
    pub route: Route,
    /// As in [`Function`].
    pub description: &'static [Description],
}

impl Function {
    /// For whoever does not start it: in a `const`, nothing of the function itself is linked.
    #[must_use]
    pub const fn about(self) -> About {
        About {
            name: self.name,
            route: self.route,
            description: self.description,
        }
    }
}

/// Starts a function.
pub type Start = fn(ColdStart<'_>) -> Started<'_>;

/// A function that is starting.
pub type Started<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Service>, ConfigError>> + 'a>>;

/// What a function is started with.
pub struct ColdStart<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    parts: Parts,
}

impl<'a> ColdStart<'a> {
    /// With variables that `lookup` knows.
    #[must_use]
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>, parts: Parts) -> Self {
        Self { lookup, parts }
    }

    /// Serves a route for everybody: `handle` is given its state and the request.
    pub fn public<S, H>(self, route: Public, handle: H) -> Started<'a>
    where
        S: State + 'static,
        H: AsyncFn(&S, Request) -> Answer + 'static,
    {
        Box::pin(async move {
            let (dialect, state) = self.open::<S>().await?;
            let answer = async move |_, request: Request| handle(&state, request).await;
            Ok(Answering::boxed(route.route(), dialect, answer))
        })
    }

    /// Serves a route for tokens: `handle` is given its state, the user whom the guard let through,
    /// and the request. It is not called for anybody else, and one that takes no user does not
    /// compile:
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
    /// The same with the user, `_: User`, does:
    ///
    /// ```
    /// use shared::domain::users::User;
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
    pub fn protected<S, H>(self, route: Protected, handle: H) -> Started<'a>
    where
        S: State + 'static,
        H: AsyncFn(&S, User, Request) -> Answer + 'static,
    {
        Box::pin(async move {
            let (dialect, (guard, state)) = self.open::<(Guard, S)>().await?;
            let answer = async move |access, request: Request| {
                let user = http::user(&guard, access, request.headers()).await?;
                handle(&state, user, request).await
            };
            Ok(Answering::boxed(route.route(), dialect, answer))
        })
    }

    /// All that is wrong is said at once; only then is anything opened.
    async fn open<S: State>(self) -> Result<(http::Dialect, S), ConfigError> {
        let (dialect, config) = Reader::read(self.lookup, |reader| {
            (config::dialect(reader), S::read(reader))
        })?;
        Ok((dialect, S::open(config, &self.parts).await?))
    }
}
