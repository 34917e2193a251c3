/** The map: hover, pin, fence in, search; does it lie; predict, then reveal. */

import { useMemo } from 'preact/hooks';
import { examples as loaded, type Space } from '../loaded';
import type { Mark } from '../map/Scatter';
import { INK, Legend, Stage } from '../map/Stage';
import { useArrows } from '../parts/arrows';
import { Choice } from '../parts/Controls';
import { neighbours, Pinned } from '../parts/Pinned';
import { Examples } from '../parts/Pictures';
import { Search } from '../parts/Search';
import type { Painter } from '../pictures/paint';
import { selection } from '../state/selection';
import { controls, view } from '../state/view';
import { isOwnMap, mapName, number, say, type Key } from '../words';
import type { ViewProps } from './given';

const SHEET = 60;

/** The map that is wanted, if this run has it; else the latent space itself, t-SNE or PCA. */
export function mapOf(space: Space, wanted: string): string {
  if (space.maps.has(wanted)) return wanted;
  return ['latent', 'tsne', 'pca'].find((kind) => space.maps.has(kind))!;
}

export const pointAt = (map: Float32Array, i: number): [number, number] => [map[2 * i], map[2 * i + 1]];

export function MapView({ space, painter }: ViewProps) {
  if (!loaded.value || !space.latents) return <p class="none">{say('none.examples')}</p>;
  return <Mapped space={space} painter={painter} />;
}

function Mapped({ space, painter }: ViewProps) {
  const examples = loaded.value!;
  const kind = mapOf(space, controls.map.value);
  const map = space.maps.get(kind)!;
  const i = selection.pinned.value;
  const near = useMemo(() => (i === null ? null : neighbours(space, i, map)), [space, i, map]);
  useArrows((by) => (selection.pinned.value = ((i ?? (by > 0 ? -1 : 0)) + by + examples.n) % examples.n), {}, [i]);
  const marks = useMemo(() => {
    if (i === null) return [];
    const [accent, here] = [INK[view.theme.value], pointAt(map, i)];
    const found: Mark[] = [];
    if (controls.lines.value)
      for (const other of near!.latent)
        found.push(
          { kind: 'line', points: [here, pointAt(map, other)], colour: accent, size: 2 },
          { kind: 'ring', points: [pointAt(map, other)], colour: accent, size: 10 },
        );
    found.push({ kind: 'ring', points: [here], colour: accent, size: 18 });
    return found;
  }, [near, map, controls.lines.value, view.theme.value]);

  return (
    <div class="split">
      <div class="main">
        <div class="row">
          <Choice
            name={say('map.kind')}
            value={kind}
            onPick={(one) => (controls.map.value = one)}
            of={[...space.maps.keys()].map((one): [string, string] => [one, mapName(one)])}
          />
          <button
            type="button"
            class="switch"
            aria-pressed={controls.guessing.value}
            onClick={() => (controls.guessing.value = !controls.guessing.value)}>
            {say(controls.guessing.value ? 'guess.reveal' : 'guess.hide')}
          </button>
        </div>
        <Stage space={space} painter={painter} kind={kind} marks={marks} tools />
        <p class="quiet">
          <Facts painter={painter} /> <Warning space={space} kind={kind} />
        </p>
      </div>
      <aside class="side">
        {controls.guessing.value ? (
          <p class="card">{say('guess.hint')}</p>
        ) : (
          <div class="card">
            <Legend space={space} painter={painter} />
          </div>
        )}
        {near && !controls.guessing.value && <Pinned space={space} painter={painter} near={near} />}
        {i === null && !selection.enclosed.value && <p class="quiet">{say('map.hint')}</p>}
        {selection.enclosed.value && <Fenced painter={painter} rows={selection.enclosed.value} />}
        {!controls.guessing.value && (
          <div class="card">
            <Search painter={painter} name={say('map.search')} onPick={(row) => (selection.pinned.value = row)} />
          </div>
        )}
      </aside>
    </div>
  );
}

interface FactsProps {
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
}

/** Which examples these are. */
export function Facts({ painter }: FactsProps) {
  const { of, kept, n } = painter.site.examples!;
  const { parts } = loaded.value!;
  const text = useMemo(() => {
    const counts = [0, 0, 0];
    for (const part of parts) counts[part]++;
    return counts
      .map((count, part) => (count ? say(`part.${part}` as Key, { n: number(count) }) : ''))
      .filter(Boolean)
      .join(', ');
  }, [parts, say('part.0')]);
  return (
    <>
      {say('map.from', { parts: text })} {kept ? say('map.kept') : n < of ? say('map.some', { n: number(n), of: number(of) }) : ''}
    </>
  );
}

interface WarningProps {
  /** The space tells how much of the spread a projection keeps. */
  space: Space;
  /** The kind of map is its name. */
  kind: string;
}

/** What a map of this kind does not say. */
export function Warning({ space, kind }: WarningProps) {
  const share = 100 * (space.run.axes.share[0] + (space.run.axes.share[1] ?? 0));
  return <>{isOwnMap(kind) ? say(`map.${kind}.warning`, { share: number(share, 0) }) : say('map.other.warning', { name: kind })}</>;
}

interface FencedProps {
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
  /** These are the numbers of the examples inside the lasso. */
  rows: number[];
}

/** What is inside the lasso: how many of each class, and a contact sheet. */
function Fenced({ painter, rows }: FencedProps) {
  const { labels } = loaded.value!;
  const names = painter.site.data.class_names;
  const counts = useMemo(() => {
    const of = new Map<number, number>();
    if (labels) for (const row of rows) of.set(labels[row], (of.get(labels[row]) ?? 0) + 1);
    return [...of].sort((a, b) => b[1] - a[1]);
  }, [rows]);
  return (
    <section class="card fenced" aria-live="polite">
      <h2>
        {say('map.fenced', { n: number(rows.length) })}
        <button
          type="button"
          class="close"
          aria-label={say('map.clear')}
          title={say('map.clear')}
          onClick={() => (selection.lasso.value = null)}>
          ×
        </button>
      </h2>
      {names && !controls.guessing.value && (
        <ul class="counts">
          {counts.map(([c, count]) => (
            <li key={c}>
              <i class="swatch" style={{ background: painter.site.palette[c % painter.site.palette.length] }} />
              {names[c]} <b>{number(count)}</b>
            </li>
          ))}
        </ul>
      )}
      <Examples painter={painter} rows={rows.slice(0, SHEET)} onPick={(row) => (selection.pinned.value = row)} />
    </section>
  );
}
