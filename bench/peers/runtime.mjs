// Lambda's Runtime API for a handler, and nothing else: what Node.js itself costs, without AWS's client.
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { deserialize } from "node:v8";

const [host, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? "").split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body = "") {
  const headers = { "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, agent, method, headers, path: `/2018-06-01/runtime/${path}` }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, text: Buffer.concat(chunks).toString() }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

// What seed.mjs has made, or nothing yet if it is seed.mjs that runs.
export function state(nothing) {
  return process.env.STATE ? deserialize(readFileSync(process.env.STATE)) : nothing;
}

// Answers events as long as there are any: for ever on Lambda, and none elsewhere.
export async function run(handler) {
  while (host) {
    const { headers, text } = await call("GET", "invocation/next");
    const answer = await handler(JSON.parse(text), {});
    const id = headers["lambda-runtime-aws-request-id"];
    await call("POST", `invocation/${id}/response`, JSON.stringify(answer));
  }
}
