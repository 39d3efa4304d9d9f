/**
 * A way from a route back to itself, as `["a", "b", "a"]`; null where there is none. `routes` has the targets of each route
 * by its name; those that are no route's names end there.
 */
export function cycleIn(routes: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  for (const name of routes.keys()) {
    const cycle = cycleFrom(name, routes, done);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** With a list in place of calls within calls: a chain of routes may be long. */
function cycleFrom(
  start: string,
  routes: ReadonlyMap<string, readonly string[]>,
  done: Set<string>,
): string[] | null {
  const path: { name: string; next: number }[] = [{ name: start, next: 0 }];
  const onPath = new Set([start]);
  while (path.length > 0) {
    const step = path.at(-1)!;
    const target = done.has(step.name) ? undefined : routes.get(step.name)?.[step.next++];
    if (target === undefined) {
      path.pop();
      onPath.delete(step.name);
      done.add(step.name);
    } else if (onPath.has(target)) {
      const names = path.map(({ name }) => name);
      return [...names.slice(names.indexOf(target)), target];
    } else if (routes.has(target)) {
      path.push({ name: target, next: 0 });
      onPath.add(target);
    }
  }
  return null;
}
