import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { admin } from "../../support/admin-client.ts";
import { type Gateway, spawnAmsterdam, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

/** The version that went out, and what the model was told, which the demo provider repeats. */
async function ask(headers: Record<string, string> = {}): Promise<[string | null, string]> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({
      model: "demo/echo",
      messages: [
        {
          role: "user",
          template: "Hello {{ name }}!",
          template_id: "greeting-v1",
          variables: { name: "Tinco" },
        },
      ],
    }),
  });
  expect(response.status).toBe(200);
  const body = (await response.json()) as { choices: [{ message: { content: string } }] };
  return [
    response.headers.get("x-amsterdam-template"),
    body.choices[0].message.content.split("You said: ")[1]!,
  ];
}

async function amsterdam(...args: string[]): Promise<string> {
  const { process: child, output } = spawnAmsterdam(gateway.dir, ["prompts", ...args]);
  const code = await child.exited;
  expect([code, output()]).toEqual([0, expect.any(String)]);
  return output();
}

/** Asks until that version goes out, which is to take no longer than a second. */
async function servedWithinASecond(version: string): Promise<void> {
  const changed = performance.now();
  await until(`${version} is served`, async () => (await ask())[0] === version);
  expect(performance.now() - changed).toBeLessThan(1500);
}

test("what is changed by the management API is so for the very next request", async () => {
  expect(await ask()).toEqual(["greeting-v1", "Hello Tinco!"]);
  await until("the template is captured", () =>
    admin(gateway, "GET", "/prompts/greeting").catch(() => undefined),
  );
  await admin(gateway, "POST", "/prompts/greeting/versions", { text: "Good day, {{ name }}!" });
  expect((await ask())[0]).toBe("greeting-v1");
  await admin(gateway, "PUT", "/prompts/greeting/labels/production", { version: "2" });
  expect(await ask()).toEqual(["greeting-v2", "Good day, Tinco!"]);
  expect(await ask({ "x-amsterdam-templates": "off" })).toEqual(["greeting-v1", "Hello Tinco!"]);
  await admin(gateway, "PUT", "/prompts/greeting/pin", { version: "1" });
  expect((await ask())[0]).toBe("greeting-v1");
  await admin(gateway, "DELETE", "/prompts/greeting/pin");
  expect((await ask())[0]).toBe("greeting-v2");
});

test("what is changed on the command line is so within a second", async () => {
  expect(await amsterdam("new", "greeting", "--text", "Hi {{ name }}!")).toContain("greeting-v3 is made.");
  await amsterdam("label", "greeting-v3", "staging");
  await until(
    "the label is followed",
    async () => (await ask({ "x-amsterdam-label": "staging" }))[1] === "Hi Tinco!",
  );
  expect((await ask())[0]).toBe("greeting-v2");
  await amsterdam("label", "greeting", "production", "staging");
  await servedWithinASecond("greeting-v3");
  await amsterdam("revert", "greeting", "production");
  await servedWithinASecond("greeting-v2");
});

test("a folder of prompts goes from one gateway to another", async () => {
  await amsterdam("export", "prompts");
  expect(readFileSync(join(gateway.dir, "prompts/greeting/v2.liquid"), "utf8")).toEndWith(
    "Good day, {{ name }}!\n",
  );
  const other = await startGateway();
  const { process: child } = spawnAmsterdam(other.dir, ["prompts", "import", join(gateway.dir, "prompts")]);
  expect(await child.exited).toBe(0);
  const shown = await admin<{ versions: { id: string; source: string }[] }>(
    other,
    "GET",
    "/prompts/greeting",
  );
  expect(shown.versions.map(({ id, source }) => [id, source])).toEqual([
    ["greeting-v1", "import"],
    ["greeting-v2", "import"],
    ["greeting-v3", "import"],
  ]);
  await other.stop();
});
