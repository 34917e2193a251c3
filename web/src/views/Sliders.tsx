/** One latent, number by number: along PCA directions and axes, and broken. */

import type { Signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { Choice, Slider } from '../parts/Controls';
import { Captioned, Output } from '../parts/Pictures';
import { useLatest } from '../parts/useLatest';
import { normals, row, stack, uniforms } from '../space';
import { edits, MOST_NOISE, type Moves, selection, undoEdits } from '../state/selection';
import { controls } from '../state/view';
import { number, say } from '../words';
import { labelled, labelOf, type ViewProps } from './given';

export function Sliders({ space, painter }: ViewProps) {
  const { axes, latent_dim: d } = space.run;
  const own = controls.start.value === 'pin' && selection.pinned.value !== null && space.latents ? selection.pinned.value : null;

  const base = useMemo(() => (own === null ? Float32Array.from(axes.center) : row(space.latents!, own)), [space, own]);
  const z = useMemo(
    () =>
      base.map(
        (value, j) =>
          value + (edits.axes.value[j] ?? 0) + axes.directions.reduce((sum, one, c) => sum + (edits.directions.value[c] ?? 0) * one[j], 0),
      ),
    [base, edits.directions.value, edits.axes.value],
  );
  const spoiled = useMemo(() => {
    const normal = normals(uniforms(controls.seed.value));
    return z.map((value, j) => (j === edits.zeroed.value ? 0 : value) + edits.noise.value * axes.deviation[j] * normal());
  }, [z, edits.zeroed.value, edits.noise.value, controls.seed.value]);
  const isBroken = edits.zeroed.value !== null || edits.noise.value > 0;

  const of = controls.label.value ?? (own === null ? 0 : labelOf(own));
  const decoded = useLatest(
    async () => {
      const both = await space.network.decode(stack([z, spoiled]), labelled(space, painter, [of, of]));
      return { whole: both.slice(0, painter.size), broken: both.slice(painter.size) };
    },
    [space],
    [z, spoiled, of],
  );

  const change = (cell: Signal<Moves>, i: number, by: number) => (cell.value = { ...cell.value, [i]: by });
  const limits = (low: number, high: number) => ({ least: Math.min(low, -1e-3), most: Math.max(high, 1e-3) });

  return (
    <section class="card sliders">
      <h2>{say('generate.sliders')}</h2>
      <div class="row">
        <Choice
          name={say('generate.start')}
          value={own === null ? 'mean' : 'pin'}
          onPick={(one) => (controls.start.value = one)}
          of={[
            ['mean', say('generate.mean')],
            ...(space.latents && selection.pinned.value !== null ? [['pin', say('generate.pin')] as ['pin', string]] : []),
          ]}
        />
        <Choice
          name={say('generate.sliders')}
          value={controls.sliders.value}
          onPick={(one) => (controls.sliders.value = one)}
          of={[
            ['pca', say('generate.pca')],
            ['axes', say('generate.axes')],
          ]}
        />
        <button type="button" onClick={undoEdits}>
          {say('generate.reset')}
        </button>
      </div>
      <div class="desk">
        <div class="pair">
          <Captioned text={say('break.before')}>
            <Output painter={painter} raw={decoded?.whole ?? null} />
          </Captioned>
          <Captioned text={say('break.after')}>
            <Output painter={painter} raw={(isBroken ? decoded?.broken : decoded?.whole) ?? null} />
          </Captioned>
        </div>
        <div class="strings">
          {controls.sliders.value === 'pca'
            ? axes.directions.map((_, c) => (
                <Slider
                  key={c}
                  name={`PCA ${c + 1}`}
                  note={say('generate.share', { share: number(100 * axes.share[c], 0) })}
                  value={edits.directions.value[c] ?? 0}
                  {...limits(axes.along_low[c], axes.along_high[c])}
                  onSlide={(now) => change(edits.directions, c, now)}
                />
              ))
            : Array.from(base, (value, j) => (
                <Slider
                  key={j}
                  name={say('break.axis', { j: j + 1 })}
                  value={value + (edits.axes.value[j] ?? 0)}
                  {...limits(axes.low[j], axes.high[j])}
                  onSlide={(now) => change(edits.axes, j, now - value)}
                />
              ))}
        </div>
        <div class="break">
          <h3>{say('break.title')}</h3>
          <label class="field">
            <span>{say('break.zero')}</span>
            <select
              value={edits.zeroed.value ?? ''}
              onChange={(event) => (edits.zeroed.value = event.currentTarget.value === '' ? null : Number(event.currentTarget.value))}>
              <option value="">{say('break.zero.none')}</option>
              {Array.from({ length: d }, (_, j) => (
                <option key={j} value={j}>
                  {say('break.axis', { j: j + 1 })}
                </option>
              ))}
            </select>
          </label>
          <Slider
            name={say('break.noise')}
            value={edits.noise.value}
            least={0}
            most={MOST_NOISE}
            step={0.05}
            onSlide={(now) => (edits.noise.value = now)}
          />
        </div>
      </div>
    </section>
  );
}
