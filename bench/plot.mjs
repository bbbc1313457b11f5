// The plots of the results, as SVG: bars by operation and side, and lines over the size of a tenant.
import { OPS, SIDES } from "./sides.mjs";
import { DISTANCES, GROWING } from "./measure.mjs";
import { ANSWERS } from "./verify.mjs";

const COLOURS = { ours: "#1d4ed8", peer: "#d97706", peer_batched: "#fbbf24", floor: "#9ca3af" };
const LINES = ["#1d4ed8", "#d97706", "#059669", "#7c3aed", "#db2777"];
const INK = "#1f2937";

const text = (x, y, words, more = "") => `<text x="${x}" y="${y}" ${more}>${words}</text>`;
const box = (x, y, width, height, fill) =>
  `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${fill}"/>`;
const short = (number) => (number >= 100 ? Math.round(number).toLocaleString("en") : Number(number.toPrecision(2)).toString());

// With a background, since the page around it may be dark.
const drawing = (width, height, parts) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
  `font-family="system-ui, sans-serif" font-size="12" fill="${INK}">\n` +
  `${[box(0, 0, width, height, "#ffffff"), ...parts].join("\n")}\n</svg>\n`;

const middle = 'text-anchor="middle"';

/** Draws the legend: names with their colours, in a row. */
const key = (x, y, names) =>
  names.map(([name, colour], at) => box(x + at * 120, y - 10, 12, 12, colour) + text(x + at * 120 + 18, y, name));

/** Draws groups of bars with their numbers above. `groups` is a list of [name, [[colour, number], …]]. */
function bars({ x, y, width, height, title, groups }) {
  const most = Math.max(...groups.flatMap(([, all]) => all.map(([, number]) => number)));
  const wide = width / groups.length;
  const parts = [text(x, y - 22, title, 'font-weight="bold"'), box(x, y + height, width, 1, INK)];
  groups.forEach(([name, all], place) => {
    const each = (wide * 0.86) / all.length;
    const left = x + place * wide + wide * 0.07;
    all.forEach(([colour, number], at) => {
      const tall = (number / most) * height;
      parts.push(box(left + at * each + 1, y + height - tall, each - 2, tall, colour));
      const centre = (left + at * each + each / 2).toFixed(1);
      parts.push(text(centre, (y + height - tall - 4).toFixed(1), short(number), `${middle} font-size="10"`));
    });
    parts.push(text((left + wide * 0.43).toFixed(1), y + height + 16, name, middle));
  });
  return parts;
}

/** Draws the requests per second, and the latency at each distance. */
export function ratiosPlot({ throughput, distance }, titles) {
  const groups = (number) => OPS.map((op) => [op, SIDES.map((side) => [COLOURS[side], number(op, side)])]);
  const panels = [
    ["Requests a second, 16 connections (more is better)", groups((op, side) => throughput[op][side].rps)],
    ...DISTANCES.map((delay) => [
      `Median latency in ms, ${delay} ms added to each D1 trip (less is better)`,
      groups((op, side) => distance[delay][op][side]),
    ]),
  ];
  return stacked(panels, SIDES.map((side) => [titles[side], COLOURS[side]]));
}

/** Draws the requests per second, the CPU time and the latency of a verification, by where its response comes from. */
export function verifyPlot({ verify: { loads, latencies } }) {
  const all = (number) => ANSWERS.map((name, at) => [LINES[at], number(name)]);
  const group = (title, member) => [title, [["", all((name) => loads[name][member])]]];
  return stacked(
    [
      group("Requests a second, 16 connections (more is better)", "rps"),
      ...(loads.memory.cpu_us === null ? [] : [group("CPU time of a request in µs, local D1 included (less is better)", "cpu_us")]),
      [
        "Median latency in ms, by the delay added to each D1 trip (less is better)",
        DISTANCES.map((delay) => [`+${delay} ms`, all((name) => latencies[delay][name])]),
      ],
    ],
    ANSWERS.map((name, at) => [name, LINES[at]]),
  );
}

/** Draws panels of bars below one another. `panels` is a list of [title, groups]. */
function stacked(panels, names) {
  const [width, height, step] = [860, 130, 200];
  const frame = { x: 20, width: width - 40, height };
  const parts = panels.flatMap(([title, groups], at) => bars({ ...frame, y: 80 + at * step, title, groups }));
  return drawing(width, 60 + panels.length * step, [...key(20, 26, names), ...parts]);
}

/** Draws lines over the sizes on a logarithmic axis. `lines` is a list of [name, numbers]. */
function lines({ x, y, width, height, title, sizes, lines: all }) {
  const most = Math.max(...all.flatMap(([, numbers]) => numbers));
  const [first, last] = [Math.log10(sizes[0]), Math.log10(sizes.at(-1))];
  const across = (size) => (x + ((Math.log10(size) - first) / (last - first)) * width).toFixed(1);
  const up = (number) => (y + height - (number / most) * height).toFixed(1);
  const parts = [text(x, y - 14, title, 'font-weight="bold"'), box(x, y + height, width, 1, INK)];
  for (const part of [0, 0.5, 1]) {
    parts.push(text(x - 8, Number(up(most * part)) + 4, part ? short(most * part) : "0", 'text-anchor="end"'));
  }
  for (const size of sizes) parts.push(text(across(size), y + height + 18, size.toLocaleString("en"), middle));
  all.forEach(([, numbers], at) => {
    const points = numbers.map((number, place) => `${across(sizes[place])},${up(number)}`);
    parts.push(`<polyline points="${points.join(" ")}" fill="none" stroke="${LINES[at]}" stroke-width="2"/>`);
    for (const point of points) {
      const [left, top] = point.split(",");
      parts.push(`<circle cx="${left}" cy="${top}" r="3.5" fill="${LINES[at]}"/>`);
    }
  });
  return parts;
}

/** Draws the rows read and the latency over the size of a tenant. */
export function growthPlot({ growth, plan: { sizes } }) {
  const over = (member) => GROWING.map((op) => [op, sizes.map((size) => growth[op][size][member])]);
  const frame = { y: 90, width: 320, height: 220, sizes };
  return drawing(860, 370, [
    ...key(60, 30, GROWING.map((op, at) => [op, LINES[at]])),
    ...lines({ ...frame, x: 60, title: "Rows read a request", lines: over("rows_read") }),
    ...lines({ ...frame, x: 490, title: "Median latency in ms, one connection", lines: over("p50") }),
    text(430, 355, "credentials in the tenant", middle),
  ]);
}
