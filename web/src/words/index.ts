/** The words of the page in the language that the visitor chose. */

import { view } from '../state/view';
import { en, type Key } from './en';
import { pt } from './pt';

export type { Key };
const languages = { en, pt };
export const TAGS = { en: 'en', pt: 'pt-BR' };

/** The text behind a key, with the values that it names. Reads the language, so that what shows it follows. */
export function say(key: Key, values: Record<string, string | number> = {}): string {
  return languages[view.lang.value][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** Is there such a text? For keys that a file names. */
export const knows = (key: string): key is Key => key in en;

/** A number as this language writes it. */
export function number(value: number, digits = 3): string {
  return value.toLocaleString(TAGS[view.lang.value], { maximumFractionDigits: digits, signDisplay: 'negative' });
}
