/** Links that were sent must open as they were: the format of the address is measured here, text by text. */

import type { Signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Site } from '../src/site';
import { followAddress, forgetUnknown, readAddress, writeAddress } from '../src/state/address';
import { edits, selection } from '../src/state/selection';
import { chooseRun, controls, view } from '../src/state/view';

/** Of each field: its name in the address, a text for it, the signal that holds it, and the value that the text means. */
const FIELDS: [string, string, Signal, unknown][] = [
  ['lang', 'pt', view.lang, 'pt'],
  ['view', 'walk', view.name, 'walk'],
  ['run', '2', view.runIndex, 2],
  ['with', '1', view.otherRunIndex, 1],
  ['projector', '1', view.projector, true],
  ['map', 'pca', controls.map, 'pca'],
  ['colour', 'column:3', controls.colour, 'column:3'],
  ['pin', '17', selection.pinned, 17],
  ['off', '0,3,7', selection.muted, [0, 3, 7]],
  ['guess', '1', controls.guessing, true],
  ['lines', '1', controls.lines, true],
  ['lasso', 'tsne,0,-1.5,1,2.25,-3,4', selection.lasso, { kind: 'tsne', corners: [0, -1.5, 1, 2.25, -3, 4] }],
  ['from', '0', selection.walkFrom, 0],
  ['to', '9', selection.walkTo, 9],
  ['t', '0.250', controls.t, 0.25],
  ['way', 'slerp', controls.method, 'slerp'],
  ['prior', 'gmm', controls.prior, 'gmm'],
  ['seed', '12', controls.seed, 12],
  ['label', '4', controls.label, 4],
  ['start', 'mean', controls.start, 'mean'],
  ['sliders', 'axes', controls.sliders, 'axes'],
  ['pca', '0:1.5,3:-0.25', edits.directions, { 0: 1.5, 3: -0.25 }],
  ['axes', '1:-2', edits.axes, { 1: -2 }],
  ['zero', '5', edits.zeroed, 5],
  ['jitter', '0.75', edits.noise, 0.75],
  ['noise', '0.3', controls.noise, 0.3],
  ['take', '8', selection.taken, 8],
  ['same', 'pads', controls.same, 'pads'],
];
const USUAL = '#lang=en';
const ALL = '#' + FIELDS.map(([key, text]) => `${key}=${text}`).join('&');

beforeEach(() => readAddress(USUAL));

describe('reading and writing', () => {
  test('the usual is left out, but for the language', () => {
    expect(writeAddress()).toBe('#lang=en');
    readAddress('#lang=en&view=map&run=0&projector=0&map=own&colour=label&off=&t=0.5&way=linear&seed=0&start=pin&pca=0:0&jitter=0');
    expect(writeAddress()).toBe('#lang=en');
  });

  test.each(FIELDS)('%s=%s goes there and back, alone', (key, text, signal, value) => {
    expect(signal.value).not.toEqual(value);
    readAddress(`#${key}=${text}`);
    expect(signal.value).toEqual(value);
    expect(writeAddress()).toBe(key === 'lang' ? '#lang=pt' : `#lang=en&${key}=${text}`);
  });

  test('all fields go there and back together, always in the same order', () => {
    readAddress(ALL);
    expect(writeAddress()).toBe(ALL);
    for (const [key, , signal, value] of FIELDS) expect(signal.value, key).toEqual(value);
  });

  test('every choice is in the address but for those of the moment and of the screen', () => {
    const notSent = [view.site, view.run, view.theme, view.narrow, view.problem, selection.hovered, selection.enclosed];
    const sent = FIELDS.map(([, , signal]) => signal);
    const choices = [view, controls, selection, edits].flatMap((group) => Object.values(group) as Signal[]);
    expect(new Set(choices)).toEqual(new Set([...sent, ...notSent]));
  });

  test('what an address does not say is as usual again; its language alone stays', () => {
    readAddress(ALL);
    readAddress('');
    expect(writeAddress()).toBe('#lang=pt');
  });

  test('numbers are written with at most five digits', () => {
    selection.lasso.value = { kind: 'pca', corners: [1 / 3, 100000 / 3, -1e-7, 0, 2, 3] };
    edits.axes.value = { 0: 2 / 3, 1: 0 };
    controls.t.value = 2 / 3;
    expect(writeAddress()).toBe('#lang=en&lasso=pca,0.33333,33333,-1e-7,0,2,3&t=0.667&axes=0:0.66667');
    readAddress(writeAddress());
    expect(selection.lasso.value.corners[2]).toBe(-1e-7);
  });

  test('links that were sent before open as they did', () => {
    readAddress('#lang=pt&view=generate&run=1&pin=3&prior=normal&seed=4&sliders=axes&axes=0%3A1.25%2C2%3A-0.5&jitter=0.4');
    expect([view.lang.value, view.name.value, view.runIndex.value, controls.seed.value]).toEqual(['pt', 'generate', 1, 4]);
    expect([edits.axes.value, edits.noise.value]).toEqual([{ 0: 1.25, 2: -0.5 }, 0.4]);
    readAddress('#view=draw&take=12&noise=0.5&unknown=1');
    expect([view.name.value, selection.taken.value, controls.noise.value]).toEqual(['draw', 12, 0.5]);
  });
});

describe('garbage', () => {
  test.each([
    ...[
      'run=-1',
      'run=1.5',
      'run=1234567890',
      'pin=x',
      'pin=',
      'seed=1e3',
      'view=nothing',
      'way=Linear',
      'guess=yes',
      'off=1;2',
      't=-1',
      't=.5',
    ],
    ...[
      't=12',
      'jitter=NaN',
      'jitter=1e400',
      'noise=0x10',
      'pca=1',
      'pca=-1:2',
      'pca=0.5:1',
      'axes=0:1:2',
      'axes=0:1,',
      'with=null',
      'map=',
      'prior=',
    ],
    ...[
      'lasso=',
      'lasso=pca',
      'lasso=own,0,0,1,0,1,1',
      'lasso=,0,0,1,0,1,1',
      'lasso=pca,0,0,1,0',
      'lasso=pca,0,0,1,0,1',
      'lasso=pca,0,0,1,0,1,x',
      'lasso=pca,0,0,1,0,1,1,2',
      'lasso=pca,0,0,1,x,0,1,1',
      'lang=fr',
      '%',
    ],
  ])('%s is ignored', (text) => {
    readAddress(`#${text}`);
    expect(writeAddress()).toBe(USUAL);
  });

  test('one wrong field takes no other with it', () => {
    readAddress('#pin=x&seed=3&t=oh');
    expect(writeAddress()).toBe('#lang=en&seed=3');
  });

  test('a share above one is one, and a text is cut', () => {
    readAddress(`#t=7.5&colour=${'x'.repeat(300)}`);
    expect([controls.t.value, controls.colour.value.length]).toEqual([1, 200]);
  });
});

/** Two runs, of 2 and 3 latent numbers, on ten examples of three classes. The second has a map and a prior that somebody's
 * package brought, and a prior of which nothing was published. */
const site = {
  runs: [
    { latent_dim: 2, axes: { directions: [[], []] }, maps: {} },
    {
      latent_dim: 3,
      axes: { directions: [[], [], []] },
      maps: { tsne: {}, 'umap 2.0': {} },
      priors: { normal: {}, flow: { draws: {} }, sphere: {} },
    },
  ],
  examples: { n: 10 },
  data: { class_names: ['a', 'b', 'c'] },
} as unknown as Site;

describe('what names nothing of this site is forgotten', () => {
  const forgotten = (text: string) => {
    readAddress(`#${text}`);
    forgetUnknown(site);
    return writeAddress();
  };
  test('numbers that are too large', () => {
    expect(forgotten('run=2&with=2&pin=10&label=3&from=10&to=11&zero=2&take=99')).toBe(USUAL);
  });
  test('but not the largest', () => {
    const largest = 'run=1&with=1&pin=9&from=9&to=9&label=2&zero=2&take=9';
    expect(forgotten(largest)).toBe(`${USUAL}&${largest}`);
  });
  test('moves along directions and axes that this run has not', () => {
    expect(forgotten('pca=1:1,2:1&axes=0:1,5:1')).toBe(`${USUAL}&pca=1:1&axes=0:1`);
    expect(forgotten('run=1&pca=1:1,2:1')).toBe(`${USUAL}&run=1&pca=1:1,2:1`);
  });
  test('more noise than can be added', () => {
    expect(forgotten('jitter=99')).toBe(`${USUAL}&jitter=3`);
    expect(forgotten('jitter=-1')).toBe(USUAL);
  });
  test('maps and priors that no run has', () => {
    expect(forgotten('map=umap&prior=flow2')).toBe(USUAL);
    expect(forgotten('map=constructor&prior=toString')).toBe(USUAL);
    expect(forgotten('lasso=umap,0,0,1,0,1,1&seed=3')).toBe(`${USUAL}&seed=3`);
    expect(forgotten('prior=sphere'), 'one cannot draw from it').toBe(USUAL);
  });
  test('but no map and no prior that some run has, whatever it is called', () => {
    const named = 'map=umap+2.0&lasso=umap+2.0,0,0,1,0,1,1&prior=flow';
    expect(forgotten(named)).toBe(`${USUAL}&${named}`);
    expect([controls.map.value, selection.lasso.value?.kind, controls.prior.value]).toEqual(['umap 2.0', 'umap 2.0', 'flow']);
  });
  test.each(['map=tsne&lasso=tsne,0,0,1,0,1,1&prior=gmm', 'map=pca&prior=normal', 'map=latent'])(
    'nor the names of old links, on any site: %s',
    (text) => {
      const old = { ...site, runs: [{ ...site.runs[0], priors: { normal: {} } }] };
      readAddress(`#${text}`);
      forgetUnknown(old);
      expect(writeAddress()).toBe(`${USUAL}&${text}`);
    },
  );
  test('examples of a site that was published without any', () => {
    readAddress('#pin=0&view=draw');
    forgetUnknown({ ...site, examples: null });
    expect(writeAddress()).toBe(`${USUAL}&view=draw`);
  });
});

test('another run forgets edits, lasso and noise, which belong to the last one, and nothing else', () => {
  readAddress('#pin=3&seed=2&lasso=pca,0,0,1,0,1,1&pca=0:1&axes=0:1&zero=0&jitter=1&noise=0.5');
  chooseRun(0);
  expect(writeAddress()).toContain('lasso=');
  chooseRun(1);
  expect(writeAddress()).toBe(`${USUAL}&run=1&pin=3&seed=2`);
});

describe('the address of the page', () => {
  const location = { hash: '' };
  const written: string[] = [];
  let changed: () => void;
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('location', location);
    vi.stubGlobal('window', globalThis);
    vi.stubGlobal('history', {
      replaceState: (_state: null, _title: string, hash: string) => {
        written.push(hash);
        location.hash = hash;
      },
    });
    vi.stubGlobal('addEventListener', (name: string, act: () => void) => name === 'hashchange' && (changed = act));
    written.length = 0;
    location.hash = '';
    followAddress(site);
  });
  afterEach(() => void vi.useRealTimers());

  test('is written at once, and then not more often than browsers allow, but with the last choice', () => {
    expect(location.hash).toBe(USUAL);
    vi.advanceTimersByTime(1000);
    for (let k = 1; k <= 100; k++) {
      controls.t.value = k / 200;
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(1000);
    expect(written.length).toBeLessThan(7);
    controls.t.value = 0.9;
    vi.advanceTimersByTime(1000);
    expect(location.hash).toBe(`${USUAL}&t=0.900`);
  });

  test('is followed when somebody else changes it, and corrected', () => {
    location.hash = '#view=walk&run=9&pin=4&lang=pt';
    changed();
    expect([view.name.value, view.runIndex.value, selection.pinned.value, view.lang.value]).toEqual(['walk', 0, 4, 'pt']);
    vi.advanceTimersByTime(1000);
    expect(location.hash).toBe('#lang=pt&view=walk&pin=4');
  });
});
