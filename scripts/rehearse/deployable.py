"""The template as CloudFormation gets it, and what MiniStack needs beside."""
import copy
import logging
import re
from types import SimpleNamespace

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from emulator import BUCKET, Failure

ANY = "x-amazon-apigateway-any-method"


# samtranslator warns of what it could tell AWS.
logging.disable(logging.WARNING)
# samtranslator would ask AWS which managed policies there are; the template names none.
NO_POLICIES = SimpleNamespace(load=dict)


def transformed(file):
    """The template in this file, transformed as CloudFormation does it."""
    if not file.exists():
        raise Failure(f"there is no {file}")
    template = yaml_parse(file.read_text())
    for name, function in functions(template, "AWS::Serverless::Function").items():
        function["CodeUri"] = f"s3://{BUCKET}/{name}.zip"
    transformed = transform(copy.deepcopy(template), {}, NO_POLICIES)
    check_routes(template, transformed)
    return transformed


def code_of(file):
    """The CodeUri of each function in this file, by its logical id."""
    sam = functions(yaml_parse(file.read_text()), "AWS::Serverless::Function")
    return {name: function["CodeUri"] for name, function in sam.items()}


def functions(template, kind="AWS::Lambda::Function"):
    """The properties of each function, by its logical id."""
    resources = template["Resources"].items()
    return {name: resource["Properties"] for name, resource in resources if resource["Type"] == kind}


def with_routes(template, slash):
    """A copy of a template with routes. MiniStack does not read an HTTP API's Body, so each of its paths becomes
    a route and an integration. MiniStack's {proxy+} does not take an empty rest; with `slash` each `/x/{proxy+}`
    has a route `/x/` beside it, so that both answers of a gateway are tried."""
    template = copy.deepcopy(template)
    [(api, properties)] = functions(template, "AWS::ApiGatewayV2::Api").items()
    body = properties.pop("Body")
    routes = routes_of(body)
    properties |= {"Name": api, "ProtocolType": "HTTP"}
    if slash:
        routes |= {key.removesuffix("{proxy+}"): route for key, route in routes.items() if key.endswith("/{proxy+}")}
    for number, (key, route) in enumerate(routes.items()):
        template["Resources"] |= resources(api, number, key, route)
    template["Resources"] |= authorizers(api, body)
    [stage] = [one for one in template["Resources"].values() if one["Type"] == "AWS::ApiGatewayV2::Stage"]
    # The settings of a route need the route.
    stage["DependsOn"] = [f"Route{number}" for number in range(len(routes))]
    return template


def routes_of(body):
    """Each route, by its key: `ANY /token`, `$default`."""
    routes = {}
    for path, methods in body["paths"].items():
        for method, described in methods.items():
            method = "ANY" if method == ANY else method.upper()
            key = "$default" if described.get("isDefaultRoute") else f"{method} {path}"
            routes[key] = described
    return routes


def uri(route):
    """The function that it goes to."""
    return route["x-amazon-apigateway-integration"]["uri"]


def check_routes(sam, template):
    """Every HttpApi event must be exactly one route, to its own function: tests/routing.rs counts on it."""
    promised = {}
    for function, properties in functions(sam, "AWS::Serverless::Function").items():
        for event in properties.get("Events", {}).values():
            path = event["Properties"].get("Path")
            promised[f"{event['Properties']['Method']} {path}" if path else "$default"] = function
    [properties] = functions(template, "AWS::ApiGatewayV2::Api").values()
    made = {key: re.search(r"\$\{(\w+)\.Arn\}", uri(route)["Fn::Sub"])[1] for key, route in routes_of(properties["Body"]).items()}
    if made != promised:
        wrong = sorted(key for key in made | promised if made.get(key) != promised.get(key))
        raise Failure(f"the transformed template's routes are not the template's events: {', '.join(wrong)}")


def resources(api, number, key, described):
    """A route, and the integration with its function."""
    integration = {"ApiId": {"Ref": api}, "IntegrationType": "AWS_PROXY", "IntegrationUri": uri(described), "PayloadFormatVersion": "2.0"}
    target = {"Fn::Join": ["/", ["integrations", {"Ref": f"Integration{number}"}]]}
    route = {"ApiId": {"Ref": api}, "RouteKey": key, "Target": target}
    for [authorizer] in described.get("security", []):
        route |= {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": f"{authorizer}Authorizer"}}
    return {
        f"Integration{number}": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": integration},
        f"Route{number}": {"Type": "AWS::ApiGatewayV2::Route", "Properties": route},
    }


def authorizers(api, body):
    """The Lambda authorizers that a Body describes."""
    schemes = body.get("components", {}).get("securitySchemes", {})
    resources = {}
    for name, scheme in schemes.items():
        # `authorizerUri` is AuthorizerUri here.
        described = scheme["x-amazon-apigateway-authorizer"].items()
        properties = {key[0].upper() + key[1:]: value for key, value in described if key != "type"}
        properties |= {"ApiId": {"Ref": api}, "Name": name, "AuthorizerType": "REQUEST"}
        resources[f"{name}Authorizer"] = {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": properties}
    return resources
