/** Two runs on the same example, the same walk, the same draws; twin pads where the latent space is the map. */

import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { examples as loaded, space as spaceOf } from '../loaded';
import type { Mark } from '../map/Scatter';
import { INK, Stage } from '../map/Stage';
import { about } from '../parts/Bar';
import { useArrows } from '../parts/arrows';
import { Choice } from '../parts/Controls';
import { Captioned, describe, Example, Output } from '../parts/Pictures';
import { Reconstructed } from '../parts/Reconstructed';
import { Tiles } from '../parts/Tiles';
import { useLatest } from '../parts/useLatest';
import { Verdict } from '../parts/Verdict';
import type { RunRef } from '../site';
import { stack } from '../space';
import { selection } from '../state/selection';
import { chooseRun, controls, view } from '../state/view';
import { knows, number, priorName, say, type Key } from '../words';
import { drawn, DRAWS, priorOf } from './draws';
import { labelled, labelNear, reconstruction, type ViewProps } from './given';
import { mapOf, pointAt, Warning } from './MapView';
import { NoDecoder } from './NoDecoder';
import { ends, film, OUT_OF_DISTRIBUTION, STEPS } from './Walk';

/** The other run, where nobody chose: one that stands well beside the first. */
function other(runs: RunRef[], first: number): number | null {
  if (view.otherRunIndex.value !== null && view.otherRunIndex.value !== first) return view.otherRunIndex.value;
  const like = (one: RunRef, i: number) =>
    i !== first && one.latent_dim === runs[first].latent_dim && 'decode' in one.networks === 'decode' in runs[first].networks;
  const found = runs.findIndex(like);
  return found >= 0 ? found : runs.length > 1 ? Number(first === 0) : null;
}

export function Compare({ space, painter }: ViewProps) {
  const { runs } = view.site.value!;
  const second = other(runs, view.runIndex.value);
  const beside = useLatest(async () => (second === null ? null : spaceOf(view.site.value!, runs[second])), [second]);
  // Without examples there are no ends of a walk, and no map.
  const whole = Boolean(loaded.value && space.latents);
  const what = whole ? controls.same.value : 'draws';
  const next = (by: number) => {
    if (what === 'draws') controls.seed.value = Math.max(0, controls.seed.value + by);
    else if (loaded.value) selection.pinned.value = ((selection.pinned.value ?? 0) + by + loaded.value.n) % loaded.value.n;
  };
  useArrows(next, {}, [what]);
  if (second === null) return <p class="none">{say('none.other')}</p>;
  const flat = runs.filter((one) => one.latent_dim === 2 && 'decode' in one.networks).length >= 2;
  const pads = space.run.latent_dim === 2 && beside?.run.latent_dim === 2;
  const kinds = (whole ? (['example', 'walk', 'draws', ...(flat ? ['pads' as const] : [])] as const) : (['draws'] as const)).map(
    (kind): ['example', string] => [kind as 'example', say(`compare.${kind}` as Key)],
  );
  const show = (kind: typeof controls.same.value) => {
    controls.same.value = kind;
    if (kind !== 'pads' || pads) return;
    const [one, two] = runs.flatMap((run, i) => (run.latent_dim === 2 && 'decode' in run.networks ? [i] : []));
    chooseRun(one);
    view.otherRunIndex.value = two;
  };
  return (
    <>
      <div class="row">
        <Choice name={say('compare.same')} value={what as 'example'} onPick={show} of={kinds} />
        {what === 'example' && (
          <button type="button" onClick={() => next(7)}>
            {say('compare.next')}
          </button>
        )}
        {what === 'draws' && (
          <button type="button" class="main-button" onClick={() => next(1)}>
            {say('generate.again')}
          </button>
        )}
      </div>
      {what === 'pads' && <p class="quiet">{say(pads ? 'compare.pads.help' : 'compare.pads.none')}</p>}
      <div class="twins">
        <Side
          name={say('compare.left')}
          index={view.runIndex.value}
          onPick={(i) => ((view.otherRunIndex.value = i === second ? view.runIndex.value : second), chooseRun(i))}>
          <Same what={what} space={space} painter={painter} />
        </Side>
        <Side name={say('compare.right')} index={second} onPick={(i) => (view.otherRunIndex.value = i)} but={view.runIndex.value}>
          {beside && <Same key={second} what={what} space={beside} painter={painter} />}
        </Side>
      </div>
    </>
  );
}

interface SideProps {
  /** The name says which side this is. */
  name: string;
  /** This is the number of the run that the side shows. */
  index: number;
  /** The run of this number is not offered, because the other side shows it. */
  but?: number;
  /** This is called with the number of the run that was picked. */
  onPick: (i: number) => void;
  /** The children show what both sides have in common. */
  children: preact.ComponentChildren;
}

function Side({ name, index, but, onPick, children }: SideProps) {
  const { runs } = view.site.value!;
  return (
    <section class="card twin" aria-label={name}>
      <label class="field">
        <span>{name}</span>
        <select value={index} onChange={(event) => onPick(Number(event.currentTarget.value))}>
          {runs.map(
            (one, i) =>
              i !== but && (
                <option key={i} value={i}>
                  {one.name}
                </option>
              ),
          )}
        </select>
      </label>
      <p class="quiet">{about(runs[index])}</p>
      <Verdict run={runs[index]} />
      {children}
      <dl class="figures">
        {Object.entries(runs[index].figures).map(
          ([key, value]) =>
            value !== null &&
            value !== undefined &&
            knows(`figure.${key}`) && (
              <div key={key}>
                <dt>{say(`figure.${key}` as Key)}</dt>
                <dd>{number(value, 4)}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  );
}

interface SameProps extends ViewProps {
  /** This says what both sides show. */
  what: typeof controls.same.value;
}

function Same({ what, space, painter }: SameProps) {
  if (what === 'example') return <SameExample space={space} painter={painter} />;
  if (!space.network.can('decode')) return <NoDecoder space={space} />;
  if (what === 'walk') return <SameWalk space={space} painter={painter} />;
  if (what === 'draws') return <SameDraws space={space} painter={painter} />;
  return space.run.latent_dim === 2 ? <Pad space={space} painter={painter} /> : null;
}

function SameExample({ space, painter }: ViewProps) {
  const i = selection.pinned.value ?? 0;
  const back = useLatest(() => reconstruction(space, painter, i), [space], [i]);
  const kind = mapOf(space, controls.map.value);
  const marks = useMemo<Mark[]>(
    () => [{ kind: 'ring', points: [pointAt(space.maps.get(kind)!, i)], colour: INK[view.theme.value], size: 18 }],
    [space, kind, i, view.theme.value],
  );
  return (
    <>
      <div class="pair">
        {painter.showsExamples && (
          <Captioned text={say('compare.example.of', { id: describe(painter, i) })}>
            <Example painter={painter} i={i} />
          </Captioned>
        )}
        <Reconstructed space={space} painter={painter} i={i} back={back} />
      </div>
      <Stage space={space} painter={painter} kind={kind} marks={marks} />
      <p class="quiet">
        <Warning space={space} kind={kind} />
      </p>
    </>
  );
}

function SameWalk({ space, painter }: ViewProps) {
  const [a, b] = ends(painter);
  const shown = useLatest(() => film(space, painter, a, b, controls.method.value), [space], [a, b, controls.method.value]);
  return (
    <>
      <div class="pair">
        {painter.showsExamples &&
          [a, b].map((i, k) => (
            <Captioned key={k} text={`${'AB'[k]}: ${describe(painter, i)}`}>
              <Example painter={painter} i={i} />
            </Captioned>
          ))}
      </div>
      <Tiles
        n={shown ? STEPS : 0}
        columns={painter.columns(6)}
        width={painter.width}
        height={painter.height}
        gap={painter.gap}
        label={say('walk.codes')}
        frame={(k) => (shown!.outOfDistribution[k] ? OUT_OF_DISTRIBUTION[view.theme.value] : null)}
        paint={(pen, k, x, y, w, h) => painter.raw(pen, shown!.frames, k, x, y, w, h)}
      />
      {shown && (
        <p class="quiet">
          {shown.outOfDistribution.some(Boolean)
            ? say('walk.out-of-distribution', { n: shown.outOfDistribution.filter(Boolean).length, steps: STEPS })
            : say('walk.in-distribution')}
        </p>
      )}
    </>
  );
}

function SameDraws({ space, painter }: ViewProps) {
  const from = priorOf(space);
  const shown = useLatest(
    () => {
      const { z, labels } = drawn(space, painter, DRAWS, controls.seed.value);
      return space.network.decode(z, labels);
    },
    [space],
    [controls.seed.value, from],
  );
  return (
    <>
      <Tiles
        n={shown ? DRAWS : 0}
        columns={painter.columns(8)}
        width={painter.width}
        height={painter.height}
        gap={painter.gap}
        label={say('generate.draws')}
        paint={(pen, k, x, y, w, h) => painter.raw(pen, shown!, k, x, y, w, h)}
      />
      <p class="quiet">
        {say('generate.prior')} {priorName(from)}
      </p>
    </>
  );
}

/** A latent space of two numbers as a map, on which the decoder answers. */
function Pad({ space, painter }: ViewProps) {
  const at = useSignal<[number, number]>([space.run.axes.center[0], space.run.axes.center[1]]);
  const z = at.value;
  const answer = useLatest(() => space.network.decode(stack([z]), labelled(space, painter, [labelNear(space, z)])), [space], [z]);
  const { deviation } = space.run.axes;
  const key = (name: string) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[name];
    if (way) at.value = [at.value[0] + 0.1 * way[0] * deviation[0], at.value[1] + 0.1 * way[1] * deviation[1]];
    return Boolean(way);
  };
  const marks = useMemo<Mark[]>(
    () => [{ kind: 'cross', points: [at.value], colour: INK[view.theme.value], size: 18 }],
    [at.value, view.theme.value],
  );
  return (
    <div class="pad">
      <Stage space={space} painter={painter} kind="latent" marks={marks} onMove={(xy) => (at.value = xy)} onKey={key} />
      <Captioned text={`z = (${at.value.map((value) => number(value, 2)).join('; ')})`}>
        <Output painter={painter} raw={answer} />
      </Captioned>
    </div>
  );
}
