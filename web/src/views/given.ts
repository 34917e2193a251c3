/** What the views are given, and what they need of examples and labels before they can ask a model. */

import { examples, type Space } from '../loaded';
import type { Raw } from '../network';
import { rawOf, type Painter } from '../pictures/paint';
import { nearest, project, row, stack } from '../space';

/** Example i, at most rounded to the 256 steps of a picture; null where its whole picture was not published. */
export async function rawExample(painter: Painter, i: number): Promise<Raw | null> {
  if (!canTake(painter)) return null;
  const { sheets, rows } = examples.value!;
  return rows ? row(rows, i).slice() : rawOf(await sheets!.pixels(i), painter.site.data);
}

/** Labels (n, classes) for a decoder that takes some; null for one that takes none. */
export function labelled(space: Space, painter: Painter, labels: ArrayLike<number>): Float32Array | null {
  if (!space.run.conditional) return null;
  const classes = painter.site.data.class_names!.length;
  const given = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) given[i * classes + labels[i]] = 1;
  return given;
}

/** The map on which draws and ways are shown: the latent space itself, if it is flat, else PCA. */
export const plane = (space: Space): 'latent' | 'pca' => (space.run.latent_dim === 2 ? 'latent' : 'pca');

/** The place of z on it. */
export const onPlane = (space: Space, z: ArrayLike<number>): [number, number] =>
  plane(space) === 'latent' ? [z[0], z[1]] : project(space.run.axes, z);

/** The label of the example nearest to z. */
export const labelNear = ({ latents }: Space, z: ArrayLike<number>): number => (latents ? labelOf(nearest(latents, z, 1).rows[0]) : 0);

export const labelOf = (i: number): number => examples.value?.labels?.[i] ?? 0;

/** What every view is given. */
export interface ViewProps {
  /** The space is the run that is looked at, with its latents and maps. */
  space: Space;
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
}

/** Numbers of channels that a published picture shows whole. */
const SEEN = [1, 3, 4];

/** Can examples be taken as they are? Larger pictures were reduced when they were published, and of two
 * channels, or of more than four, only the first is in a picture. */
export const canTake = (painter: Painter): boolean =>
  Boolean(
    examples.value?.rows ??
    (painter.site.data.kind === 'image' && examples.value?.sheets?.ref.whole && SEEN.includes(painter.site.data.shape[2] ?? 1)),
  );

/** Can examples be shown as the model gives them back? */
export const canReconstruct = (space: Space, painter: Painter): boolean =>
  space.network.can('decode') || (space.network.can('reconstruct') && canTake(painter));

/** Example i through the bottleneck and back. */
export async function reconstruction(space: Space, painter: Painter, i: number): Promise<Raw | null> {
  const given = labelled(space, painter, [labelOf(i)]);
  if (space.network.can('decode') && space.latents) return space.network.decode(stack([row(space.latents, i)]), given);
  if (!space.network.can('reconstruct')) return null;
  const raw = await rawExample(painter, i);
  return raw && space.network.reconstruct(raw, given);
}
