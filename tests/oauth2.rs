//! What a client of oauth2-rs sees, unmodified: tokens, and typed errors. In both dialects, since
//! FastAPI's page has none of this.

use std::convert::Infallible;

use lambda_http::http::{Response, StatusCode};
use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicTokenType};
use oauth2::{
    AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest as Sent,
    HttpResponse, IntrospectionUrl, RefreshToken, RequestTokenError, ResourceOwnerPassword,
    ResourceOwnerUsername, RevocationUrl, Scope, TokenIntrospectionResponse, TokenResponse,
    TokenUrl,
};
use tests::{Client, Gateway, HttpRequest, world};

type OAuth = BasicClient<EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;

fn url(path: &str) -> String {
    format!("https://api.example.com{path}")
}

fn client(id: &str, secret: Option<&str>) -> OAuth {
    let client = BasicClient::new(ClientId::new(id.into()));
    let client = match secret {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.into())),
        None => client.set_auth_type(AuthType::RequestBody),
    };
    client
        .set_token_uri(TokenUrl::new(url("/token")).unwrap())
        .set_revocation_url(RevocationUrl::new(url("/revoke")).unwrap())
        .set_introspection_url(IntrospectionUrl::new(url("/introspect")).unwrap())
}

fn gateways() -> [Gateway; 2] {
    ["fastapi", "rfc"].map(|dialect| {
        let world = world().checking_clients().with("REFRESH_IDLE_DAYS", 30);
        Gateway::new(world.with("API_DIALECT", dialect))
    })
}

/// Lets the library speak to the service in this process.
fn through(gateway: &Gateway) -> impl Fn(Sent) -> Result<HttpResponse, Infallible> + '_ {
    |sent| {
        let mut request = HttpRequest::new(sent.method().as_str(), sent.uri().path());
        for (name, value) in sent.headers() {
            request = request.header(name.as_str(), value.as_bytes());
        }
        request.body = Some(sent.body().clone());
        let answer = gateway.send(&request);
        let mut response = Response::builder().status(StatusCode::from_u16(answer.status).unwrap());
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        Ok(response.body(answer.body.into_bytes()).unwrap())
    }
}

#[test]
fn a_service_gets_a_token_of_its_own_and_asks_about_it() {
    for gateway in gateways() {
        let send = through(&gateway);
        let service = client("c_example", Some("cs_for-development-only"));
        let token = service
            .exchange_client_credentials()
            .add_scope(Scope::new("items".into()));
        let token = token.request(&send).unwrap();
        assert_eq!(token.token_type(), &BasicTokenType::Bearer);
        assert_eq!(token.scopes().unwrap(), &[Scope::new("items".into())]);
        let told = service
            .introspect(token.access_token())
            .request(&send)
            .unwrap();
        assert!(told.active());
        assert_eq!(told.sub(), Some("client:c_example"));
        assert_eq!(told.client_id(), Some(&ClientId::new("c_example".into())));
    }
}

#[test]
fn a_browsers_app_logs_in_refreshes_and_logs_out() {
    for gateway in gateways() {
        let send = through(&gateway);
        let app = client("c_web", None);
        let refresh = |token: &RefreshToken| app.exchange_refresh_token(token).request(&send);
        let (name, password) = (
            ResourceOwnerUsername::new("johndoe".into()),
            ResourceOwnerPassword::new("secret".into()),
        );
        let login = app
            .exchange_password(&name, &password)
            .request(&send)
            .unwrap();
        let first = login.refresh_token().unwrap();
        let second = refresh(first).unwrap();
        let second = second.refresh_token().unwrap();
        assert_ne!(first.secret(), second.secret());
        app.revoke_token(second.into())
            .unwrap()
            .request(&send)
            .unwrap();
        let Err(RequestTokenError::ServerResponse(error)) = refresh(second) else {
            panic!("no typed error")
        };
        assert_eq!(error.error(), &BasicErrorResponseType::InvalidGrant);
    }
}

#[test]
fn an_error_has_its_type() {
    for gateway in gateways() {
        let send = through(&gateway);
        for (id, secret, scope, expected) in [
            (
                "c_example",
                Some("wrong"),
                "me",
                BasicErrorResponseType::InvalidClient,
            ),
            (
                "c_nobody",
                Some("wrong"),
                "me",
                BasicErrorResponseType::InvalidClient,
            ),
            ("c_web", None, "me", BasicErrorResponseType::InvalidClient),
            (
                "c_example",
                Some("cs_for-development-only"),
                "admin",
                BasicErrorResponseType::InvalidScope,
            ),
        ] {
            let client = client(id, secret);
            let token = client
                .exchange_client_credentials()
                .add_scope(Scope::new(scope.into()));
            let Err(RequestTokenError::ServerResponse(error)) = token.request(&send) else {
                panic!("no typed error")
            };
            assert_eq!(error.error(), &expected, "{id}");
        }
    }
}
