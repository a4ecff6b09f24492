//! Every function of the service: the one list that a new one must be added to.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_runtime::{BoxFuture, LambdaEvent};
use shared::{App, Route, http};

pub type Event = LambdaEvent<http::Event>;

/// A function: its folder's name, its route, and what answers an event.
pub struct Function {
    pub name: &'static str,
    pub route: Route,
    pub answer: fn(&App, Event) -> BoxFuture<'_, ApiGatewayV2httpResponse>,
}

pub static FUNCTIONS: &[Function] = &[
    Function {
        name: "token",
        route: token::ROUTE,
        answer: |app, event| Box::pin(http::respond(app, token::ROUTE, token::handle, event)),
    },
    Function {
        name: "users-me",
        route: users_me::ROUTE,
        answer: |app, event| Box::pin(http::respond(app, users_me::ROUTE, users_me::handle, event)),
    },
    Function {
        name: "users-me-items",
        route: users_me_items::ROUTE,
        answer: |app, event| {
            Box::pin(http::respond(
                app,
                users_me_items::ROUTE,
                users_me_items::handle,
                event,
            ))
        },
    },
    Function {
        name: "status",
        route: status::ROUTE,
        answer: |app, event| Box::pin(http::respond(app, status::ROUTE, status::handle, event)),
    },
    Function {
        name: "openapi",
        route: openapi::ROUTE,
        answer: |_app, event| {
            Box::pin(async {
                let files = openapi::files().unwrap();
                http::respond(&files, openapi::ROUTE, openapi::handle, event).await
            })
        },
    },
    Function {
        name: "docs",
        route: docs::ROUTE,
        answer: |_app, event| {
            Box::pin(async {
                let files = docs::files().unwrap();
                http::respond(&files, docs::ROUTE, docs::handle, event).await
            })
        },
    },
    Function {
        name: "not-found",
        route: not_found::ROUTE,
        answer: |_app, event| {
            Box::pin(http::respond(
                &(),
                not_found::ROUTE,
                not_found::handle,
                event,
            ))
        },
    },
];
