/** Draws: where they land, what they look like, what never appears; and one latent to take apart. */

import { useMemo } from 'preact/hooks';
import { examples as loaded } from '../loaded';
import type { Mark } from '../map/Scatter';
import { INK, Stage } from '../map/Stage';
import { useArrows } from '../parts/arrows';
import { Choice } from '../parts/Controls';
import { Tiles } from '../parts/Tiles';
import { useLatest } from '../parts/useLatest';
import { Waiting } from '../parts/Waiting';
import { isOutOfDistribution, norm, row, shares } from '../space';
import { controls, view } from '../state/view';
import { number, priorName, say } from '../words';
import { coverage, drawn, DRAWS, priorOf } from './draws';
import { NoDecoder } from './NoDecoder';
import { Sliders } from './Sliders';
import { onPlane, plane, type ViewProps } from './given';

/** Below this share of its examples a class hardly ever appears. */
const HARDLY = 0.05;

export function Generate({ space, painter }: ViewProps) {
  if (!space.network.can('decode')) return <NoDecoder space={space} />;
  return <Generating space={space} painter={painter} />;
}

function Generating({ space, painter }: ViewProps) {
  const from = priorOf(space);
  const names = painter.site.data.class_names;
  const { z, labels } = useMemo(
    () => drawn(space, painter, DRAWS, controls.seed.value, controls.label.value),
    [space, from, controls.seed.value, controls.label.value],
  );
  const pictures = useLatest(() => space.network.decode(z, labels), [space], [z, labels]);

  const again = () => controls.seed.value++;
  useArrows((by) => by > 0 && again(), { ' ': again });

  const d = space.run.latent_dim;
  const rows = useMemo(() => Array.from({ length: z.n }, (_, i) => row(z, i)), [z]);
  const marks = useMemo<Mark[]>(
    () => [{ kind: 'cross', points: rows.map((z) => onPlane(space, z)), colour: INK[view.theme.value], size: 10 }],
    [rows, view.theme.value],
  );
  // Where N(0, I) is: in sight at every draw, so that the map does not jump.
  const within = useMemo(() => {
    const [x, y] = onPlane(space, new Float32Array(d));
    return [
      [x - 3.5, y - 3.5],
      [x + 3.5, y + 3.5],
    ] as [number, number][];
  }, [space]);
  const outside = useMemo(
    () => (space.latents ? rows.filter((z) => isOutOfDistribution(space.latents!, space.run.near!, z)).length / rows.length : null),
    [rows],
  );

  return (
    <>
      <div class="row">
        <Choice
          name={say('generate.prior')}
          value={from}
          onPick={(one) => (controls.prior.value = one)}
          of={[...space.priors.keys()].map((one): [string, string] => [one, priorName(one)])}
        />
        {space.run.conditional && names && (
          <label class="field">
            <span>{say('generate.label')}</span>
            <select
              value={controls.label.value ?? ''}
              onChange={(event) => (controls.label.value = event.currentTarget.value === '' ? null : Number(event.currentTarget.value))}>
              <option value="">{say('generate.label.any')}</option>
              {names.map((name, c) => (
                <option key={c} value={c}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        <button type="button" class="main-button" onClick={again}>
          {say('generate.again')}
        </button>
        <span class="quiet">{say('generate.key')}</span>
      </div>
      <div class="split">
        <div class="main">
          <div class="card draws">
            <h2>{say('generate.draws')}</h2>
            {!pictures && <Waiting text="wait.model" />}
            <Tiles
              n={pictures ? DRAWS : 0}
              columns={painter.columns(view.narrow.value ? 8 : 16)}
              width={painter.width}
              height={painter.height}
              gap={painter.gap}
              label={say('generate.draws')}
              paint={(pen, k, x, y, w, h) => painter.raw(pen, pictures!, k, x, y, w, h)}
            />
          </div>
          {loaded.value && space.latents && (
            <>
              <Stage space={space} painter={painter} kind={plane(space)} marks={marks} within={within} />
              <p class="quiet">
                {say(d === 2 ? 'generate.where.latent' : 'generate.where')}{' '}
                {outside !== null && say('generate.out-of-distribution', { share: number(100 * outside, 0) })}
              </p>
            </>
          )}
        </div>
        <aside class="side">
          <div class="card">
            <Covered space={space} painter={painter} />
          </div>
          {space.norms && (
            <div class="card">
              <Norms data={space.norms} draws={rows.map(norm)} />
            </div>
          )}
        </aside>
      </div>
      <Sliders space={space} painter={painter} />
    </>
  );
}

interface NormsProps {
  /** These are the norms of latents of the data. */
  data: Float32Array;
  /** These are the norms of the draws. */
  draws: number[];
}

/** How often the norm of z has each length, for data and for draws. */
function Norms({ data, draws }: NormsProps) {
  const bins = 40;
  const most =
    1.05 *
    Math.max(
      data.reduce((a, b) => Math.max(a, b), 0),
      ...draws,
      1e-9,
    );
  const of = { data: shares(data, bins, most), draws: shares(draws, bins, most) };
  const top = Math.max(...of.data, ...of.draws);
  const bars = (name: 'data' | 'draws') =>
    of[name].map(
      (share, i) =>
        share > 0 && (
          <rect
            key={i}
            class={name}
            x={(i * 300) / bins}
            width={300 / bins - 0.5}
            y={100 - (100 * share) / top}
            height={(100 * share) / top}
          />
        ),
    );
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / Math.max(1, values.length);
  const text = `${say('generate.norms.data')} ${number(mean(data), 1)}, ${say('generate.norms.draws')} ${number(mean(draws), 1)}`;
  return (
    <figure class="norms">
      <h2>{say('generate.norms')}</h2>
      <svg viewBox="0 0 300 116" role="img" aria-label={text}>
        {bars('data')}
        {bars('draws')}
        <line x1="0" x2="300" y1="100.5" y2="100.5" />
        <text x="0" y="113">
          0
        </text>
        <text x="300" y="113" text-anchor="end">
          {number(most, 1)}
        </text>
      </svg>
      <figcaption>
        <i class="swatch data" /> {say('generate.norms.data')} <i class="swatch draws" /> {say('generate.norms.draws')}
      </figcaption>
    </figure>
  );
}

/** Which classes the draws reach. */
function Covered({ space, painter }: ViewProps) {
  const now = `${priorOf(space)} ${controls.seed.value} ${controls.label.value}`;
  const share = useLatest(
    async (isOld) => {
      // After the draws themselves have been seen, and only for those that one stays with.
      await new Promise((done) => setTimeout(done, 250));
      return isOld() ? null : coverage(space, painter, controls.seed.value, controls.label.value, isOld);
    },
    [space, now],
  );
  const names = painter.site.data.class_names;
  if (!painter.site.reference_classifier || !names)
    return (
      <>
        <h2>{say('generate.coverage')}</h2>
        <p class="quiet">{say(painter.site.examples ? 'generate.coverage.none' : 'none.classes')}</p>
      </>
    );
  const missing = names.filter((_, c) => share && share.classes[c] < HARDLY);
  return (
    <div class="coverage" data-ready={share ? 'true' : 'false'}>
      <h2>{say('generate.coverage')}</h2>
      <ul>
        {names.map((name, c) => (
          <li key={c} class={missing.includes(name) ? 'missing' : ''}>
            <span>{name}</span>
            <meter min={0} max={1} value={share?.classes[c] || 0} aria-label={name} />
            <output>{share && !Number.isNaN(share.classes[c]) ? `${number(100 * share.classes[c], 0)}%` : '–'}</output>
          </li>
        ))}
      </ul>
      <p role="status">
        {share ? (
          <>
            <strong>
              {missing.length ? say('generate.coverage.missing', { names: missing.join(', ') }) : say('generate.coverage.ok')}
            </strong>{' '}
            {say('generate.coverage.all', { share: number(100 * share.all, 0) })}
          </>
        ) : (
          <Waiting text="wait.coverage" />
        )}
      </p>
      <p class="quiet">{say('generate.coverage.what', { n: number(share?.draws ?? painter.site.reference_classifier.radii.shape[0]) })}</p>
    </div>
  );
}
