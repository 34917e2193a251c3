/** The pinned example: itself, what the model makes of it, and who is near. */

import { examples, type Space } from '../loaded';
import type { Painter } from '../pictures/paint';
import { nearest, row } from '../space';
import { selection } from '../state/selection';
import { controls, view } from '../state/view';
import { canTake, reconstruction } from '../views/given';
import { say } from '../words';
import { Switch } from './Controls';
import { Captioned, describe, Example, Examples } from './Pictures';
import { Columns } from './Columns';
import { Reconstructed } from './Reconstructed';
import { useLatest } from './useLatest';

export const NEAR = 10;

/** The nearest of an example in the latent space, and how many of them are among the nearest on a map. */
export interface Near {
  latent: number[];
  kept: number;
}

export function neighbours(space: Space, i: number, map: Float32Array): Near {
  const latents = space.latents!;
  const inSpace = nearest(latents, row(latents, i), NEAR, i).rows;
  const onMap = new Set(nearest({ values: map, n: latents.n, d: 2 }, map.subarray(2 * i, 2 * i + 2), NEAR, i).rows);
  return { latent: inSpace, kept: inSpace.filter((other) => onMap.has(other)).length };
}

interface PinnedProps {
  /** The space is the run that is looked at, with its latents and maps. */
  space: Space;
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
  /** These are the neighbours of the pinned example. */
  near: Near;
}

export function Pinned({ space, painter, near }: PinnedProps) {
  const i = selection.pinned.value!;
  const found = useLatest(async () => ({ of: i, raw: await reconstruction(space, painter, i) }), [space], [i]);
  // Beside an example stands its own reconstruction, or none.
  const back = found?.of === i ? found.raw : null;
  const rows = examples.value!.rows;
  return (
    <section class="card pinned" aria-live="polite">
      <h2>
        {say('pin.title', { id: describe(painter, i) })}
        <button
          type="button"
          class="close"
          aria-label={say('pin.close')}
          title={say('pin.close')}
          onClick={() => (selection.pinned.value = null)}>
          ×
        </button>
      </h2>
      <div class="pair">
        {painter.showsExamples ? (
          <Captioned text={say('pin.original')}>
            <Example painter={painter} i={i} />
          </Captioned>
        ) : (
          <p class="quiet">{say('none.pictures')}</p>
        )}
        <Reconstructed space={space} painter={painter} i={i} back={back} />
      </div>
      {painter.hasBars && rows && <Columns painter={painter} raw={row(rows, i)} back={back} />}
      <h3>{say('pin.near')}</h3>
      <Examples painter={painter} rows={near.latent} onPick={(other) => (selection.pinned.value = other)} />
      <Switch name={say('lie.ask')} on={controls.lines} />
      {controls.lines.value && <p role="status">{say('lie.answer', { k: near.latent.length, kept: near.kept })}</p>}
      <p class="actions">
        {space.network.can('decode') && (
          <button type="button" onClick={() => ((selection.walkFrom.value = i), (view.name.value = 'walk'))}>
            {say('pin.walk')}
          </button>
        )}
        {canTake(painter) && (
          <button type="button" onClick={() => ((selection.taken.value = i), (view.name.value = 'draw'))}>
            {say('pin.draw')}
          </button>
        )}
      </p>
    </section>
  );
}
