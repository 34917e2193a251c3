/** The map of one run with everything that belongs beside it: what it shows, its legend, what is under the pointer. */

import { signal, useComputed } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { examples as loaded, type Space } from '../loaded';
import { Example, describe } from '../parts/Pictures';
import type { Painter } from '../pictures/paint';
import { selection } from '../state/selection';
import { controls, view } from '../state/view';
import { Problem } from '../site';
import { number, say } from '../words';
import { choices, colouring } from './colouring';
import { inside, ring } from './fence';
import { LASSO, Scatter, type Mark } from './Scatter';

/** Beside more classes than these their colours say little. */
const MOST_IN_KEY = 20;

export const PAPER = { light: '#ffffff', dark: '#151a22' };
/** Of what is drawn above the points: no class has it. */
export const INK = { light: '#111827', dark: '#ffffff' };

interface StageProps {
  /** The space is the run that is looked at, with its latents and maps. */
  space: Space;
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
  /** The kind of map is its name. */
  kind: string;
  /** The marks are drawn above the points. */
  marks?: Mark[];
  /** These places are in sight even where no point is near them. */
  within?: [number, number][];
  /** With tools the map has a lasso, and no legend of its own. */
  tools?: boolean;
  /** This is called with the number of the example that was picked; without it, that example is pinned. */
  onPick?: (i: number) => void;
  /** This is called with the place on the map to which the pointer moves. */
  onMove?: (xy: [number, number]) => void;
  /** This is called with a key in place of what keys usually do, and returns whether the key was meant for it. */
  onKey?: (name: string) => boolean;
}

const fencing = signal(false);

export function Stage({ space, painter, kind, marks = [], within, tools = false, onPick, onMove, onKey }: StageProps) {
  const examples = loaded.value!;
  const site = painter.site;
  const points = space.maps.get(kind)!;
  const found = useMemo(
    () => colouring(site, examples, space, controls.colour.value, view.theme.value),
    [space, controls.colour.value, view.theme.value, view.lang.value],
  );
  const guessing = controls.guessing.value;
  // While one guesses, all points are alike.
  const colours = useMemo(
    () => (guessing ? found.colours.map(() => (view.theme.value === 'dark' ? '#aab3c2' : '#5b6375')) : found.colours),
    [found, guessing],
  );
  const shown = useMemo(() => {
    if (!found.classes || !selection.muted.value.length) return null;
    const off = new Set(selection.muted.value);
    return Array.from({ length: examples.n }, (_, i) => i).filter((i) => !off.has(found.classes![i]));
  }, [found, selection.muted.value]);
  const fenced = selection.lasso.value;
  useEffect(() => {
    const on = fenced && space.maps.get(fenced.kind);
    if (tools) selection.enclosed.value = on ? inside(on, fenced.corners, shown) : null;
  }, [tools, fenced, space, shown]);
  useEffect(() => () => void (selection.hovered.value = null), []);
  const cursor = selection.hovered.value;
  const all = useMemo(() => {
    const above = [...marks];
    if (tools && fenced?.kind === kind) above.push({ kind: 'line', points: ring(fenced.corners), colour: LASSO, size: 2 });
    if (cursor !== null && cursor < examples.n)
      above.push({ kind: 'ring', points: [[points[2 * cursor], points[2 * cursor + 1]]], colour: INK[view.theme.value], size: 10 });
    return above;
  }, [marks, tools, fenced, kind, cursor, points, view.theme.value]);
  const pick = onPick ?? ((i: number) => (selection.pinned.value = i));
  const key = (name: string) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[name];
    if (name === 'Enter' && selection.hovered.value !== null) {
      pick(selection.hovered.value);
      return true;
    }
    if (!step) return false;
    const n = shown?.length ?? examples.n;
    const now = selection.hovered.value ?? selection.pinned.value ?? -1;
    const place = shown ? shown.indexOf(now) : now;
    const next = (Math.max(place, step > 0 ? -1 : 0) + step + n) % n;
    if (n) selection.hovered.value = shown ? shown[next] : next;
    return true;
  };

  return (
    <div class="stage">
      <Scatter
        points={points}
        values={found.values}
        colours={colours}
        continuous={found.continuous}
        shown={shown}
        marks={all}
        within={within}
        background={PAPER[view.theme.value]}
        lasso={tools && fencing.value}
        label={say('map.label', { n: examples.n })}
        onHover={(i) => (selection.hovered.value = i)}
        onPick={(i) => i !== null && pick(i)}
        onFence={
          tools
            ? (corners) => {
                selection.lasso.value = corners.length >= 6 ? { kind, corners } : null;
                fencing.value = false;
              }
            : undefined
        }
        onMove={onMove}
        onKey={onKey ?? key}
        onFail={() => (view.problem.value = new Problem('problem.webgl'))}
      />
      <Hovering painter={painter} />
      {tools && (
        <div class="stage-tools">
          <button type="button" aria-pressed={fencing.value} title={say('map.lasso.help')} onClick={() => (fencing.value = !fencing.value)}>
            {say('map.lasso')}
          </button>
        </div>
      )}
      {!tools && found.names && found.names.length <= MOST_IN_KEY && (
        <p class="key quiet">
          {found.names.map((name, c) => (
            <span key={c}>
              <i class="swatch" style={{ background: colours[c] }} /> {guessing ? '?' : name}
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

interface HoveringProps {
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
}

/** The example under the pointer. A part of its own: only this is drawn anew when the pointer moves. */
function Hovering({ painter }: HoveringProps) {
  const i = selection.hovered.value;
  if (i === null || i >= (loaded.value?.n ?? 0)) return null;
  return (
    <div class="hovering" data-example={i}>
      {painter.showsExamples && <Example painter={painter} i={i} />}
      <span>{controls.guessing.value ? '?' : describe(painter, i)}</span>
    </div>
  );
}

interface LegendProps {
  /** The space says what the points can be coloured by. */
  space: Space;
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
}

/** The choice of colour and its legend, whose classes can be put away. */
export function Legend({ space, painter }: LegendProps) {
  const examples = loaded.value!;
  const found = useComputed(() => colouring(painter.site, examples, space, controls.colour.value, view.theme.value)).value;
  const toggle = (c: number) => {
    const muted = selection.muted.value;
    selection.muted.value = muted.includes(c) ? muted.filter((other) => other !== c) : [...muted, c].sort((a, b) => a - b);
  };
  const counts = useMemo(() => {
    const of = new Map<number, number>();
    for (let i = 0; found.classes && i < examples.n; i++) of.set(found.classes[i], (of.get(found.classes[i]) ?? 0) + 1);
    return of;
  }, [found]);
  return (
    <div class="legend">
      <label class="field">
        <span>{say('colour.by')}</span>
        <select value={found.key} onChange={(event) => ((controls.colour.value = event.currentTarget.value), (selection.muted.value = []))}>
          {choices(painter.site, examples, space).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {found.names ? (
        <ul class="classes" aria-label={say('legend')}>
          {found.names.map((name, c) =>
            counts.has(c) ? (
              <li key={c}>
                <button
                  type="button"
                  aria-pressed={!selection.muted.value.includes(c)}
                  title={say('legend.toggle', { name })}
                  onClick={() => toggle(c)}>
                  <i class="swatch" style={{ background: found.colours[c] }} /> {name} <small>{counts.get(c)}</small>
                </button>
              </li>
            ) : null,
          )}
        </ul>
      ) : (
        <div class="scale">
          <i style={{ background: `linear-gradient(to right, ${found.colours.join(', ')})` }} />
          <span>{number(found.least)}</span>
          <span>{number(found.most)}</span>
        </div>
      )}
      {selection.muted.value.length > 0 && (
        <button type="button" class="link" onClick={() => (selection.muted.value = [])}>
          {say('legend.all')}
        </button>
      )}
    </div>
  );
}
