/** One's own example: its place on the map while it is drawn, and what the model makes of it. */

import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { examples as loaded } from '../loaded';
import type { Mark } from '../map/Scatter';
import { INK, Stage } from '../map/Stage';
import type { Raw } from '../network';
import { Slider } from '../parts/Controls';
import { Captioned, Examples, Output } from '../parts/Pictures';
import { RowSliders, usualRow } from '../parts/RowSliders';
import { Sketch } from '../parts/Sketch';
import { useLatest } from '../parts/useLatest';
import { rawOf } from '../pictures/paint';
import { centred, corrupted, reduced } from '../pictures/sketch';
import { isOutOfDistribution, nearest, place, project, row } from '../space';
import { selection } from '../state/selection';
import { attempt, controls, view } from '../state/view';
import { number, say } from '../words';
import { canTake, labelled, labelNear, rawExample, type ViewProps } from './given';
import { mapOf } from './MapView';

interface Answer {
  seen: Raw;
  noisy: Raw;
  back: Raw | null;
  classes: Float32Array | null;
  z: Float32Array;
}

export function Draw({ space, painter }: ViewProps) {
  if (painter.site.data.kind === 'volume') return <p class="none">{say('none.draw')}</p>;
  return <Drawing space={space} painter={painter} />;
}

function Drawing({ space, painter }: ViewProps) {
  const { data } = painter.site;
  const { run, latents, network } = space;
  const isRow = data.kind === 'row';
  const most = run.noise?.noise === 'gaussian' ? Math.max(1, 2 * run.noise.strength) : 1;
  const noise = run.noise ? Math.min(most, Math.max(0, controls.noise.value ?? run.noise.strength)) : 0;
  const centre = useSignal(data.centred);
  const raw = useSignal<Raw | null>(null);
  const drawing = useRef<HTMLCanvasElement | null>(null);

  const given = raw.value;
  const found = useLatest(
    async (): Promise<Answer | null> => {
      if (!given) return null;
      const noisy = run.noise ? corrupted(given, run.noise.noise, noise, data) : given;
      const z = await network.encode(noisy);
      // Where the label is a condition, it is that of the nearest example.
      const label = labelled(space, painter, [labelNear(space, row(z, 0))]);
      return {
        seen: given,
        noisy,
        back: network.can('reconstruct') ? await network.reconstruct(noisy, label) : null,
        classes: network.can('classify') ? await network.classify(noisy) : null,
        z: row(z, 0),
      };
    },
    // What was cleared has no answer, and what another run answered is not this one's.
    [space, given === null],
    [given, noise],
  );

  const changed = (canvas: HTMLCanvasElement) => {
    drawing.current = canvas;
    selection.taken.value = null;
    const image = centre.value ? centred(canvas, data) : reduced(canvas, data);
    raw.value = image && rawOf(image, data);
  };
  const forget = () => {
    raw.value = selection.taken.value = drawing.current = null;
  };
  useEffect(() => {
    if (drawing.current && selection.taken.value === null) changed(drawing.current);
  }, [centre.value]);
  useEffect(() => {
    const i = selection.taken.value;
    if (i === null || !loaded.value) return;
    // The example is not shown beside what is drawn but takes its place, unless something was drawn meanwhile.
    attempt(async () => {
      const found = await rawExample(painter, i);
      if (selection.taken.value !== i) return;
      if (found) raw.value = found;
      else selection.taken.value = null;
    });
  }, [selection.taken.value]);

  useEffect(() => {
    // A row begins at what is usual; an example that was taken comes instead.
    if (isRow && !raw.value && selection.taken.value === null) raw.value = usualRow(data);
  }, [raw.value, selection.taken.value]);

  const kind = mapOf(space, controls.map.value);
  const map = space.maps.get(kind);
  const marks = useMemo<Mark[]>(() => {
    if (!found || !map || !latents) return [];
    const { z } = found;
    const at =
      kind === 'latent' ? ([z[0], z[1]] as [number, number]) : kind === 'pca' ? project(run.axes, z) : place(latents, map, z, run.near!.k);
    return [{ kind: 'dot', points: [at], colour: INK[view.theme.value], size: 20 }];
  }, [found, map, view.theme.value]);
  const near = found && latents ? nearest(latents, found.z, 10).rows : [];
  const isOutside = found && latents ? isOutOfDistribution(latents, run.near!, found.z) : false;

  return (
    <div class="desk-draw">
      <div class="card place">
        <h2>{say('draw.here')}</h2>
        {isRow ? (
          <RowSliders painter={painter} raw={raw.value} onChange={(now) => ((selection.taken.value = null), (raw.value = now))} />
        ) : (
          <Sketch data={data} onChange={changed} onClear={forget} />
        )}
        {data.centred && (
          <label class="check">
            <input type="checkbox" checked={centre.value} onChange={(event) => (centre.value = event.currentTarget.checked)} />{' '}
            {say('draw.centred')}
          </label>
        )}
        {selection.pinned.value !== null && canTake(painter) && (
          <button type="button" onClick={() => (selection.taken.value = selection.pinned.value)}>
            {say('draw.take')}
          </button>
        )}
      </div>
      <div class="card answers" aria-live="polite">
        {found ? (
          <>
            <div class="pair">
              <Captioned text={say('draw.seen')}>
                <Output painter={painter} raw={found.seen} />
              </Captioned>
              {run.noise && (
                <Captioned text={say('draw.noisy')}>
                  <Output painter={painter} raw={found.noisy} />
                </Captioned>
              )}
              {found.back && (
                <Captioned text={say(run.noise ? 'draw.clean' : 'draw.back')}>
                  <Output painter={painter} raw={found.back} />
                </Captioned>
              )}
            </div>
            {latents && (
              <p class={isOutside ? 'out-of-distribution' : ''} role="status">
                {say(isOutside ? 'draw.out-of-distribution' : 'draw.in-distribution')}
              </p>
            )}
          </>
        ) : (
          <p class="quiet">{say('draw.empty')}</p>
        )}
        {run.noise && (
          <Slider
            name={say('draw.noise')}
            value={noise}
            least={0}
            most={most}
            step={0.02}
            onSlide={(now) => (controls.noise.value = now)}
          />
        )}
        {found?.classes && <Classes names={data.class_names!} shares={found.classes} />}
      </div>
      <div class="where">
        {map ? (
          <>
            <Stage space={space} painter={painter} kind={kind} marks={marks} />
            {kind !== 'latent' && kind !== 'pca' && (
              <p class="quiet">{kind === 'tsne' ? say('draw.placed') : say('draw.placed.other', { name: kind })}</p>
            )}
          </>
        ) : null}
        {near.length > 0 && (
          <div class="card near">
            <h2>{say('draw.near')}</h2>
            <Examples painter={painter} rows={near} onPick={(i) => (selection.pinned.value = i)} />
          </div>
        )}
      </div>
    </div>
  );
}

interface ClassesProps {
  /** These are the names of all classes. */
  names: string[];
  /** The classifier gives each class this probability. */
  shares: Float32Array;
}

/** What the model takes it for. */
function Classes({ names, shares }: ClassesProps) {
  const best = shares.indexOf(Math.max(...shares));
  return (
    <div class="coverage">
      <h3>{say('draw.class')}</h3>
      <ul>
        {names.map((name, c) => (
          <li key={c} class={c === best ? 'best' : ''}>
            <span>{name}</span>
            <meter min={0} max={1} value={shares[c]} aria-label={name} />
            <output>{number(100 * shares[c], 0)}%</output>
          </li>
        ))}
      </ul>
    </div>
  );
}
