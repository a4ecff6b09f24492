// Makes what the peers start with, and the events that they get: node seed.mjs EVENTS FOLDER
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serialize } from "node:v8";
import * as betterAuth from "./better-auth.mjs";
import * as openauth from "./openauth.mjs";

const [events, folder] = process.argv.slice(2);
const [email, password] = ["johndoe@example.com", "secret"];

const event = (name) => JSON.parse(readFileSync(join(events, `${name}.json`)));
const keep = (name, value) => writeFileSync(join(folder, `${name}.state`), serialize(value));
const send = (name, value) => writeFileSync(join(folder, `${name}.json`), JSON.stringify(value));

function read(path, token) {
  const { headers, ...get } = event("users-me");
  return { ...get, rawPath: path, headers: { ...headers, authorization: `Bearer ${token}` } };
}

function login(path, type, body) {
  const { headers, requestContext, ...post } = event("token");
  const length = { "content-type": type, "content-length": `${body.length}` };
  const http = { ...requestContext.http, path };
  const context = { ...requestContext, http };
  return { ...post, rawPath: path, headers: { ...headers, ...length }, requestContext: context, body: btoa(body) };
}

async function answer(handler, request) {
  const { statusCode, body } = await handler(request, {});
  if (statusCode !== 200) throw new Error(`${request.rawPath} answered ${statusCode}: ${body}`);
  return JSON.parse(body);
}

async function seedOpenauth() {
  await openauth.storage.set(["email", email, "password"], await openauth.hasher.hash(password));
  const form = { grant_type: "client_credentials", provider: "password", client_id: email, client_secret: password };
  const request = login("/token", "application/x-www-form-urlencoded", `${new URLSearchParams(form)}`);
  const { access_token, refresh_token } = await answer(openauth.handler, request);
  const metadata = await answer(openauth.handler, read("/.well-known/oauth-authorization-server"));
  const keys = await answer(openauth.handler, read("/.well-known/jwks.json"));
  const { issuer, jwks_uri } = metadata;
  const documents = { [`${issuer}/.well-known/oauth-authorization-server`]: metadata, [jwks_uri]: keys };
  const entries = [];
  for await (const entry of openauth.storage.scan([])) entries.push(entry);
  keep("openauth", entries);
  keep("openauth-verify", { issuer, documents });
  send("openauth-login", request);
  send("openauth-verify", read("/users/me", access_token));
  // The first of a process rotates it; the others are within the time in which OpenAuth takes it once more.
  const refresh = { grant_type: "refresh_token", refresh_token };
  send("openauth-refresh", login("/token", "application/x-www-form-urlencoded", `${new URLSearchParams(refresh)}`));
}

async function seedBetterAuth() {
  await betterAuth.auth.api.signUpEmail({ body: { email, password, name: "John Doe" } });
  const request = login("/api/auth/sign-in/email", "application/json", JSON.stringify({ email, password }));
  const { token } = await answer(betterAuth.handler, request);
  keep("better-auth", betterAuth.database);
  send("better-auth-login", request);
  send("better-auth-read", read("/users/me", token));
}

send("node-hello", event("users-me"));
await seedOpenauth();
await seedBetterAuth();
