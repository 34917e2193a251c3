import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { examples, space, type Space } from './loaded';
import { isTheirs } from './parts/arrows';
import { Bar } from './parts/Bar';
import { Channels } from './parts/Channels';
import { useLatest } from './parts/useLatest';
import { Verdict } from './parts/Verdict';
import { Waiting } from './parts/Waiting';
import { Painter } from './pictures/paint';
import { report, type View, view, VIEWS } from './state/view';
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
      if (which) view.name.value = which;
      if (event.key === 'Escape') view.projector.value = false;
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
      {view.site.value && <Bar site={view.site.value} />}
      <main id="content" tabIndex={-1}>
        {view.problem.value && <Trouble />}
        {view.site.value ? (
          <Opened />
        ) : (
          <p class="waiting">
            <Waiting text="wait.site" />
          </p>
        )}
      </main>
      {view.site.value && <footer>{say('made', { by: view.site.value.made_by })}</footer>}
    </>
  );
}

const opened = signal<Space | null>(null);
/** Is there nothing to look at behind what is told? */
const isStuck = () => !view.site.value || opened.value?.run !== view.run.value;

/** One run, its space loaded, in the view that was chosen. */
function Opened() {
  const here = view.site.value!;
  const untold = !view.problem.value;
  const wanted = view.run.value;
  // What failed is tried again when its problem has been read and closed.
  const loaded = useLatest(async () => (untold ? space(here, wanted) : null), [wanted], [untold]);
  useEffect(() => {
    if (loaded) opened.value = loaded;
  }, [loaded]);
  const found = opened.value;
  // What was drawn is still there when another run is to see it.
  const stays = view.name.value === 'draw' && !view.problem.value;
  if (!found || (isStuck() && !stays))
    return (
      <p class="waiting">
        <Waiting text="wait.site" />
      </p>
    );
  const painter = painterOf(here);
  const View = shown[view.name.value];
  return (
    <section class={`view view-${view.name.value}`} aria-labelledby="lesson">
      {found.run.verdict?.outcome === 'worse' && view.name.value !== 'compare' && <Verdict run={found.run} />}
      <h1 id="lesson">{say(view.name.value === 'walk' && found.run.linear ? 'lesson.linear' : `lesson.${view.name.value}`)}</h1>
      {painter.hasBars && <Channels painter={painter} />}
      {here.data.kind === 'volume' && <p class="quiet">{say('picture.slice')}</p>}
      <View key={view.name.value === 'draw' ? 'draw' : `${view.name.value} ${view.runIndex.value}`} space={found} painter={painter} />
    </section>
  );
}

let made: Painter | null = null;
const painterOf = (here: NonNullable<typeof view.site.value>) => (made ??= new Painter(here, examples.value));

function Trouble() {
  const found = view.problem.value!;
  return (
    <div class="trouble" role="alert">
      <strong>{say('problem.title')}</strong>
      <p>{say(found.key as Key, found.values)}</p>
      <button type="button" onClick={() => (view.site.value ? (view.problem.value = null) : location.reload())}>
        {say(isStuck() ? 'problem.again' : 'problem.close')}
      </button>
    </div>
  );
}
