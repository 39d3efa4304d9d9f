import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

const PROGRAMS = ["prometheus", "promtool"] as const;

/** What of Prometheus is not installed, as a sentence for the reader; null when all is there. */
export function missingPrometheus(): string | null {
  const missing = PROGRAMS.filter((program) => Bun.which(program) === null);
  if (missing.length === 0) return null;
  return `${missing.join(" and ")} not found: install Debian's package "prometheus" (apt-get install prometheus), as .ci/run does.`;
}

/** What promtool finds wrong with a page of metrics, lint included; empty when nothing is. */
export async function promtoolFindings(page: string): Promise<string> {
  const run = Bun.spawn(["promtool", "check", "metrics"], {
    stdin: new TextEncoder().encode(page),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
  return code === 0 ? out + err : `${out}${err}(exit code ${code})`;
}

interface QueryResult {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus server that scrapes one target every half second. */
export class Prometheus {
  readonly #url: string;
  readonly #process: Bun.Subprocess;
  readonly #dir: string;

  private constructor(url: string, process: Bun.Subprocess, dir: string) {
    this.#url = url;
    this.#process = process;
    this.#dir = dir;
  }

  /** Starts it on a free port; `target` is the URL whose `/metrics` is scraped. */
  static async start(target: string): Promise<Prometheus> {
    const dir = mkdtempSync(join(tmpdir(), "amsterdam-prometheus-"));
    const config = {
      global: { scrape_interval: "500ms", scrape_timeout: "500ms" },
      scrape_configs: [{ job_name: "amsterdam", static_configs: [{ targets: [new URL(target).host] }] }],
    };
    // YAML takes JSON as it is.
    writeFileSync(join(dir, "prometheus.yml"), JSON.stringify(config));
    const child = Bun.spawn(
      [
        "prometheus",
        `--config.file=${join(dir, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(dir, "data")}`,
        "--web.listen-address=127.0.0.1:0",
      ],
      { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
    );
    let output = "";
    void (async () => {
      const decoder = new TextDecoder();
      for await (const bytes of child.stderr) output += decoder.decode(bytes, { stream: true });
    })();
    const port = await until("Prometheus takes requests", () => {
      if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}:\n${output}`);
      return (
        output.includes("Server is ready") &&
        /Listening on.*address=127\.0\.0\.1:([1-9]\d*)/.exec(output)?.[1]
      );
    });
    return new Prometheus(`http://127.0.0.1:${port}`, child, dir);
  }

  /** How the last scrape went: `up`, or what Prometheus says is wrong. Null before the first. */
  async scrape(): Promise<string | null> {
    const { activeTargets } = await this.#get<{ activeTargets: { health: string; lastError: string }[] }>(
      "targets",
    );
    const [target] = activeTargets;
    if (target === undefined || target.health === "unknown") return null;
    return target.health === "up" ? "up" : `${target.health}: ${target.lastError}`;
  }

  /** The current value of an expression. Throws what Prometheus says of one that it does not understand. */
  async query(expression: string): Promise<QueryResult[]> {
    const path = `query?query=${encodeURIComponent(expression)}`;
    const { result } = await this.#get<{
      result: { metric: Record<string, string>; value: [number, string] }[];
    }>(path);
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.exited;
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; data: T; error?: string };
    if (answer.status !== "success") throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }
}
