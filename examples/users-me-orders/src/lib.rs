//! GET, POST /users/me/orders/: the user's orders, and a new one. Scopes: `orders`.

use deserr::{Deserr, ValuePointerRef};
use lambda_http::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use shared::domain::accounts::User;
use shared::http::{
    self, Answer, Description, Form, JsonProblems, Kind, Operation, Parameter, Protected, Request,
};
use shared::lambda::Function;

/// GET and POST /users/me/orders/
pub const ROUTE: Protected = Protected::at(
    "/users/me/orders/",
    &[Operation::get(&["orders"]), Operation::post(&["orders"])],
);

/// What the service knows about this function.
pub const FUNCTION: Function = Function {
    name: env!("CARGO_PKG_NAME"),
    route: ROUTE.route(),
    description: &[
        Description::new("Read your orders")
            .parameters(&[Parameter::query::<u32>("limit")])
            .answers::<Vec<Order>>(),
        Description::new("Place an order")
            .takes_json::<NewOrder>()
            .answers_with::<Order>(201),
    ],
    start: |cold_start| cold_start.protected(ROUTE, handle),
};

/// Lists the user's orders, or places one.
pub async fn handle((): &(), user: User, request: Request) -> Answer {
    match *request.method() {
        Method::POST => place(&user, &request),
        _ => list(&user, &request),
    }
}

/// As with the items of FastAPI's page, there is one order, and nothing is stored.
fn list(user: &User, request: &Request) -> Answer {
    let query = Form::of_query(request)?;
    let limit = query.read(|fields| fields.parsed::<u32>("limit"))?;
    let mut orders = vec![Order::new(1, user, "Foo".to_owned(), 1)];
    orders.truncate(limit.unwrap_or(10) as usize);
    http::json(&orders)
}

fn place(user: &User, request: &Request) -> Answer {
    let new: NewOrder = http::from_json(request)?;
    let order = Order::new(2, user, new.item, new.quantity);
    http::json_with(StatusCode::CREATED, &order)
}

/// What an order is placed with.
#[derive(Deserr, JsonSchema)]
#[deserr(error = JsonProblems, validate = NewOrder::check -> JsonProblems)]
pub struct NewOrder {
    #[schemars(example = &"Foo")]
    item: String,
    /// One, if it is not said.
    #[deserr(default = 1)]
    #[schemars(default = "one", range(min = 1))]
    quantity: u32,
}

impl NewOrder {
    fn check(self, location: ValuePointerRef<'_>) -> Result<Self, JsonProblems> {
        if self.quantity == 0 {
            let quantity = location.push_key("quantity");
            return Err(JsonProblems::at(quantity, Kind::TooSmall(1)));
        }
        Ok(self)
    }
}

const fn one() -> u32 {
    1
}

/// Something that a user ordered.
#[derive(Serialize, JsonSchema)]
pub struct Order {
    id: u64,
    #[schemars(example = &"johndoe")]
    owner: String,
    #[schemars(example = &"Foo")]
    item: String,
    quantity: u32,
}

impl Order {
    fn new(id: u64, owner: &User, item: String, quantity: u32) -> Self {
        Self {
            id,
            owner: owner.username.clone(),
            item,
            quantity,
        }
    }
}
