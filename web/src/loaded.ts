/** What of the site has been loaded: one copy, shared by all views. */

import { signal, type Signal } from '@preact/signals';
import { Network } from './network';
import { Sheets } from './pictures/sheets';
import { fetchFile, fetchFloats, fetchWhole, mapNames, priorNames, type PriorRef, type RunRef, type Site } from './site';
import { projectAll, type Prior, type Rows } from './space';

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
  /** What one can draw from, by name: N(0, I), and whatever was published. */
  priors: Map<string, Prior>;
  /** Maps (x and y, one after the other) by name: those that there are. */
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

async function loadPrior(d: number, published: PriorRef | undefined): Promise<Prior> {
  if (published && 'draws' in published) {
    const values = await fetchFloats(published.draws);
    return { values, n: values.length / d, d };
  }
  if (published && 'weights' in published) {
    const [weights, means, factors] = await Promise.all([published.weights, published.means, published.factors].map(fetchFloats));
    return { weights, means: { values: means, n: published.means.shape[0], d }, factors, rank: published.factors.shape[2] };
  }
  return null;
}

/** What belongs to each name, by name, in the order of the names. */
async function byName<T>(names: string[], load: (name: string) => Promise<T>): Promise<Map<string, T>> {
  return new Map(await Promise.all(names.map(async (name): Promise<[string, T]> => [name, await load(name)])));
}

async function loadSpace(site: Site, run: RunRef): Promise<Space> {
  const d = run.latent_dim;
  const [values, error, norms, maps, priors] = await Promise.all([
    run.latents ? fetchFloats(run.latents) : null,
    run.error ? fetchFloats(run.error) : null,
    run.norms ? fetchFloats(run.norms) : null,
    byName(mapNames(run), (name) => fetchFloats(run.maps[name])),
    byName(priorNames(run), (name) => loadPrior(d, name === 'normal' ? undefined : run.priors?.[name])),
  ]);
  const latents = values && { values, n: values.length / d, d };
  if (latents) maps.set('pca', projectAll(run.axes, latents));
  if (latents && d === 2) maps.set('latent', latents.values);
  return {
    run,
    network: new Network(run, site.data),
    latents,
    error,
    norms,
    priors,
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
