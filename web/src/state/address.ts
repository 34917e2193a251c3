/** The address of the page holds what the visitor chose, so that a view can be sent as a link. Only this file knows how
 * it is written there: `#view=walk&from=3&t=0.250`. What is as usual is left out. */

import { batch, effect, type Signal } from '@preact/signals';
import { mapNames, priorNames, type Site } from '../site';
import { edits, MOST_NOISE, selection, type Lasso, type Moves } from './selection';
import { controls, view, VIEWS } from './view';

/** How a value is written in the address, and read again. */
interface Codec<T> {
  /** The value of a text; undefined where the text is no such value. */
  read: (text: string) => T | undefined;
  /** The text of a value. */
  write: (value: T) => string;
}

const readDecimal = (text: string) => (/^-?\d{1,9}(\.\d{1,9})?(e-\d\d?)?$/.test(text) ? Number(text) : undefined);
/** Five digits are more than a screen shows, and keep an address short. */
const writeDecimal = (value: number) => String(Number(value.toPrecision(5)));

const oneOf = <T extends string>(...known: readonly T[]): Codec<T> => ({
  read: (text) => known.find((name) => name === text),
  write: String,
});
const anyText: Codec<string> = { read: (text) => text.slice(0, 200), write: String };
/** A name that a site may know: `forgetUnknown` sees whether it does. */
const anyName: Codec<string> = { read: (text) => text || undefined, write: String };
const flag: Codec<boolean> = { read: (text) => text === '1', write: (on) => (on ? '1' : '0') };
const wholeNumber: Codec<number> = { read: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined), write: String };
const decimal: Codec<number> = { read: readDecimal, write: writeDecimal };
/** From 0 to 1. */
const share: Codec<number> = {
  read: (text) => (/^\d(\.\d{0,6})?$/.test(text) ? Math.min(1, Number(text)) : undefined),
  write: (value) => value.toFixed(3),
};
/** `0,3,7` */
const wholeNumbers: Codec<number[]> = {
  read: (text) => (/^[\d,]*$/.test(text) ? text.split(',').filter(Boolean).map(Number) : undefined),
  write: (list) => list.join(','),
};
/** The map, then x and y of each corner: `pca,0,0,1,0,1,1` */
const lasso: Codec<Lasso> = {
  read: (text) => {
    const [kind, ...rest] = text.split(',');
    const corners = rest.map(readDecimal).filter((value) => value !== undefined);
    const isWhole = corners.length === rest.length && corners.length >= 6 && corners.length % 2 === 0;
    return isWhole && kind && kind !== 'own' ? { kind, corners } : undefined;
  },
  write: ({ kind, corners }) => [kind, ...corners.map(writeDecimal)].join(','),
};
/** The number of each direction and how far the latent was moved along it: `0:1.5,3:-0.25` */
const moves: Codec<Moves> = {
  read: (text) => {
    const found: Moves = {};
    for (const move of text.split(',')) {
      const [i, by, ...more] = move.split(':').map(readDecimal);
      if (i === undefined || !Number.isInteger(i) || i < 0 || by === undefined || more.length) return undefined;
      found[i] = by;
    }
    return found;
  },
  write: (of) =>
    Object.entries(of)
      .filter(([, by]) => by)
      .map(([i, by]) => `${i}:${writeDecimal(by)}`)
      .join(','),
};

/** One of the choices that the address holds. */
interface Field {
  /** Its name in the address. */
  key: string;
  /** Takes the choice from the text in the address; null where the address does not say. */
  read: (text: string | null) => void;
  /** The text for the address; null where the choice is as usual. Reads the signal, so that an effect follows it. */
  write: () => string | null;
}

/** A choice that a signal holds. What the signal holds at first is what is usual, and is left out of the address. */
function field<T>(key: string, signal: Signal<T>, { read, write }: Codec<NonNullable<T>>): Field {
  const usual = signal.peek();
  const written = (value: T) => (value === null || value === undefined ? null : write(value));
  return {
    key,
    read: (text) => (signal.value = (text === null ? undefined : read(text)) ?? usual),
    write: () => {
      const text = written(signal.value);
      return text === written(usual) ? null : text;
    },
  };
}

/** A choice that the address always says, because another visitor's usual may differ; an address without it changes nothing. */
function alwaysSaid<T extends string>(key: string, signal: Signal<T>, codec: Codec<T>): Field {
  const { read } = field(key, signal, codec);
  return { key, read: (text) => text !== null && read(text), write: () => codec.write(signal.value) };
}

/** All that the address holds, in the order in which it stands there. */
const FIELDS: readonly Field[] = [
  alwaysSaid('lang', view.lang, oneOf('en', 'pt')),
  field('view', view.name, oneOf(...VIEWS)),
  field('run', view.runIndex, wholeNumber),
  field('with', view.otherRunIndex, wholeNumber),
  field('projector', view.projector, flag),

  field('map', controls.map, anyName),
  field('colour', controls.colour, anyText),
  field('pin', selection.pinned, wholeNumber),
  field('off', selection.muted, wholeNumbers),
  field('guess', controls.guessing, flag),
  field('lines', controls.lines, flag),
  field('lasso', selection.lasso, lasso),

  field('from', selection.walkFrom, wholeNumber),
  field('to', selection.walkTo, wholeNumber),
  field('t', controls.t, share),
  field('way', controls.method, oneOf('linear', 'slerp')),

  field('prior', controls.prior, anyName),
  field('seed', controls.seed, wholeNumber),
  field('label', controls.label, wholeNumber),
  field('start', controls.start, oneOf('pin', 'mean')),
  field('sliders', controls.sliders, oneOf('pca', 'axes')),
  field('pca', edits.directions, moves),
  field('axes', edits.axes, moves),
  field('zero', edits.zeroed, wholeNumber),
  field('jitter', edits.noise, decimal),

  field('noise', controls.noise, decimal),
  field('take', selection.taken, wholeNumber),
  field('same', controls.same, oneOf('example', 'walk', 'draws', 'pads')),
];

/** Choose what an address says, which is all after its `#`; what it does not say, or says wrongly, is as usual. */
export function readAddress(hash: string): void {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  batch(() => FIELDS.forEach(({ key, read }) => read(said.get(key))));
}

/** The address of what is chosen now, with its `#`. */
export function writeAddress(): string {
  const said = new URLSearchParams();
  for (const { key, write } of FIELDS) {
    const text = write();
    if (text !== null) said.set(key, text);
  }
  // Commas and colons may stand in an address as they are, and make it shorter.
  return `#${said}`.replaceAll('%2C', ',').replaceAll('%3A', ':');
}

/** Numbers that name no example, no run, no axis of this site, and names of no map and no prior of it, are as if nobody
 * had chosen them. */
export function forgetUnknown({ runs, examples, data }: Site): void {
  const forget = (signal: Signal<number | null>, n: number) => {
    if (signal.value !== null && signal.value >= n) signal.value = null;
  };
  const below = (n: number, of: Moves): Moves => Object.fromEntries(Object.entries(of).filter(([i]) => Number(i) < n));
  batch(() => {
    if (view.runIndex.value >= runs.length) view.runIndex.value = 0;
    // What any run has stays, so that it is there again when one comes back to that run.
    const maps = new Set(['tsne', 'pca', 'latent', ...runs.flatMap(mapNames)]);
    const priors = new Set(['normal', 'gmm', ...runs.flatMap(priorNames)]);
    if (!maps.has(controls.map.value)) controls.map.value = 'own';
    if (!priors.has(controls.prior.value)) controls.prior.value = 'own';
    if (selection.lasso.value && !maps.has(selection.lasso.value.kind)) selection.lasso.value = null;
    forget(view.otherRunIndex, runs.length);
    forget(controls.label, data.class_names?.length ?? 0);
    for (const example of [selection.pinned, selection.walkFrom, selection.walkTo, selection.taken]) forget(example, examples?.n ?? 0);
    const { latent_dim: d, axes } = runs[view.runIndex.value];
    edits.directions.value = below(axes.directions.length, edits.directions.value);
    edits.axes.value = below(d, edits.axes.value);
    forget(edits.zeroed, d);
    edits.noise.value = Math.min(MOST_NOISE, Math.max(0, edits.noise.value));
  });
}

/** Browsers refuse an address that is written more often than this, in milliseconds. */
const PAUSE = 350;

/** Write the address whenever a choice changes, and follow it when somebody else changes it. */
export function followAddress(site: Site): void {
  let own = '';
  let [last, later] = [-Infinity, 0];
  // A slider moves more often than browsers let an address be written.
  const write = () => {
    clearTimeout(later);
    const wait = last + PAUSE - performance.now();
    if (wait > 0) {
      later = window.setTimeout(write, wait);
      return;
    }
    last = performance.now();
    if (location.hash !== own) history.replaceState(null, '', own);
  };
  effect(() => {
    own = writeAddress();
    write();
  });
  addEventListener('hashchange', () => {
    if (location.hash === own) return;
    // All at once: nothing is to be drawn of what is half read, or names no example.
    batch(() => {
      readAddress(location.hash);
      forgetUnknown(site);
    });
  });
}
