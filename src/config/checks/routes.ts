import type { Report } from "../report.ts";
import { nearest } from "../suggest.ts";
import { listOf, mappingOf } from "./loose.ts";

/** Names and targets of the routes; `known` are the built-in providers. */
export function checkRoutes(
  value: unknown,
  providers: unknown,
  known: readonly string[],
  report: Report,
): void {
  const own = mappingOf(providers);
  const names = [...new Set([...known, ...Object.keys(own)])];
  for (const [name, route] of Object.entries(mappingOf(value))) {
    const slash = name.indexOf("/");
    if (slash !== -1 && names.includes(name.slice(0, slash))) {
      const expected = `a name that does not begin with the provider ${name.slice(0, slash)}/, whose models are called so`;
      report.atKey(["routes", name], { found: `the route ${JSON.stringify(name)}`, expected });
    }
    for (const [index, target] of listOf(mappingOf(route).targets).entries()) {
      if (typeof target !== "string" || !target.includes("/")) continue;
      const provider = target.slice(0, target.indexOf("/"));
      const at = ["routes", name, "targets", index];
      if (!names.includes(provider)) {
        const suggestion = nearest(provider, names);
        const expected = "a provider that is built in or stands under providers";
        report.atValue(at, {
          expected,
          suggestion: suggestion && `${suggestion}${target.slice(provider.length)}`,
        });
      } else if (mappingOf(own[provider]).enabled === false) {
        report.warn(at, {
          message: `the provider ${provider} is switched off, so this target is never tried`,
        });
      }
    }
  }
}
