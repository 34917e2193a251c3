/** What the page shows: which view of which run, how the controls of the views are set, and what went wrong. */

import { batch, computed, signal } from '@preact/signals';
import { Problem, type Site } from '../site';
import type { Method } from '../space';
import { selection, undoEdits } from './selection';

export const VIEWS = ['map', 'walk', 'generate', 'draw', 'compare'] as const;
export type View = (typeof VIEWS)[number];
export type Lang = 'en' | 'pt';

const phone = matchMedia('(max-width: 40rem)');
const site = signal<Site | null>(null);
const runIndex = signal(0);

export const view = {
  /** The published site; null until it has been read. */
  site,
  /** Which of the five views is shown. */
  name: signal<View>('map'),
  /** The number of the run that is looked at. */
  runIndex,
  /** That run itself, once the site has been read. */
  run: computed(() => site.value!.runs[runIndex.value]),
  /** The number of the run that Compare shows on the right; null where nobody chose one. */
  otherRunIndex: signal<number | null>(null),
  /** The language of every text. */
  lang: signal<Lang>(/^pt/i.test(navigator.language) ? 'pt' : 'en'),
  /** Is everything larger, for a room? */
  projector: signal(false),
  /** Light or dark, which is a matter of this screen: the address does not hold it. */
  theme: signal<'light' | 'dark'>(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'),
  /** Is the page as narrow as a phone? */
  narrow: signal(phone.matches),
  /** What went wrong, which is shown above everything else. */
  problem: signal<Problem | null>(null),
};

phone.addEventListener('change', () => (view.narrow.value = phone.matches));

export const controls = {
  /** The name of the map that is wanted; "own" leaves it to the run. */
  map: signal('own'),
  /** What the points are coloured by: a key of `choices` in `map/colouring.ts`. */
  colour: signal('label'),
  /** Are labels and colours hidden, so that people can predict them? */
  guessing: signal(false),
  /** Are lines drawn from the pinned example to its neighbours? */
  lines: signal(false),
  /** The place on the walk, from 0 to 1. */
  t: signal(0.5),
  /** The way that a walk takes. */
  method: signal<Method>('linear'),
  /** The name of the prior that Generate draws from; "own" is that with which the run was trained. */
  prior: signal('own'),
  /** The seed of the draws. */
  seed: signal(0),
  /** The label of all draws; null for any. */
  label: signal<number | null>(null),
  /** Which latent is taken apart: that of the pinned example, or the mean. */
  start: signal<'pin' | 'mean'>('pin'),
  /** Which sliders are shown: those of principal directions, or those of axes. */
  sliders: signal<'pca' | 'axes'>('pca'),
  /** How strong the noise of Draw is; null for that of the training. */
  noise: signal<number | null>(null),
  /** What both sides of Compare show. */
  same: signal<'example' | 'walk' | 'draws' | 'pads'>('example'),
};

/** Look at another run. The edits of a latent, a lasso and a noise belong to the last one, and are forgotten. */
export function chooseRun(index: number): void {
  if (index === view.runIndex.value) return;
  batch(() => {
    undoEdits();
    selection.lasso.value = null;
    controls.noise.value = null;
    view.problem.value = null;
    view.runIndex.value = index;
  });
}

/** Tell the visitor what went wrong. */
export function report(error: unknown): void {
  view.problem.value = error instanceof Problem ? error : new Problem('problem.other', { what: String(error) });
}

/** Start something that may fail; a failure is reported. */
export function attempt(act: () => Promise<unknown>): void {
  act().catch(report);
}
