/** From one example to another through the latent space, decoded on the way. */

import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { examples as loaded, type Space } from '../loaded';
import type { Mark } from '../map/Scatter';
import { INK, Stage } from '../map/Stage';
import type { Raw } from '../network';
import { useArrows } from '../parts/arrows';
import { Choice, Slider } from '../parts/Controls';
import { Captioned, describe, Example, Output } from '../parts/Pictures';
import { Search } from '../parts/Search';
import { Tiles } from '../parts/Tiles';
import { useLatest } from '../parts/useLatest';
import { Waiting } from '../parts/Waiting';
import type { Painter } from '../pictures/paint';
import { between, isOutOfDistribution, path, row, stack, type Method } from '../space';
import { selection } from '../state/selection';
import { controls, view } from '../state/view';
import { say } from '../words';
import { labelled, labelOf, onPlane, plane, type ViewProps } from './given';
import { NoDecoder } from './NoDecoder';

export const STEPS = 12;
/** The colours of the steps that are out of distribution. */
export const OUT_OF_DISTRIBUTION = { light: '#c92a2a', dark: '#ff6b6b' };
const IN_DISTRIBUTION = { light: '#1d4f91', dark: '#8ec5ff' };

/** The two ends, where nobody chose: two examples of other labels. */
export function ends(painter: Painter): [number, number] {
  const { n, labels } = loaded.value!;
  const classes = painter.site.data.class_names?.length ?? 0;
  const first = (label: number) => Math.max(0, labels?.indexOf(label) ?? 0);
  const usual = labels && classes > 1 ? [first(4 % classes), first((9 % classes) + Number(9 % classes === 4 % classes))] : [0, n >> 1];
  return [selection.walkFrom.value ?? usual[0], selection.walkTo.value ?? usual[1]];
}

/** The labels of a way for a decoder that takes some: a blend of both ends'. */
function blended(space: Space, painter: Painter, a: number, b: number, t: number[]): Float32Array | null {
  const left = labelled(space, painter, [labelOf(a)]);
  const right = labelled(space, painter, [labelOf(b)]);
  return left && right && stack(t.map((share) => left.map((value, c) => (1 - share) * value + share * right[c]))).values;
}

export interface Film {
  frames: Raw;
  outOfDistribution: boolean[];
}

/** A whole way, decoded. */
export async function film(space: Space, painter: Painter, a: number, b: number, way: Method): Promise<Film> {
  const latents = space.latents!;
  const points = path(row(latents, a), row(latents, b), STEPS, way);
  const shares = points.map((_, i) => i / (STEPS - 1));
  return {
    frames: await space.network.decode(stack(points), blended(space, painter, a, b, shares)),
    outOfDistribution: points.map((z) => isOutOfDistribution(latents, space.run.near!, z)),
  };
}

export function Walk({ space, painter }: ViewProps) {
  if (!loaded.value || !space.latents) return <p class="none">{say('none.examples')}</p>;
  if (!space.network.can('decode')) return <NoDecoder space={space} />;
  return <Walking space={space} painter={painter} />;
}

function Walking({ space, painter }: ViewProps) {
  const latents = space.latents!;
  const [a, b] = ends(painter);
  const [t, way, dark] = [controls.t.value, controls.method.value, view.theme.value];
  const slot = useSignal<'from' | 'to'>('from');

  const shown = useLatest(() => film(space, painter, a, b, way), [space], [a, b, way]);
  const now = useLatest(
    () => {
      const z = between(row(latents, a), row(latents, b), t, way);
      return space.network.decode(stack([z]), blended(space, painter, a, b, [t]));
    },
    [space],
    [a, b, t, way],
  );

  useArrows((by) => (controls.t.value = Math.min(1, Math.max(0, Math.round(controls.t.value * 24 + by) / 24))));

  const place = (z: ArrayLike<number>) => onPlane(space, z);
  const marks = useMemo(() => {
    const fine = path(row(latents, a), row(latents, b), 49, way);
    const outside = fine.map((z) => isOutOfDistribution(latents, space.run.near!, z));
    const found: Mark[] = [];
    for (let i = 1, colour = ''; i < fine.length; i++) {
      const now = (outside[i] || outside[i - 1] ? OUT_OF_DISTRIBUTION : IN_DISTRIBUTION)[dark];
      if (now !== colour) found.push({ kind: 'line', points: [place(fine[i - 1])], colour: now, size: 4 });
      found[found.length - 1].points.push(place(fine[i]));
      colour = now;
    }
    found.push({ kind: 'ring', points: [place(fine[0])], colour: IN_DISTRIBUTION[dark], size: 16, name: 'A' });
    found.push({ kind: 'ring', points: [place(fine[48])], colour: IN_DISTRIBUTION[dark], size: 16, name: 'B' });
    return found;
  }, [space, a, b, way, dark]);
  const here: Mark = { kind: 'dot', points: [place(between(row(latents, a), row(latents, b), t, way))], colour: INK[dark], size: 14 };
  const all = useMemo(() => [...marks, here], [marks, t]);

  const pick = (i: number) => {
    (slot.value === 'from' ? selection.walkFrom : selection.walkTo).value = i;
    slot.value = slot.value === 'from' ? 'to' : 'from';
  };
  const outside = shown?.outOfDistribution.filter(Boolean).length ?? 0;
  const red = OUT_OF_DISTRIBUTION[dark];
  // Rows of many columns are wide: a step that is too small tells nothing.
  const fits = 1.4 * painter.columns(view.narrow.value ? STEPS / 2 : STEPS);
  const across = [STEPS, STEPS / 2, STEPS / 3].find((n) => n <= fits) ?? STEPS / 4;

  return (
    <div class="split">
      <div class="main">
        <div class="films card">
          {painter.showsExamples && <h2>{say('walk.pixels')}</h2>}
          {painter.showsExamples && (
            <Tiles
              n={STEPS}
              columns={across}
              width={painter.width}
              height={painter.height}
              gap={painter.gap}
              class="film"
              label={say('walk.pixels')}
              paint={(pen, k, x, y, w, h) => blend(painter, pen, a, b, k / (STEPS - 1), x, y, w, h)}
            />
          )}
          <h2>{say('walk.codes')}</h2>
          <Tiles
            n={shown ? STEPS : 0}
            columns={across}
            width={painter.width}
            height={painter.height}
            gap={painter.gap}
            class="film codes"
            label={say('walk.codes')}
            frame={(k) => (shown!.outOfDistribution[k] ? red : null)}
            paint={(pen, k, x, y, w, h) => painter.raw(pen, shown!.frames, k, x, y, w, h)}
          />
          {view.narrow.value && (
            <div class="now">
              <Output painter={painter} raw={now} />
            </div>
          )}
          <Slider name={say('walk.t')} value={t} least={0} most={1} step={0.005} onSlide={(value) => (controls.t.value = value)} />
          <p role="status" class={outside ? 'out-of-distribution' : ''}>
            {shown ? (
              outside ? (
                say('walk.out-of-distribution', { n: outside, steps: STEPS })
              ) : (
                say('walk.in-distribution')
              )
            ) : (
              <Waiting text="wait.model" />
            )}
          </p>
        </div>
        <Stage space={space} painter={painter} kind={plane(space)} marks={all} onPick={pick} />
        <p class="quiet">{say(space.run.latent_dim === 2 ? 'map.latent.warning' : 'walk.map')}</p>
      </div>
      <aside class="side">
        <div class="card now">
          {!view.narrow.value && <Output painter={painter} raw={now} />}
          <Choice
            name={say('walk.way')}
            value={way}
            onPick={(one) => (controls.method.value = one)}
            of={[
              ['linear', say('walk.linear')],
              ['slerp', say('walk.slerp')],
            ]}
          />
        </div>
        <div class="card ends">
          {(['from', 'to'] as const).map((name, k) => (
            <button
              type="button"
              key={name}
              class="end"
              aria-pressed={slot.value === name}
              title={say('walk.picking')}
              onClick={() => (slot.value = name)}>
              <Captioned text={`${say(`walk.${name}`)} (${'AB'[k]}): ${describe(painter, [a, b][k])}`}>
                {painter.showsExamples ? <Example painter={painter} i={[a, b][k]} /> : null}
              </Captioned>
            </button>
          ))}
          <p class="quiet">{say('walk.pick')}</p>
          <Search painter={painter} name={say(`walk.${slot.value}`)} onPick={pick} />
          <button type="button" onClick={() => ([selection.walkFrom.value, selection.walkTo.value] = [b, a])}>
            {say('walk.swap')}
          </button>
        </div>
      </aside>
    </div>
  );
}

/** The cross-fade of two examples themselves. */
function blend(
  painter: Painter,
  pen: CanvasRenderingContext2D,
  a: number,
  b: number,
  t: number,
  x: number,
  y: number,
  w: number,
  h: number,
): void {
  const rows = loaded.value!.rows;
  if (painter.hasBars && rows) {
    painter.raw(pen, between(row(rows, a), row(rows, b), t, 'linear'), 0, x, y, w, h);
    return;
  }
  painter.example(pen, a, x, y, w, h);
  pen.globalAlpha = t;
  painter.example(pen, b, x, y, w, h);
  pen.globalAlpha = 1;
}
