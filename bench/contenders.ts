import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { providerOf } from "./conversions.ts";
import { PORTKEY_FOLDER } from "./places.ts";
import { FORMATS, type Format } from "./stream-shapes.ts";

const GATEWAY_KEY = "bench-key-0123456789abcdef0123456789abcdef";
const PROVIDER_KEY = "provider-key";

/** One way through a contender: where a chat request goes and what it must carry. */
export interface Door {
  name: string;
  label: string;
  path: string;
  headers: Record<string, string>;
  /** In front of every model name. */
  modelPrefix: string;
}

export interface Contender {
  name: string;
  label: string;
  healthPath: string;
  /** Whether it keeps records of requests, some of which it may store after the load. */
  records?: boolean;
  /** The first is the one that memory and start-up are reported for. */
  doors(upstreamPort: number): Door[];
  /** Writes the files that the program needs and answers how to start it. */
  prepare(place: Place): Launch;
}

export interface Place {
  /** A folder of its own, made if missing. */
  folder: string;
  port: number;
  upstreamPort: number;
  /** The runtimes to start it with: the installed ones, or copies that no other process has in memory. */
  bun: string;
  node: string;
  nginx: string;
  /** Extra arguments of the runtime. */
  runtimeArgs: string[];
}

export interface Launch {
  command: string[];
  env: Record<string, string>;
}

const PATH = process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin";
const JSON_TYPE = { "content-type": "application/json" };

/** A door that takes the upstream's own requests as they are. */
const plainDoor = {
  path: "/v1/chat/completions",
  headers: { ...JSON_TYPE, authorization: `Bearer ${PROVIDER_KEY}` },
  modelPrefix: "",
};

const nginx: Contender = {
  name: "nginx",
  label: "nginx",
  healthPath: "/health",
  doors: () => [{ ...plainDoor, name: "nginx", label: "nginx" }],
  prepare({ folder, port, upstreamPort, nginx }) {
    mkdirSync(join(folder, "temp"), { recursive: true });
    const file = join(folder, "nginx.conf");
    writeFileSync(file, nginxConfig(folder, port, upstreamPort));
    return { command: [nginx, "-c", file, "-e", join(folder, "error.log")], env: { PATH } };
  },
};

/** client_body_buffer_size holds the largest body of the benchmark, since writing it to a file would be nginx's default. */
function nginxConfig(folder: string, port: number, upstreamPort: number): string {
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 8192; }
http {
  access_log ${folder}/access.log;
${temp.map((name) => `  ${name}_temp_path ${folder}/temp/${name};`).join("\n")}
  client_max_body_size 100m;
  client_body_buffer_size 512k;
  keepalive_requests 1000000000;
  upstream mock { server 127.0.0.1:${upstreamPort}; keepalive 1024; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location = /health { return 200 "ok"; }
    location / {
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;
}

/** It does what the others do, and leaves no records. */
const gateway: Contender = {
  name: "gateway",
  label: "Amsterdam",
  healthPath: "/health",
  doors: () => [
    {
      name: "gateway",
      label: "Amsterdam, `/v1/chat/completions`",
      path: "/v1/chat/completions",
      headers: { ...JSON_TYPE, authorization: `Bearer ${GATEWAY_KEY}` },
      modelPrefix: "mock/",
    },
    {
      name: "gateway-provider-door",
      label: "Amsterdam, `/v1/<provider>/…`",
      path: "/v1/mock/chat/completions",
      headers: { ...JSON_TYPE, authorization: `Bearer ${GATEWAY_KEY}` },
      modelPrefix: "",
    },
  ],
  prepare: (place) => launchGateway(place, false),
};

/** As it is without configuration: every request is recorded, with its bodies. */
const recording: Contender = {
  name: "recording",
  label: "Amsterdam, recording",
  healthPath: "/health",
  records: true,
  doors: () => [
    {
      name: "recording",
      label: "Amsterdam, recording with bodies",
      path: "/v1/chat/completions",
      headers: { ...JSON_TYPE, authorization: `Bearer ${GATEWAY_KEY}` },
      modelPrefix: "mock/",
    },
  ],
  prepare: (place) => launchGateway(place, true),
};

function launchGateway({ folder, port, upstreamPort, bun, runtimeArgs }: Place, records: boolean): Launch {
  const file = join(folder, "amsterdam.yaml");
  writeFileSync(file, gatewayConfig(folder, port, upstreamPort, records));
  const main = join(import.meta.dir, "..", "src", "main.ts");
  return {
    command: [bun, ...runtimeArgs, main, "start", "--config", file],
    env: { PATH, HOME: folder, AMP_API_KEY: GATEWAY_KEY },
  };
}

/** A provider that speaks one format only, so that every other client's calls are converted. */
function formatProvider(format: Format, upstreamPort: number): string {
  const base = `http://127.0.0.1:${upstreamPort}/${format === "gemini" ? "v1beta" : "v1"}`;
  return `  ${providerOf(format)}: { base_url: "${base}", api_key: ${PROVIDER_KEY}, formats: [${format}] }`;
}

function gatewayConfig(folder: string, port: number, upstreamPort: number, records: boolean): string {
  return `server: { host: 127.0.0.1, port: ${port} }
providers:
  mock:
    base_url: "http://127.0.0.1:${upstreamPort}/v1"
    api_key: ${PROVIDER_KEY}
    formats: [openai-chat]
${FORMATS.map((format) => formatProvider(format, upstreamPort)).join("\n")}
logging:
  format: json
  console: false
  file: { path: ${JSON.stringify(join(folder, "logs", "gateway.log"))} }
storage: { url: ${JSON.stringify(`sqlite:${join(folder, "data", "amsterdam.db")}`)} }
records: { enabled: ${records} }
`;
}

/** Portkey's gateway as its npm package starts it. It has no health page of its own name; its front page is one. */
const portkey: Contender = {
  name: "portkey",
  label: "Portkey",
  healthPath: "/",
  doors(upstreamPort) {
    const target = {
      "x-portkey-provider": "openai",
      "x-portkey-custom-host": `http://127.0.0.1:${upstreamPort}/v1`,
    };
    return [
      { ...plainDoor, name: "portkey", label: "Portkey", headers: { ...plainDoor.headers, ...target } },
    ];
  },
  prepare({ folder, port, node, runtimeArgs }) {
    const main = join(PORTKEY_FOLDER, "node_modules", "@portkey-ai", "gateway", "build", "start-server.js");
    return {
      command: [node, ...runtimeArgs, main, `--port=${port}`, "--headless"],
      env: { PATH, HOME: folder },
    };
  },
};

/** The upstream itself, called without a proxy: what every latency is compared with. */
export const directDoor: Door = { ...plainDoor, name: "direct", label: "no proxy" };

export const CONTENDERS = [nginx, gateway, recording, portkey];
