// OpenAuth's issuer: a login by POST /token with its scrypt, and a token signed by ES256.
import { issuer } from "@openauthjs/openauth";
import { PasswordProvider, ScryptHasher } from "@openauthjs/openauth/provider/password";
import { MemoryStorage } from "@openauthjs/openauth/storage/memory";
import { handle } from "hono/aws-lambda";
import { run, state } from "./runtime.mjs";
import { subjects } from "./subjects.mjs";

export const hasher = ScryptHasher();
export const storage = MemoryStorage();
for (const [key, value] of state([])) await storage.set(key, value);

const page = async () => new Response();
const provider = PasswordProvider({ login: page, register: page, change: page, sendCode: async () => {} });

// OpenAuth's own login is three requests with a page and encrypted cookies. This is the least of it, in its
// favour: the grant of client credentials, where the client is the user and its secret the password.
async function client({ clientID, clientSecret }) {
  const hash = await storage.get(["email", clientID, "password"]);
  if (!hash || !(await hasher.verify(clientSecret, hash))) throw new Error("a wrong name or password");
  return { email: clientID };
}

export const handler = handle(
  issuer({
    storage,
    subjects,
    providers: { password: { ...provider, client } },
    success: (context, { email }) => context.subject("user", { email }),
  }),
);

await run(handler);
