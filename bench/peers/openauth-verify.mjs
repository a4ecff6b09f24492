// GET /users/me with OpenAuth's client, which verifies a token by ES256. The issuer's keys are at hand, so
// that no request to it is measured.
import { createClient } from "@openauthjs/openauth/client";
import { Hono } from "hono/tiny";
import { handle } from "hono/aws-lambda";
import { run, state } from "./runtime.mjs";
import { subjects } from "./subjects.mjs";

const { issuer, documents } = state({ issuer: "https://issuer.example" });
const fetch = async (url) => Response.json(documents[url]);
const client = createClient({ clientID: "bench", issuer, fetch });

const app = new Hono().get("/users/me", async (context) => {
  const token = context.req.header("authorization")?.replace(/^Bearer /, "");
  const verified = await client.verify(subjects, token ?? "");
  return verified.err ? context.json({ detail: "Not authenticated" }, 401) : context.json(verified.subject.properties);
});

await run(handle(app));
