import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { examples, space, type Space } from './loaded';
import { isTheirs } from './parts/arrows';
import { Bar } from './parts/Bar';
import { Waiting } from './parts/Waiting';
import { Painter } from './pictures/paint';
import { attempt, problem, projector, report, run, runIndex, site, view, VIEWS, type View } from './state';
import { Compare } from './views/Compare';
import { Draw } from './views/Draw';
import { Generate } from './views/Generate';
import { MapView } from './views/MapView';
import { Walk } from './views/Walk';
import type { ViewProps } from './views/given';
import { say, type Key } from './words';

const shown: Record<View, (props: ViewProps) => preact.JSX.Element> = {
  map: MapView,
  walk: Walk,
  generate: Generate,
  draw: Draw,
  compare: Compare,
};

export function App() {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const writing = (event.target as Element).matches('input:not([type=range]):not([type=checkbox]), select, textarea');
      if (writing || isTheirs(event)) return;
      const which = VIEWS[Number(event.key) - 1];
      if (which) view.value = which;
      if (event.key === 'Escape') projector.value = false;
    };
    addEventListener('keydown', pressed);
    const failed = (event: PromiseRejectionEvent) => report(event.reason);
    addEventListener('unhandledrejection', failed);
    return () => {
      removeEventListener('keydown', pressed);
      removeEventListener('unhandledrejection', failed);
    };
  }, []);

  return (
    <>
      <a class="skip" href="#content" onClick={(event) => (event.preventDefault(), document.getElementById('content')?.focus())}>
        {say('bar.skip')}
      </a>
      {site.value && <Bar site={site.value} />}
      <main id="content" tabIndex={-1}>
        {problem.value && <Trouble />}
        {site.value ? (
          <Opened />
        ) : (
          <p class="waiting">
            <Waiting text="wait.site" />
          </p>
        )}
      </main>
      {site.value && <footer>{say('made', { by: site.value.made_by })}</footer>}
    </>
  );
}

const opened = signal<Space | null>(null);
/** Is there nothing to look at behind what is told? */
const isStuck = () => !site.value || opened.value?.run !== run.value;

/** One run, its space loaded, in the view that was chosen. */
function Opened() {
  const here = site.value!;
  const untold = !problem.value;
  useEffect(() => {
    const wanted = run.value;
    if (opened.peek()?.run === wanted || !untold) return;
    attempt(async () => {
      const found = await space(here, wanted);
      if (wanted === run.value) opened.value = found;
    });
  }, [runIndex.value, untold]);
  const found = opened.value;
  // What was drawn is still there when another run is to see it.
  const stays = view.value === 'draw' && !problem.value;
  if (!found || (isStuck() && !stays))
    return (
      <p class="waiting">
        <Waiting text="wait.site" />
      </p>
    );
  const painter = painterOf(here);
  const View = shown[view.value];
  return (
    <section class={`view view-${view.value}`} aria-labelledby="lesson">
      <h1 id="lesson">{say(`lesson.${view.value}${view.value === 'walk' && painter.hasBars ? '.row' : ''}` as Key)}</h1>
      <View key={view.value === 'draw' ? 'draw' : `${view.value} ${runIndex.value}`} space={found} painter={painter} />
    </section>
  );
}

let made: Painter | null = null;
const painterOf = (here: NonNullable<typeof site.value>) => (made ??= new Painter(here, examples.value));

function Trouble() {
  const found = problem.value!;
  return (
    <div class="trouble" role="alert">
      <strong>{say('problem.title')}</strong>
      <p>{say(found.key as Key, found.values)}</p>
      <button type="button" onClick={() => (site.value ? (problem.value = null) : location.reload())}>
        {say(isStuck() ? 'problem.again' : 'problem.close')}
      </button>
    </div>
  );
}
