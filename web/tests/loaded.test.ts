/** What a run offers to draw from and to look at: whatever its site names, in the order in which it names it. */

import { beforeEach, describe, expect, test, vi } from 'vitest';
import { space } from '../src/loaded';
import { crc32, mapNames, priorNames, type ArrayRef, type RunRef, type Site } from '../src/site';
import { controls, view } from '../src/state/view';
import { priorOf } from '../src/views/draws';
import { mapName, priorName } from '../src/words';

const served = new Map<string, Float32Array>();
vi.stubGlobal('fetch', (file: string) =>
  Promise.resolve(new Response(served.get(file)?.slice(), { status: served.has(file) ? 200 : 404 })),
);

/** An array of the site, which is served from now on. */
function array(name: string, shape: number[], ...values: number[]): ArrayRef {
  const [file, content] = [`data/${name}.bin`, Float32Array.from(values)];
  served.set(file, content);
  return { file, bytes: content.byteLength, crc32: crc32(new Uint8Array(content.buffer)), dtype: 'float32', shape };
}

/** A run of two examples, with two latent numbers each. */
const run = (given: Partial<RunRef>) =>
  ({
    latent_dim: 2,
    prior: 'normal',
    axes: {
      center: [0, 0],
      directions: [
        [1, 0],
        [0, 1],
      ],
    },
    maps: {},
    latents: array('latents', [2, 2], 1, 2, 3, 4),
    ...given,
  }) as RunRef;
const load = (of: RunRef) => space({} as Site, of);

const tsne = array('tsne', [2, 2], 0, 1, 2, 3);
const umap = array('umap', [2, 2], 5, 6, 7, 8);
const mixture = {
  weights: array('weights', [1], 1),
  means: array('means', [1, 2], 7, 8),
  factors: array('factors', [1, 2, 1], 1, 1),
};
const flow = { draws: array('flow', [3, 2], 1, 2, 3, 4, 5, 6) };

beforeEach(() => {
  controls.prior.value = 'own';
  view.lang.value = 'en';
});

describe('maps', () => {
  test('are those of the site, PCA, and the latent space itself where it is flat', async () => {
    expect([...(await load(run({ maps: { tsne } }))).maps.keys()]).toEqual(['tsne', 'pca', 'latent']);
    const { maps } = await load(run({ maps: { tsne, umap } }));
    expect([...maps.keys()]).toEqual(['tsne', 'umap', 'pca', 'latent']);
    expect([...maps.get('umap')!]).toEqual([5, 6, 7, 8]);
  });
  test('that the page makes itself are its own', async () => {
    const taken = run({ maps: { pca: umap, latent: umap, own: umap } });
    expect(mapNames(taken)).toEqual([]);
    const { maps } = await load(taken);
    expect([...maps.keys()]).toEqual(['pca', 'latent']);
    expect([...maps.get('latent')!]).toEqual([1, 2, 3, 4]);
  });
  test('have the words of the page, or their own name, even where the page has a text of that key', () => {
    expect(['tsne', 'pca', 'latent', 'umap', 'lasso', '<b>'].map(mapName)).toEqual([
      ...['t-SNE', 'PCA', 'the latent space itself'],
      ...['umap', 'lasso', '<b>'],
    ]);
  });
});

describe('priors', () => {
  test('are N(0, I), and those of the site of which something was published', async () => {
    expect([...(await load(run({}))).priors]).toEqual([['normal', null]]);
    const { priors } = await load(run({ priors: { normal: {}, gmm: mixture, flow, sphere: {} } }));
    expect([...priors.keys()]).toEqual(['normal', 'gmm', 'flow']);
    expect(priors.get('normal')).toBe(null);
    expect(priors.get('gmm')).toEqual({
      weights: Float32Array.of(1),
      means: { values: Float32Array.of(7, 8), n: 1, d: 2 },
      factors: Float32Array.of(1, 1),
      rank: 1,
    });
    expect(priors.get('flow')).toEqual({ values: Float32Array.of(1, 2, 3, 4, 5, 6), n: 3, d: 2 });
  });
  test('are known by what was published, not by their names', async () => {
    const odd = run({ priors: { normal: flow, own: flow, second: mixture } });
    expect(priorNames(odd)).toEqual(['normal', 'second']);
    expect((await load(odd)).priors.get('normal')).toBe(null);
  });
  test('are drawn from as people ask, or as the run was trained; what a run has not is N(0, I)', async () => {
    const found = await load(run({ prior: 'flow', priors: { normal: {}, flow } }));
    const asked = (name: string) => ((controls.prior.value = name), priorOf(found));
    expect(['own', 'flow', 'normal', 'gmm', 'nothing'].map(asked)).toEqual(['flow', 'flow', 'normal', 'normal', 'normal']);
    const bare = await load(run({ prior: 'flow', priors: { normal: {} } }));
    controls.prior.value = 'own';
    expect(priorOf(bare)).toBe('normal');
  });
  test('have the words of the page, or their own name, even where the page has a text of that key', () => {
    expect(['normal', 'gmm', 'flow', 'label'].map(priorName)).toEqual([
      ...['N(0, I)', 'Gaussian mixture fitted to the latents'],
      ...['flow', 'label'],
    ]);
  });
  test('whose draws are damaged are told, by file', async () => {
    const broken = { draws: { ...array('broken', [1, 2], 1, 2), crc32: 0 } };
    await expect(load(run({ priors: { broken } }))).rejects.toMatchObject({ key: 'problem.damaged', values: { file: 'data/broken.bin' } });
  });
});
