/** The latent space as arrays: who is near, paths, draws. The same as `gargalo.latent`, where it has the same. */

import type { Axes } from './site';

/** n rows of d numbers, one after the other. */
export interface Rows {
  values: Float32Array;
  n: number;
  d: number;
}

export function row(rows: Rows, i: number): Float32Array {
  return rows.values.subarray(i * rows.d, (i + 1) * rows.d);
}

/** Rows of arrays of the same length. */
export function stack(arrays: ArrayLike<number>[]): Rows {
  const d = arrays[0]?.length ?? 0;
  const values = new Float32Array(arrays.length * d);
  arrays.forEach((array, i) => values.set(array, i * d));
  return { values, n: arrays.length, d };
}

/** The k rows nearest to z, nearest first, and their distances; `but` is left out. */
export function nearest(rows: Rows, z: ArrayLike<number>, k: number, but = -1): { rows: number[]; distances: number[] } {
  const { values, n, d } = rows;
  const found: number[] = [];
  const squares: number[] = [];
  let worst = Infinity;
  for (let i = 0, at = 0; i < n; i++, at += d) {
    let square = 0;
    for (let j = 0; j < d && square < worst; j++) {
      const away = values[at + j] - z[j];
      square += away * away;
    }
    if (square >= worst || i === but) continue;
    let place = found.length;
    while (place > 0 && squares[place - 1] > square) place--;
    found.splice(place, 0, i);
    squares.splice(place, 0, square);
    if (found.length > k) {
      found.pop();
      squares.pop();
    }
    if (found.length === k) worst = squares[k - 1];
  }
  return { rows: found, distances: squares.map(Math.sqrt) };
}

/** Is z out of distribution: is its k-th neighbour farther than 99 % of the data's own are? */
export function isOutOfDistribution(rows: Rows, near: { k: number; threshold: number }, z: ArrayLike<number>): boolean {
  const { distances } = nearest(rows, z, near.k);
  return distances[distances.length - 1] > near.threshold;
}

/** Where z lands on a map: at the mean of its neighbours' points, weighted by 1 / distance squared. */
export function place(rows: Rows, points: Float32Array, z: ArrayLike<number>, k: number): [number, number] {
  const near = nearest(rows, z, k);
  let [x, y, total] = [0, 0, 0];
  near.rows.forEach((i, j) => {
    const weight = 1 / Math.max(near.distances[j], 1e-12) ** 2;
    x += weight * points[2 * i];
    y += weight * points[2 * i + 1];
    total += weight;
  });
  return [x / total, y / total];
}

/** z on the plane of the two widest principal directions. */
export function project(axes: Axes, z: ArrayLike<number>): [number, number] {
  const along = [0, 0];
  for (let c = 0; c < Math.min(2, axes.directions.length); c++)
    for (let j = 0; j < z.length; j++) along[c] += axes.directions[c][j] * (z[j] - axes.center[j]);
  return [along[0], along[1]];
}

/** All rows on that plane: x and y, one after the other. */
export function projectAll(axes: Axes, rows: Rows): Float32Array {
  const points = new Float32Array(2 * rows.n);
  for (let i = 0; i < rows.n; i++) points.set(project(axes, row(rows, i)), 2 * i);
  return points;
}

export type Method = 'linear' | 'slerp';

/** The point at t, 0 to 1, on the way from a to b (slerp: Shoemake 1985; for latents White, arXiv:1609.04468). */
export function between(a: ArrayLike<number>, b: ArrayLike<number>, t: number, method: Method): Float32Array {
  let [left, right] = [1 - t, t];
  if (method === 'slerp') {
    let [dot, aa, bb] = [0, 0, 0];
    for (let j = 0; j < a.length; j++) {
      dot += a[j] * b[j];
      aa += a[j] * a[j];
      bb += b[j] * b[j];
    }
    const norms = Math.sqrt(aa * bb);
    const omega = norms > 0 ? Math.acos(Math.min(1, Math.max(-1, dot / norms))) : 0;
    // Where the two are parallel, or one is zero, slerp is linear.
    if (Math.sin(omega) >= 1e-6) {
      left = Math.sin((1 - t) * omega) / Math.sin(omega);
      right = Math.sin(t * omega) / Math.sin(omega);
    }
  }
  return Float32Array.from(a, (value, j) => left * value + right * b[j]);
}

/** `steps` points from a to b, both included. */
export function path(a: ArrayLike<number>, b: ArrayLike<number>, steps: number, method: Method): Float32Array[] {
  return Array.from({ length: steps }, (_, i) => between(a, b, i / (steps - 1), method));
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32), so that a view with draws can be sent. */
export function uniforms(seed: number): () => number {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws from N(0, 1), by Box and Muller. */
export function normals(uniform: () => number): () => number {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

export interface Mixture {
  weights: Float32Array;
  means: Rows;
  /** k matrices d x r, one after the other. */
  factors: Float32Array;
  rank: number;
}

/** What draws come from: a mixture, draws that were published, or N(0, I), which needs nothing. */
export type Prior = Mixture | Rows | null;

/** n of the rows, in an order that depends on the seed alone. None comes twice before all have come. */
export function pick(rows: Rows, n: number, seed: number): Rows {
  const uniform = uniforms(seed);
  const order = Uint32Array.from({ length: rows.n }, (_, i) => i);
  const values = new Float32Array(n * rows.d);
  for (let i = 0; i < n; i++) {
    // One of those that are left takes the next place (Fisher and Yates); after the last place comes the first again.
    const next = i % rows.n;
    const one = next + Math.floor(uniform() * (rows.n - next));
    [order[next], order[one]] = [order[one], order[next]];
    values.set(row(rows, order[next]), i * rows.d);
  }
  return { values, n, d: rows.d };
}

/** n draws from a prior in d dimensions. */
export function draw(n: number, d: number, seed: number, prior: Prior): Rows {
  if (prior && 'values' in prior) return pick(prior, n, seed);
  const mixture = prior;
  const uniform = uniforms(seed);
  const normal = normals(uniform);
  const values = new Float32Array(n * d);
  if (!mixture) {
    for (let i = 0; i < values.length; i++) values[i] = normal();
    return { values, n, d };
  }
  const total = mixture.weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < n; i++) {
    let left = uniform() * total;
    let which = 0;
    while (which < mixture.weights.length - 1 && (left -= mixture.weights[which]) > 0) which++;
    const noise = Float32Array.from({ length: mixture.rank }, normal);
    for (let j = 0; j < d; j++) {
      let value = mixture.means.values[which * d + j];
      const at = (which * d + j) * mixture.rank;
      for (let r = 0; r < mixture.rank; r++) value += mixture.factors[at + r] * noise[r];
      values[i * d + j] = value;
    }
  }
  return { values, n, d };
}

export function norm(z: ArrayLike<number>): number {
  let square = 0;
  for (let j = 0; j < z.length; j++) square += z[j] * z[j];
  return Math.sqrt(square);
}

/** Shares of values in `bins` equal steps from 0 to `most`. */
export function shares(values: ArrayLike<number>, bins: number, most: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) counts[Math.min(bins - 1, Math.floor((values[i] / most) * bins))]++;
  return counts.map((count) => count / Math.max(1, values.length));
}
