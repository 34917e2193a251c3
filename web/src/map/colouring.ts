/** What the points are coloured by: a label, a part, an error, any column. */

import type { Examples, Space } from '../loaded';
import { row, norm } from '../space';
import type { Site } from '../site';
import { say, type Key } from '../words';

/** Cividis (Nuñez et al., arXiv:1712.01662) at nine places: dark to light, alike under every colour vision. */
const CIVIDIS = ['#00224e', '#123570', '#3b496c', '#575d6d', '#707173', '#8a8678', '#a59c74', '#c3b369', '#fee838'];
/** On dark paper its first third could not be seen. */
const SCALE = { light: CIVIDIS.slice(0, 8), dark: CIVIDIS.slice(3) };

export interface Colouring {
  /** By what these are, which may not be what was asked for. */
  key: string;
  values: Float32Array;
  colours: string[];
  continuous: boolean;
  /** Names of the classes, where there are some. */
  names: string[] | null;
  /** The class of each point, where there are some. */
  classes: ArrayLike<number> | null;
  least: number;
  most: number;
}

/** What there is to colour by: keys, and what people call them. */
export function choices(site: Site, examples: Examples, space: Space): [string, string][] {
  const found: [string, string][] = [];
  if (examples.labels) found.push(['label', say('colour.label')]);
  found.push(['part', say('colour.part')]);
  if (space.error) found.push(['error', say('colour.error')]);
  if (space.latents) found.push(['norm', say('colour.norm')]);
  if (examples.rows) found.push(...site.data.columns.map(({ name }, j): [string, string] => [`column:${j}`, name]));
  return found;
}

export function colouring(site: Site, examples: Examples, space: Space, key: string, theme: 'light' | 'dark'): Colouring {
  const { n } = examples;
  const classes = (key: string, of: ArrayLike<number>, names: string[]): Colouring => ({
    key,
    values: Float32Array.from(of),
    colours: names.map((_, i) => site.palette[i % site.palette.length]),
    continuous: false,
    names,
    classes: of,
    least: 0,
    most: names.length - 1,
  });
  const scale = (of: ArrayLike<number>): Colouring => {
    // A few far ones would leave all others in one colour: the scale ends at the 99th percentile.
    const sorted = Float32Array.from(of).filter(Number.isFinite).sort();
    const [least, most] = [sorted[Math.floor(0.01 * (sorted.length - 1))] ?? 0, sorted[Math.ceil(0.99 * (sorted.length - 1))] ?? 1];
    const values = Float32Array.from(of, (value) => Math.min(1, Math.max(0, (value - least) / (most - least || 1) || 0)));
    return { key, values, colours: SCALE[theme], continuous: true, names: null, classes: null, least, most };
  };
  if (key === 'error' && space.error) return scale(space.error);
  if (key === 'norm' && space.latents) return scale(Array.from({ length: n }, (_, i) => norm(row(space.latents!, i))));
  const column = key.startsWith('column:') ? site.data.columns[Number(key.slice(7))] : undefined;
  if (column && examples.rows) {
    const j = Number(key.slice(7));
    const of = Array.from({ length: n }, (_, i) => examples.rows!.values[i * examples.rows!.d + j]);
    return column.kind === 'category'
      ? classes(
          key,
          of.map((code) => code || 0),
          column.categories,
        )
      : scale(of);
  }
  if (key !== 'part' && examples.labels && site.data.class_names) return classes('label', examples.labels, site.data.class_names);
  return classes(
    'part',
    examples.parts,
    ['0', '1', '2'].map((part) => say(`part.name.${part}` as Key)),
  );
}
