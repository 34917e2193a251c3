/** What the page can do, for the browser's console: `gargalo.decode(…)`. */

import { space } from './loaded';
import * as latent from './space';
import type { Site } from './site';

export function openConsole(site: Site): void {
  const of = (run: number) => space(site, site.runs[run]);
  const calls = {
    site,
    /** Latents, as lists of numbers, to model space or to raw examples. */
    async decode(run: number, z: number[][], wanted: 'raw' | 'x' = 'raw', labels: number[][] | null = null) {
      const rows = latent.stack(z);
      const found = await (await of(run)).network.decode(rows, labels && latent.stack(labels).values, wanted);
      const size = found.length / rows.n;
      return z.map((_, i) => Array.from(found.subarray(i * size, (i + 1) * size)));
    },
    async encode(run: number, raw: number[]) {
      const bytes = site.data.dtype === 'uint8' ? Uint8Array.from(raw) : Float32Array.from(raw);
      const z = await (await of(run)).network.encode(bytes);
      return Array.from({ length: z.n }, (_, i) => Array.from(latent.row(z, i)));
    },
    /** A map: the place of each example. */
    async map(run: number, kind = 'tsne') {
      const points = (await of(run)).maps.get(kind)!;
      return Array.from({ length: points.length / 2 }, (_, i) => [points[2 * i], points[2 * i + 1]]);
    },
    /** Where a latent lands on a map, and its distance to the data. */
    async place(run: number, z: number[], map = 'tsne') {
      const { latents, maps, run: ref } = await of(run);
      const near = latent.nearest(latents!, z, ref.near!.k);
      return {
        at: latent.place(latents!, maps.get(map)!, z, ref.near!.k),
        distance: near.distances.at(-1),
        outOfDistribution: latent.isOutOfDistribution(latents!, ref.near!, z),
      };
    },
  };
  Object.assign(window, { gargalo: calls });
}
