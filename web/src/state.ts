/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-assignment */
/** What the visitor has chosen, as signals, and the same in the address, so that a view can be sent. */

import { batch, computed, effect, signal, type Signal } from '@preact/signals';
import { Problem, type Site } from './site';
import type { Method } from './space';

export const VIEWS = ['map', 'walk', 'generate', 'draw', 'compare'] as const;
export type View = (typeof VIEWS)[number];
export type Lang = 'en' | 'pt';

export const site = signal<Site | null>(null);
export const problem = signal<Problem | null>(null);

// ---- what the address says

interface Kept {
  name: string;
  cell: Signal<any>;
  read: (text: string) => unknown;
  write: (value: any) => string;
  usual: unknown;
}

const kept: Kept[] = [];
const asked = new URLSearchParams(location.hash.slice(1));

function keep<T>(name: string, usual: T, read: (text: string) => T | undefined, write: (value: T) => string): Signal<T> {
  const text = asked.get(name);
  const cell = signal<T>((text === null ? undefined : read(text)) ?? usual);
  kept.push({ name, cell, read, write, usual });
  return cell;
}

const oneOf =
  <T extends string>(...known: T[]) =>
  (text: string) =>
    known.find((name) => name === text);
const whole = (text: string) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined);
const share = (text: string) => (/^\d(\.\d{0,6})?$/.test(text) ? Math.min(1, Number(text)) : undefined);
const flag = (text: string) => text === '1';
const decimal = (text: string) => (/^-?\d{1,9}(\.\d{1,9})?(e-\d\d?)?$/.test(text) ? Number(text) : undefined);
const short = (value: number) => String(Number(value.toPrecision(5)));
const numbers = (text: string) => (/^[\d,]*$/.test(text) ? text.split(',').filter(Boolean).map(Number) : undefined);

function readFence(text: string): Fence | undefined {
  const [kind, ...corners] = text.split(',');
  const found = corners.map(decimal);
  const whole = found.length >= 6 && found.length % 2 === 0 && found.every((value) => value !== undefined);
  return whole && ['tsne', 'pca', 'latent'].includes(kind) ? { kind, corners: found } : undefined;
}

function readMoves(text: string): Moves | undefined {
  const found = text.split(',').map((one) => one.split(':').map(decimal));
  if (!found.every(([i, by, ...more]) => Number.isInteger(i) && i! >= 0 && by !== undefined && !more.length)) return undefined;
  return Object.fromEntries(found) as Moves;
}

const number = <T extends number | null>(name: string, usual: T) => keep<T>(name, usual, whole as (t: string) => T | undefined, String);
const choice = <T extends string>(name: string, known: readonly T[], usual: T) => keep<T>(name, usual, oneOf(...known), String);
const switched = (name: string) => keep<boolean>(name, false, flag, (on) => (on ? '1' : '0'));

export const lang = choice<Lang>('lang', ['en', 'pt'], /^pt/i.test(navigator.language) ? 'pt' : 'en');
export const view = choice<View>('view', VIEWS, 'map');
export const runIndex = number<number>('run', 0);
export const otherIndex = number<number | null>('with', null);
export const projector = switched('projector');

export const mapKind = choice('map', ['own', 'tsne', 'pca', 'latent'], 'own');
export const colour = keep<string>('colour', 'label', (text) => text.slice(0, 200), String);
export const pinned = number<number | null>('pin', null);
export const muted = keep<number[]>('off', [], numbers, (list) => list.join(','));
export const hidden = switched('guess');
export const lines = switched('lines');
/** The lasso: on which map, and its corners there, x and y, one after the other. */
export interface Fence {
  kind: string;
  corners: number[];
}
export const fence = keep<Fence | null>('lasso', null, readFence, (of) => [of!.kind, ...of!.corners.map(short)].join(','));

export const from = number<number | null>('from', null);
export const to = number<number | null>('to', null);
export const at = keep<number>('t', 0.5, share, (t) => t.toFixed(3));
export const method = choice<Method>('way', ['linear', 'slerp'], 'linear');

export const prior = choice('prior', ['own', 'normal', 'gmm'], 'own');
export const seed = number<number>('seed', 0);
export const label = number<number | null>('label', null);
/** What was done to one latent: how far it is moved along each direction and each axis, by their numbers. */
export type Moves = Record<number, number>;
const moves = (name: string) =>
  keep<Moves>(name, {}, readMoves, (of) =>
    Object.entries(of)
      .filter(([, by]) => by)
      .map(([i, by]) => `${i}:${short(by)}`)
      .join(','),
  );
export const start = choice('start', ['pin', 'mean'], 'pin');
export const sliders = choice('sliders', ['pca', 'axes'], 'pca');
export const along = moves('pca');
export const moved = moves('axes');
export const zeroed = number<number | null>('zero', null);
/** Standard deviations of each axis. */
export const MOST_JITTER = 3;
export const jitter = keep<number>('jitter', 0, decimal, short);

/** How strong the noise of Draw is; as the run was trained, where nobody chose. */
export const strength = keep<number | null>('noise', null, decimal, (value) => short(value!));
/** The example that was taken to Draw. */
export const taken = number<number | null>('take', null);
export const same = choice('same', ['example', 'walk', 'draws', 'pads'], 'example');

/** Theme is a matter of this screen: it is not sent. */
export const theme = signal<'light' | 'dark'>(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

/** Is this a phone's width? */
const phone = matchMedia('(max-width: 40rem)');
export const narrow = signal(phone.matches);
phone.addEventListener('change', () => (narrow.value = phone.matches));

/** What is under the pointer now. */
export const hovered = signal<number | null>(null);
/** Examples that are shown inside the lasso. */
export const chosen = signal<number[] | null>(null);

/** A latent as it was before it was taken apart. */
export function mend(): void {
  batch(() => {
    along.value = moved.value = {};
    zeroed.value = null;
    jitter.value = 0;
  });
}

/** Look at another run. A latent taken apart, a lasso, a noise of the last one say nothing of it. */
export function choose(at: number): void {
  if (at === runIndex.value) return;
  batch(() => {
    mend();
    fence.value = strength.value = problem.value = null;
    runIndex.value = at;
  });
}

/** Write the address whenever something changes, and follow it when somebody else changes it. */
export function followAddress(here: Site): void {
  let own = '';
  let [last, later] = [-Infinity, 0];
  // A slider moves more often than browsers let an address be written.
  const write = () => {
    clearTimeout(later);
    const wait = last + 350 - performance.now();
    if (wait > 0) {
      later = window.setTimeout(write, wait);
      return;
    }
    last = performance.now();
    if (location.hash !== own) history.replaceState(null, '', own);
  };
  effect(() => {
    const said = new URLSearchParams();
    for (const { name, cell, write, usual } of kept) {
      const [value, rest] = [cell.value, cell === (lang as Signal) ? null : usual];
      if (value !== null && (rest === null || write(value) !== write(rest))) said.set(name, write(value));
    }
    // Commas and colons may stand in an address as they are, and make it shorter.
    own = `#${said}`.replaceAll('%2C', ',').replaceAll('%3A', ':');
    write();
  });
  addEventListener('hashchange', () => {
    if (location.hash === own) return;
    const now = new URLSearchParams(location.hash.slice(1));
    // All at once: nothing is to be drawn of what is half read, or names no example.
    batch(() => {
      for (const { name, cell, read, usual } of kept) {
        const text = now.get(name);
        if (text !== null || cell !== (lang as Signal)) cell.value = (text === null ? undefined : read(text)) ?? usual;
      }
      correctAddress(here);
    });
  });
}

/** Numbers of an address that name no example, no run, are as if they were not there. */
export function correctAddress({ runs, examples, data }: Site): void {
  if (label.value !== null && label.value >= (data.class_names?.length ?? 0)) label.value = null;
  if (runIndex.value >= runs.length) runIndex.value = 0;
  if (otherIndex.value !== null && otherIndex.value >= runs.length) otherIndex.value = null;
  const { latent_dim: d, axes } = runs[runIndex.value];
  const below = (n: number, of: Moves): Moves => Object.fromEntries(Object.entries(of).filter(([i]) => Number(i) < n));
  [along.value, moved.value] = [below(axes.directions.length, along.value), below(d, moved.value)];
  jitter.value = Math.min(MOST_JITTER, Math.max(0, jitter.value));
  if (zeroed.value !== null && zeroed.value >= d) zeroed.value = null;
  for (const cell of [pinned, from, to, taken]) if (cell.value !== null && cell.value >= (examples?.n ?? 0)) cell.value = null;
}

export const run = computed(() => site.value!.runs[runIndex.value]);

/** Tell of what went wrong, in place of what was being done. */
export function report(error: unknown): void {
  problem.value = error instanceof Problem ? error : new Problem('problem.other', { what: String(error) });
}

/** Start something that may fail; a failure is told. */
export function attempt(act: () => Promise<unknown>): void {
  act().catch(report);
}
