// The authorizer has seen that the token and its user have all of the route's scopes.
export const handler = async (event) => {
  const { sub, scope } = event.requestContext.authorizer.lambda;
  const order = { by: sub, scopes: scope.split(" ") };
  return { statusCode: 201, headers: { "content-type": "application/json" }, body: JSON.stringify(order) };
};
