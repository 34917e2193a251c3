/** The bar above everything: what to do, with which run, and how it looks. */

import type { Site } from '../site';
import { choose, lang, projector, run, runIndex, theme, view, VIEWS } from '../state';
import { knows, say, type Key } from '../words';
import { QR } from './QR';

export const modelName = (model: string) => (knows(`model.${model}`) ? say(`model.${model}` as Key) : model);

export function Bar({ site }: { site: Site }) {
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
            aria-current={view.value === name ? 'page' : undefined}
            title={String(i + 1)}
            onClick={() => (view.value = name)}>
            {say(`view.${name}`)}
          </button>
        ))}
      </nav>
      <div class="tools">
        {view.value !== 'compare' && (
          <label class="field">
            <span>{say('bar.run')}</span>
            <select
              value={runIndex.value}
              disabled={site.runs.length < 2}
              title={about(run.value)}
              onChange={(event) => choose(Number(event.currentTarget.value))}>
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
          aria-label={`${lang.value === 'en' ? 'PT' : 'EN'}: ${say('bar.lang')}`}
          lang={lang.value === 'en' ? 'pt-BR' : 'en'}
          onClick={() => (lang.value = lang.value === 'en' ? 'pt' : 'en')}>
          {lang.value === 'en' ? 'PT' : 'EN'}
        </button>
        <button
          type="button"
          title={say('bar.theme')}
          aria-label={say('bar.theme')}
          aria-pressed={theme.value === 'dark'}
          onClick={() => (theme.value = theme.value === 'dark' ? 'light' : 'dark')}>
          {theme.value === 'dark' ? '☾' : '☀'}
        </button>
        <button
          type="button"
          class="wide"
          title={say('bar.keys')}
          aria-pressed={projector.value}
          onClick={() => (projector.value = !projector.value)}>
          {say('bar.projector')}
        </button>
      </div>
      {projector.value && <QR />}
    </header>
  );
}

/** A run in a line. */
export function about({ model, latent_dim: d, network }: Site['runs'][number]): string {
  return say('run.about', { model: modelName(model), d, network });
}
