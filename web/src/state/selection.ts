/** Which examples the visitor singled out, and what was done to the one latent that Generate takes apart. */

import { batch, signal } from '@preact/signals';

/** A lasso that was drawn on a map. */
export interface Lasso {
  /** The name of the map on which it was drawn. */
  kind: string;
  /** The x and y of each corner on that map, one after the other. */
  corners: number[];
}

export const selection = {
  /** The example under the pointer, or where the arrow keys stand on a map. */
  hovered: signal<number | null>(null),
  /** The example that was clicked, which stays until another is. */
  pinned: signal<number | null>(null),
  /** The lasso, which stays in sight once it has been drawn. */
  lasso: signal<Lasso | null>(null),
  /** The examples inside the lasso; those of muted classes are not among them. */
  enclosed: signal<number[] | null>(null),
  /** The classes that were put away in the legend, in ascending order. */
  muted: signal<number[]>([]),
  /** The example where a walk starts; null where nobody chose one. */
  walkFrom: signal<number | null>(null),
  /** The example where a walk ends; null where nobody chose one. */
  walkTo: signal<number | null>(null),
  /** The example that was taken to Draw. */
  taken: signal<number | null>(null),
};

/** How far a latent was moved: a distance for the number of each direction or axis that was touched. */
export type Moves = Record<number, number>;

/** The most noise that can be added to a latent, in standard deviations of each axis. */
export const MOST_NOISE = 3;

export const edits = {
  /** The moves along the principal directions. */
  directions: signal<Moves>({}),
  /** The moves along the axes of the latent space themselves. */
  axes: signal<Moves>({}),
  /** The axis that was set to zero. */
  zeroed: signal<number | null>(null),
  /** The noise that was added, in standard deviations of each axis. */
  noise: signal(0),
};

/** The latent is again as it was before it was taken apart. */
export function undoEdits(): void {
  batch(() => {
    edits.directions.value = {};
    edits.axes.value = {};
    edits.zeroed.value = null;
    edits.noise.value = 0;
  });
}
