import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Certificates are made for the test and never kept; where there is no openssl the tests are skipped. */
const openssl = Bun.which("openssl");
const folder = mkdtempSync(join(tmpdir(), "amsterdam-tls-"));
afterAll(() => rmSync(folder, { recursive: true }));

const servers: Bun.Server<undefined>[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop(true))));

/** The PEM file of a certificate that signs itself, for these names. */
function certificate(name: string, altNames: string): { cert: string; key: string } {
  const cert = join(folder, `${name}.pem`);
  const key = join(folder, `${name}.key`);
  const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=${name}`;
  const made = Bun.spawnSync([
    openssl!,
    ...request.split(" "),
    "-keyout",
    key,
    "-out",
    cert,
    "-addext",
    `subjectAltName=${altNames}`,
  ]);
  if (!made.success) throw new Error(made.stderr.toString());
  return { cert, key };
}

function serve({ cert, key }: { cert: string; key: string }): number {
  const tls = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, tls, fetch: () => new Response("served") });
  servers.push(server);
  return server.port!;
}

/** What becomes of a request to each URL in a process that trusts `cert` beside the system's certificates. */
async function outcomes(cert: string | null, urls: readonly string[]): Promise<string[]> {
  const program = `
    import { client, requestTo, textOf } from ${JSON.stringify(join(import.meta.dirname, "testing.ts"))};
    const told = [];
    for (const url of ${JSON.stringify(urls)}) {
      told.push(await client.send(requestTo(url)).then(textOf, (error) => error.code + " " + error.cause));
    }
    console.log(JSON.stringify(told));
    process.exit(0);`;
  const child = Bun.spawn([process.execPath, "-e", program], {
    env: { ...process.env, ...(cert === null ? {} : { NODE_EXTRA_CA_CERTS: cert }) },
    stdout: "pipe",
  });
  return JSON.parse(await child.stdout.text());
}

let local: { cert: string; key: string };
let other: { cert: string; key: string };
beforeAll(() => {
  if (openssl === null) return;
  local = certificate("localhost", "DNS:localhost,IP:127.0.0.1");
  other = certificate("other.test", "DNS:other.test");
});

test.skipIf(openssl === null)(
  "a certificate of NODE_EXTRA_CA_CERTS is trusted, for its names and addresses",
  async () => {
    const port = serve(local);
    const urls = [`https://localhost:${port}/`, `https://127.0.0.1:${port}/`];
    expect(await outcomes(local.cert, urls)).toEqual(["served", "served"]);
  },
);

test.skipIf(openssl === null)("a certificate that nobody trusts is refused", async () => {
  const [told] = await outcomes(null, [`https://localhost:${serve(local)}/`]);
  expect(told).toStartWith("upstream_unreachable");
  expect(told).toContain("SELF_SIGNED");
});

test.skipIf(openssl === null)("a trusted certificate for another name or address is refused", async () => {
  const port = serve(other);
  const told = await outcomes(other.cert, [`https://localhost:${port}/`, `https://127.0.0.1:${port}/`]);
  for (const outcome of told) {
    expect(outcome).toStartWith("upstream_unreachable");
    expect(outcome).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
  }
});

test.skipIf(openssl === null)("a server that speaks no TLS is unreachable", async () => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("plain") });
  servers.push(server);
  expect((await outcomes(null, [`https://localhost:${server.port}/`]))[0]).toStartWith(
    "upstream_unreachable",
  );
});
