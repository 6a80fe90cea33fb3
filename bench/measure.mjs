/** Numbers: medians, spreads, what the kernel counts for a process, and tables of them. */
import { readFileSync } from 'node:fs';

/** /proc/<pid>/stat counts in USER_HZ, which Linux fixes at 100 for everything that reads it. */
const TICKS_PER_SECOND = 100;

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at - Math.floor(at));
}

export const median = (values) => quantile(values, 0.5);

/** Half the distance between the quartiles, as a part of the median: how far a typical round strays. */
export const spread = (values) => (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / median(values);

/** User and system seconds of a process, all its threads together. */
export function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name may hold blanks and brackets
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Seconds that all cores together have not been idle, whoever used them. */
export function machineSeconds() {
  const [user, nice, system, , , irq, softirq, steal] = /^cpu +(.*)$/m
    .exec(readFileSync('/proc/stat', 'utf8'))[1]
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

export function rssMiB(pid) {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kib) / 1024;
}

/** Slope and height of the straight line of least squares. */
export function line(points) {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = covariance / variance;
  return { slope, at: (x) => meanY + slope * (x - meanX) };
}

/** Rows of cells, the first left-aligned and the rest right-aligned. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const align = (cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]));
  return rows.map((row) => row.map(align).join('   ')).join('\n');
}

export const withSpread = (values, decimals) =>
  `${median(values).toFixed(decimals)} ±${Math.round(100 * spread(values))}%`;

/** The order of a round: everybody is first equally often. */
export const rotated = (list, round) => list.map((_, index) => list[(index + round) % list.length]);
