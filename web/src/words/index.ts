/** The words of the page in the language that the visitor chose. */

import type { Data } from '../site';
import { view } from '../state/view';
import { en, type Key } from './en';
import { pt } from './pt';

export type { Key };
const languages = { en, pt };
export const TAGS = { en: 'en', pt: 'pt-BR' };

/** What the examples are and lack, the nearest word first: a text of `key.row` is said instead of that of `key` of rows. */
export function things({ kind, channels, class_names }: Pick<Data, 'kind' | 'channels' | 'class_names'>): string[] {
  const seen = kind === 'row' ? [...(channels ? ['window'] : []), 'row'] : kind === 'volume' ? ['volume'] : [];
  return class_names ? seen : [...seen, 'unlabelled'];
}

/** The key of what is said of such examples. */
export function own(key: Key, of: string[]): Key {
  return of.map((thing) => `${key}.${thing}`).find(knows) ?? key;
}

/** The text behind a key, with the values that it names, as it is said of the examples of this site. Reads the language,
 * so that what shows it follows. `{n:row|rows}` is the first of 1 and else the second. */
export function say(key: Key, values: Record<string, string | number> = {}): string {
  const found = view.site.value ? own(key, things(view.site.value.data)) : key;
  return languages[view.lang.value][found].replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, name: string, one?: string, more?: string) =>
    one === undefined ? String(values[name] ?? '') : (Number(values[name]) === 1 ? one : more)!,
  );
}

/** Is there such a text? For keys that a file names. */
export const knows = (key: string): key is Key => key in en;

/** Is this one of the maps that the page has words for? */
export const isOwnMap = (name: string): name is 'tsne' | 'pca' | 'latent' => ['tsne', 'pca', 'latent'].includes(name);

/** What people call a map: one that somebody's package brought has no other name than its own. */
export const mapName = (name: string): string => (isOwnMap(name) ? say(`map.${name}`) : name);

/** What people call a prior. */
export const priorName = (name: string): string => (name === 'normal' || name === 'gmm' ? say(`generate.${name}`) : name);

/** Decimals that tell apart values which differ by a hundredth of this spread, 8 at most. */
export const digitsOf = (spread: number, least = 2): number => Math.min(8, Math.max(least, Math.ceil(2 - Math.log10(spread || 1))));

/** A number as this language writes it. */
export function number(value: number, digits = 3): string {
  return value.toLocaleString(TAGS[view.lang.value], { maximumFractionDigits: digits, signDisplay: 'negative' });
}
