/** Draws from a prior, decoded, and how much of the data they reach. */

import type { Space } from '../loaded';
import { encoded, type Raw } from '../network';
import { fetchFloats, fetchWhole } from '../site';
import type { Painter } from '../pictures/paint';
import { draw, nearest, uniforms, type Rows } from '../space';
import { controls } from '../state/view';
import { labelled } from './given';

export const DRAWS = 64;
const AT_ONCE = 100;

/** The name of the prior that is drawn from: what was asked for if this run has it, else N(0, I). */
export function priorOf(space: Space): string {
  const wanted = controls.prior.value === 'own' ? space.run.prior : controls.prior.value;
  return space.priors.has(wanted) ? wanted : 'normal';
}

/** n draws, and the label of each for a decoder that takes one: the same for all, or drawn as well. */
export function drawn(
  space: Space,
  painter: Painter,
  n: number,
  seed: number,
  label: number | null = null,
): { z: Rows; labels: Float32Array | null } {
  const z = draw(n, space.run.latent_dim, seed, space.priors.get(priorOf(space)) ?? null);
  const classes = painter.site.data.class_names?.length ?? 1;
  const uniform = uniforms(seed + 1e6);
  const labels = Array.from({ length: n }, () => label ?? Math.floor(uniform() * classes));
  return { z, labels: labelled(space, painter, labels) };
}

/** Some of the rows of latents and of labels. */
function part(z: Rows, labels: Float32Array | null, start: number, n: number): [Rows, Float32Array | null] {
  const classes = (labels?.length ?? 0) / z.n;
  return [
    { values: z.values.slice(start * z.d, (start + n) * z.d), n, d: z.d },
    labels && labels.slice(start * classes, (start + n) * classes),
  ];
}

export interface Coverage {
  draws: number;
  all: number;
  /** The share of each class. */
  classes: number[];
}

/** The share of real examples, class by class, that have a draw nearer than their own fifth real neighbour, in the
 * latents of a supervised encoder (Naeem et al., arXiv:2002.09797). Null if `isStale` says so before it is done. */
export async function coverage(
  space: Space,
  painter: Painter,
  seed: number,
  label: number | null,
  isStale: () => boolean,
): Promise<Coverage | null> {
  const { reference_classifier: referenceClassifier, data } = painter.site;
  if (!referenceClassifier) return null;
  const [real, radii, labels] = await Promise.all([
    fetchFloats(referenceClassifier.latents),
    fetchFloats(referenceClassifier.radii),
    fetchWhole(referenceClassifier.labels),
  ]);
  const n = radii.length;
  const d = real.length / n;
  const { z, labels: given } = drawn(space, painter, n, seed, label);
  const seen = new Float32Array(n * d);
  for (let start = 0; start < n; start += AT_ONCE) {
    const raw: Raw = await space.network.decode(...part(z, given, start, Math.min(AT_ONCE, n - start)));
    seen.set((await encoded(referenceClassifier.encode, data, raw)).values, start * d);
    // The page goes on answering in between.
    await new Promise((done) => setTimeout(done));
    if (isStale()) return null;
  }
  const samples = { values: seen, n, d };
  const classes = data.class_names!.length;
  const [reached, there] = [new Array<number>(classes).fill(0), new Array<number>(classes).fill(0)];
  for (let i = 0; i < n; i++) {
    there[labels[i]]++;
    if (nearest(samples, real.subarray(i * d, (i + 1) * d), 1).distances[0] < radii[i]) reached[labels[i]]++;
  }
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  return { draws: n, all: sum(reached) / n, classes: reached.map((count, c) => (there[c] ? count / there[c] : NaN)) };
}
