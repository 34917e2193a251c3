/** What a published site is made of: `data/site.json` and the files that it names. */

export interface FileRef {
  file: string;
  bytes: number;
  crc32: number;
}

export interface ArrayRef extends FileRef {
  dtype: 'float32' | 'uint16';
  shape: number[];
}

export interface Column {
  name: string;
  kind: 'number' | 'category';
  categories: string[];
}

export interface Data {
  name: string;
  /** A volume is shown by the slice in its middle. */
  kind: 'image' | 'row' | 'volume';
  shape: number[];
  dtype: string;
  class_names: string[] | null;
  columns: Column[];
  center: number[] | null;
  deviation: number[] | null;
  centred: boolean;
  /** What is drawn of a window of a log: the name of each channel, or ""; null or absent where rows are no windows. */
  channels?: string[] | null;
}

export interface SheetsRef {
  width: number;
  height: number;
  columns: number;
  each: number;
  whole: boolean;
  files: FileRef[];
}

export interface ExamplesRef {
  n: number;
  of: number;
  kept: boolean;
  parts: ArrayRef;
  labels?: ArrayRef;
  ids?: FileRef;
  sheets?: SheetsRef;
  rows?: ArrayRef;
}

export interface Axes {
  center: number[];
  deviation: number[];
  low: number[];
  high: number[];
  directions: number[][];
  share: number[];
  along_low: number[];
  along_high: number[];
}

/** A mixture of Gaussians, by its formula. */
export interface MixtureRef {
  /** The weight of each part, (k). */
  weights: ArrayRef;
  /** The mean of each part, (k, d). */
  means: ArrayRef;
  /** The factor of the covariance of each part, (k, d, r). */
  factors: ArrayRef;
}

/** A prior whose formula the page does not know. */
export interface DrawsRef {
  /** Draws that were made from it when the site was published, (n, d). */
  draws: ArrayRef;
}

/** What is published of a prior: for N(0, I) nothing, because the page draws from it as it is. */
export type PriorRef = MixtureRef | DrawsRef | Record<string, never>;

export interface RunRef {
  name: string;
  model: string;
  latent_dim: number;
  conditional: boolean;
  skips: boolean;
  /** The name of the prior with which the run was trained. */
  prior: string;
  noise: { noise: 'gaussian' | 'masking' | 'salt-and-pepper'; strength: number } | null;
  network: string;
  figures: Record<string, number | null>;
  /** How its reconstructions stand to PCA of the same size, with a sentence for each language; null where they cannot. */
  verdict: { outcome: 'better' | 'as-good' | 'worse'; told: Record<string, string> } | null;
  /** Is a blend of latents decoded to the blend of what each is decoded to? */
  linear: boolean;
  axes: Axes;
  /** The place of each example, (n, 2), on each map that the page cannot compute, by the map's name. */
  maps: Record<string, ArrayRef>;
  latents?: ArrayRef;
  near?: { k: number; threshold: number };
  error?: ArrayRef;
  norms?: ArrayRef;
  /** What the page can draw from, by the prior's name; only of a run with a decoder. */
  priors?: Record<string, PriorRef>;
  networks: Partial<Record<'encode' | 'decode' | 'classify' | 'reconstruct', FileRef>>;
}

export interface Site {
  format: number;
  made_by: string;
  palette: string[];
  data: Data;
  examples: ExamplesRef | null;
  runs: RunRef[];
  reference_classifier: { encode: FileRef; latents: ArrayRef; radii: ArrayRef; labels: ArrayRef } | null;
}

export const FORMAT = 1;

/** The names of the maps that were published of a run. The page has PCA and the latent space itself without that, and in
 * the address "own" leaves the choice to the run: another map of such a name could not be told from these. */
export const mapNames = ({ maps }: RunRef): string[] => Object.keys(maps).filter((name) => !['own', 'pca', 'latent'].includes(name));

/** The names of the priors that one can draw from: N(0, I), and those of which something was published. */
export function priorNames({ priors = {} }: RunRef): string[] {
  const published = Object.keys(priors).filter((name) => 'weights' in priors[name] || 'draws' in priors[name]);
  return ['normal', ...published.filter((name) => !['own', 'normal'].includes(name))];
}

/** Something that the visitor should be told: a key of the words, and what they name. */
export class Problem extends Error {
  constructor(
    readonly key: string,
    readonly values: Record<string, string | number> = {},
  ) {
    super(`${key} ${JSON.stringify(values)}`);
  }
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = table[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

async function load(file: string): Promise<ArrayBuffer> {
  const answer = await fetch(file).catch(() => null);
  if (!answer?.ok) throw new Problem('problem.missing', { file });
  return answer.arrayBuffer();
}

const files = new Map<string, Promise<ArrayBuffer>>();

/** A file, whole, fetched once; one that is missing or damaged is a `Problem` that names it. */
export function fetchFile(ref: FileRef): Promise<ArrayBuffer> {
  let found = files.get(ref.file);
  if (!found) {
    found = load(ref.file).then((content) => {
      if (content.byteLength !== ref.bytes || crc32(new Uint8Array(content)) !== ref.crc32)
        throw new Problem('problem.damaged', { file: ref.file });
      return content;
    });
    files.set(ref.file, found);
    // What failed may be tried again.
    found.catch(() => files.delete(ref.file));
  }
  return found;
}

export async function fetchFloats(ref: ArrayRef): Promise<Float32Array> {
  return new Float32Array(await fetchFile(ref));
}

export async function fetchWhole(ref: ArrayRef): Promise<Uint16Array> {
  return new Uint16Array(await fetchFile(ref));
}

export async function fetchSite(): Promise<Site> {
  const file = 'data/site.json';
  const text = new TextDecoder().decode(await load(file));
  let site: Site;
  try {
    site = JSON.parse(text) as Site;
  } catch {
    throw new Problem('problem.damaged', { file });
  }
  if (site.format !== FORMAT) throw new Problem('problem.format', { file, found: String(site.format), format: FORMAT });
  return site;
}
