/** What of the site has been loaded: one copy, shared by all views. */

import { signal, type Signal } from '@preact/signals';
import { Network } from './network';
import { Sheets } from './pictures/sheets';
import { fetchFile, fetchFloats, fetchWhole, type RunRef, type Site } from './site';
import { projectAll, type Mixture, type Rows } from './space';

/** What belongs to the examples, whichever run is looked at. */
export interface Examples {
  n: number;
  parts: Uint16Array;
  labels: Uint16Array | null;
  ids: string[] | null;
  rows: Rows | null;
  sheets: Sheets | null;
}

/** What belongs to one run. */
export interface Space {
  run: RunRef;
  network: Network;
  latents: Rows | null;
  error: Float32Array | null;
  norms: Float32Array | null;
  mixture: Mixture | null;
  /** Maps (x and y, one after the other) by kind: those that there are. */
  maps: Map<string, Float32Array>;
}

export async function loadExamples({ examples, data }: Site): Promise<Examples | null> {
  if (!examples) return null;
  const [parts, labels, ids, rows] = await Promise.all([
    fetchWhole(examples.parts),
    examples.labels ? fetchWhole(examples.labels) : null,
    examples.ids ? fetchFile(examples.ids).then((content) => JSON.parse(new TextDecoder().decode(content)) as string[]) : null,
    examples.rows ? fetchFloats(examples.rows) : null,
  ]);
  return {
    n: examples.n,
    parts,
    labels,
    ids,
    rows: rows && { values: rows, n: examples.n, d: data.shape[0] },
    sheets: examples.sheets ? new Sheets(examples.sheets, examples.n) : null,
  };
}

async function loadSpace(site: Site, run: RunRef): Promise<Space> {
  const gmm = run.priors?.gmm;
  const [values, error, tsne, norms, ...mixture] = await Promise.all([
    run.latents ? fetchFloats(run.latents) : null,
    run.error ? fetchFloats(run.error) : null,
    run.maps.tsne ? fetchFloats(run.maps.tsne) : null,
    run.norms ? fetchFloats(run.norms) : null,
    ...(gmm ? [gmm.weights, gmm.means, gmm.factors].map(fetchFloats) : []),
  ]);
  const d = run.latent_dim;
  const latents = values && { values, n: values.length / d, d };
  const maps = new Map<string, Float32Array>();
  if (tsne) maps.set('tsne', tsne);
  if (latents) maps.set('pca', projectAll(run.axes, latents));
  if (latents && d === 2) maps.set('latent', latents.values);
  return {
    run,
    network: new Network(run, site.data),
    latents,
    error,
    norms,
    mixture: gmm
      ? {
          weights: mixture[0],
          means: { values: mixture[1], n: gmm.means.shape[0], d },
          factors: mixture[2],
          rank: gmm.factors.shape[2],
        }
      : null,
    maps,
  };
}

const spaces = new Map<RunRef, Promise<Space>>();

/** The space of a run, loaded once. */
export function space(site: Site, run: RunRef): Promise<Space> {
  let found = spaces.get(run);
  if (!found) {
    found = loadSpace(site, run);
    spaces.set(run, found);
    found.catch(() => spaces.delete(run));
  }
  return found;
}

export const examples: Signal<Examples | null> = signal(null);
