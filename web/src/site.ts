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
  kind: 'image' | 'row';
  shape: number[];
  dtype: string;
  class_names: string[] | null;
  columns: Column[];
  center: number[] | null;
  deviation: number[] | null;
  centred: boolean;
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

export interface RunRef {
  name: string;
  model: string;
  latent_dim: number;
  conditional: boolean;
  skips: boolean;
  prior: 'normal' | 'gmm';
  noise: { noise: 'gaussian' | 'masking' | 'salt-and-pepper'; strength: number } | null;
  network: string;
  figures: Record<string, number | null>;
  axes: Axes;
  maps: { tsne?: ArrayRef };
  latents?: ArrayRef;
  near?: { k: number; threshold: number };
  error?: ArrayRef;
  norms?: ArrayRef;
  priors?: { normal: object; gmm?: { weights: ArrayRef; means: ArrayRef; factors: ArrayRef } };
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

function crc32(bytes: Uint8Array): number {
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
