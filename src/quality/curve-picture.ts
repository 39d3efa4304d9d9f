import type { CurvePoint } from "./evaluate.ts";

/** A line of the picture. */
export interface PicturedCurve {
  readonly name: string;
  readonly curve: readonly CurvePoint[];
}

const WIDTH = 640;
const HEIGHT = 420;
const LEFT = 64;
const RIGHT = 24;
const TOP = 48;
const BOTTOM = 56;
const STEPS = 5;
/** Told apart by their dashes too. */
const STROKES = [
  ["#0b5cad", ""],
  ["#b3541e", "7 4"],
  ["#2e7d32", "2 4"],
  ["#777777", "1 3"],
] as const;

/**
 * The quality of the mixture by the share of strong calls, as SVG text: a white page with axes, one line a curve and their
 * names. At most four curves.
 */
export function curvePicture(title: string, curves: readonly PicturedCurve[]): string {
  const points = curves.flatMap(({ curve }) => curve);
  const low = Math.min(...points.map(({ quality }) => quality));
  const high = Math.max(...points.map(({ quality }) => quality));
  const room = high > low ? (high - low) * 0.06 : 0.5;
  const [bottom, top] = [low - room, high + room];
  const x = (share: number) => LEFT + share * (WIDTH - LEFT - RIGHT);
  const y = (quality: number) =>
    HEIGHT - BOTTOM - ((quality - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
  const steps = Array.from({ length: STEPS + 1 }, (_, at) => at / STEPS);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    label(LEFT, 24, title, "start", ' font-size="15" font-weight="bold"'),
    ...steps.map((share) => gridLine(x(share), TOP, x(share), HEIGHT - BOTTOM)),
    ...steps.map((share) => label(x(share), HEIGHT - BOTTOM + 18, `${Math.round(share * 100)} %`, "middle")),
    ...steps.map((part) => {
      const quality = bottom + part * (top - bottom);
      return `${gridLine(LEFT, y(quality), WIDTH - RIGHT, y(quality))}${label(LEFT - 8, y(quality) + 4, quality.toFixed(3), "end")}`;
    }),
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "share of calls to the strong model", "middle"),
    ...curves.map(({ curve }, at) => {
      const path = curve.map(({ share, quality }) => `${short(x(share))},${short(y(quality))}`).join(" ");
      const [colour, dash] = strokeOf(at);
      return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-dasharray="${dash}"/>`;
    }),
    ...curves.map(({ name }, at) => legend(name, at, curves.length)),
    "</svg>\n",
  ];
  return lines.join("\n");
}

/** In the lower right corner, which rising curves leave free. */
function legend(name: string, at: number, count: number): string {
  const [colour, dash] = strokeOf(at);
  const left = WIDTH - RIGHT - 190;
  const y = HEIGHT - BOTTOM - 14 - (count - 1 - at) * 18;
  return `<line x1="${left}" y1="${y}" x2="${left + 32}" y2="${y}" stroke="${colour}" stroke-width="2.5" stroke-dasharray="${dash}"/>${label(left + 40, y + 4, name, "start")}`;
}

const strokeOf = (at: number) => STROKES[at % STROKES.length]!;

function gridLine(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${short(x1)}" y1="${short(y1)}" x2="${short(x2)}" y2="${short(y2)}" stroke="#dddddd"/>`;
}

function label(x: number, y: number, text: string, anchor: "start" | "middle" | "end", more = ""): string {
  return `<text x="${short(x)}" y="${short(y)}" text-anchor="${anchor}" fill="#222222"${more}>${escaped(text)}</text>`;
}

const short = (value: number) => Number(value.toFixed(2));

/** Names of data sets are anybody's, and control characters are no XML at all. */
function escaped(text: string): string {
  return text.replace(/\p{C}/gu, "\ufffd").replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
