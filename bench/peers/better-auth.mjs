// better-auth in memory: a sign-in by name and password with its scrypt, and GET /users/me by the session's token.
import { betterAuth } from "better-auth/minimal";
import { memoryAdapter } from "better-auth/adapters/memory";
import { bearer } from "better-auth/plugins/bearer";
import { Hono } from "hono/tiny";
import { handle } from "hono/aws-lambda";
import { run, state } from "./runtime.mjs";

export const database = state({ user: [], session: [], account: [], verification: [] });
export const auth = betterAuth({
  baseURL: "https://abcdefghij.execute-api.eu-central-1.amazonaws.com",
  secret: "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
  database: memoryAdapter(database),
  // The tutorial's password has 6 characters.
  emailAndPassword: { enabled: true, minPasswordLength: 6 },
  plugins: [bearer()],
  // The functions count no failures in this comparison either.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});

const app = new Hono()
  .post("/api/auth/*", (context) => auth.handler(context.req.raw))
  .get("/users/me", async (context) => {
    const session = await auth.api.getSession({ headers: context.req.raw.headers });
    return session ? context.json(session.user) : context.json({ detail: "Not authenticated" }, 401);
  });

export const handler = handle(app);

await run(handler);
