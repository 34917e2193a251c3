/** The bar above everything: what to do, with which run, and how it looks. */

import type { Site } from '../site';
import { chooseRun, view, VIEWS } from '../state/view';
import { knows, say, type Key } from '../words';
import { QR } from './QR';

export const modelName = (model: string) => (knows(`model.${model}`) ? say(`model.${model}` as Key) : model);

interface BarProps {
  /** The site has the runs that one can choose. */
  site: Site;
}

export function Bar({ site }: BarProps) {
  return (
    <header class="bar">
      <p class="name">
        <img src="./icon.svg" alt="" width="22" height="22" /> gargalo
      </p>
      <nav aria-label={say('view.views')}>
        {VIEWS.map((name, i) => (
          <button
            type="button"
            key={name}
            aria-current={view.name.value === name ? 'page' : undefined}
            title={String(i + 1)}
            onClick={() => (view.name.value = name)}>
            {say(`view.${name}`)}
          </button>
        ))}
      </nav>
      <div class="tools">
        {view.name.value !== 'compare' && (
          <label class="field">
            <span>{say('bar.run')}</span>
            <select
              value={view.runIndex.value}
              disabled={site.runs.length < 2}
              title={about(view.run.value)}
              onChange={(event) => chooseRun(Number(event.currentTarget.value))}>
              {site.runs.map((one, i) => (
                <option key={i} value={i}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
        )}
        <button
          type="button"
          title={say('bar.lang')}
          aria-label={`${view.lang.value === 'en' ? 'PT' : 'EN'}: ${say('bar.lang')}`}
          lang={view.lang.value === 'en' ? 'pt-BR' : 'en'}
          onClick={() => (view.lang.value = view.lang.value === 'en' ? 'pt' : 'en')}>
          {view.lang.value === 'en' ? 'PT' : 'EN'}
        </button>
        <button
          type="button"
          title={say('bar.theme')}
          aria-label={say('bar.theme')}
          aria-pressed={view.theme.value === 'dark'}
          onClick={() => (view.theme.value = view.theme.value === 'dark' ? 'light' : 'dark')}>
          {view.theme.value === 'dark' ? '☾' : '☀'}
        </button>
        <button
          type="button"
          class="wide"
          title={say('bar.keys')}
          aria-pressed={view.projector.value}
          onClick={() => (view.projector.value = !view.projector.value)}>
          {say('bar.projector')}
        </button>
      </div>
      {view.projector.value && <QR />}
    </header>
  );
}

/** A run in a line. */
export function about({ model, latent_dim: d, network }: Site['runs'][number]): string {
  return say('run.about', { model: modelName(model), d, network });
}
