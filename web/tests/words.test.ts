/** What the page says fits what the data are: rows are not called pictures, and nobody draws a volume. */

import { beforeEach, expect, test } from 'vitest';
import type { Data, Site } from '../src/site';
import { view } from '../src/state/view';
import { digitsOf, own, say, things, type Key } from '../src/words';
import { en } from '../src/words/en';
import { pt } from '../src/words/pt';

const OF_PICTURES = /pixel|picture|image[^m]|digit|imagem|imagens|píxel|dígito/i;
/** Said where a picture is opened or drawn, which nobody does with rows; and the picture of one of them. */
const ONLY_PICTURES = ['problem.picture', 'draw.file', 'draw.centred'];
const SUFFIX = /\.(row|window|volume|unlabelled)$/;
const data = (kind: Data['kind'], more: Partial<Data> = {}) => ({ kind, class_names: ['a'], ...more }) as Data;

beforeEach(() => (view.site.value = null));

test.each(['row', 'volume'] as const)('no text says pictures of a %s', (kind) => {
  const of = things(data(kind));
  for (const words of [en, pt])
    for (const key of Object.keys(en) as Key[])
      if (!SUFFIX.test(key) && !ONLY_PICTURES.includes(key)) expect(words[own(key, of)], key).not.toMatch(OF_PICTURES);
});

test('the nearest word is taken, and both languages have it', () => {
  expect(things(data('row', { channels: ['heat'] }))).toEqual(['window', 'row']);
  expect(own('lesson.walk', ['window', 'row'])).toBe('lesson.walk.window');
  expect(own('lesson.draw', ['window', 'row'])).toBe('lesson.draw.row');
  expect(own('lesson.map', ['window', 'row'])).toBe('lesson.map');
  expect(things(data('image', { class_names: null }))).toEqual(['unlabelled']);
});

test('what is said follows the site', () => {
  expect(say('view.draw')).toBe('Draw');
  view.site.value = { data: data('row', { class_names: null }) } as Site;
  expect(say('view.draw')).toBe('Set values');
  expect(say('map.search.help')).toBe('id');
});

test('one is not many, and small columns have the decimals that they take', () => {
  expect(say('run.about', { model: 'VAE', d: 1, network: 'mlp' })).toBe('VAE, 1 number, network mlp');
  expect(say('walk.out-of-distribution', { n: 2, steps: 12 })).toMatch(/^2 of 12 steps are out/);
  expect([digitsOf(300), digitsOf(1, 3), digitsOf(0.3), digitsOf(1e-30)]).toEqual([2, 3, 3, 8]);
});
