// A hello world in Node.js, without a framework.
import { run } from "./runtime.mjs";

await run(async () => ({
  statusCode: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ message: "Hello" }),
}));
