/** Find examples by label or id. */

import { useSignal } from '@preact/signals';
import type { Painter } from '../pictures/paint';
import { say } from '../words';
import { Examples } from './Pictures';

const MOST = 24;

interface SearchProps {
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
  /** The name stands beside the text field. */
  name: string;
  /** This is called with the number of the example that was picked. */
  onPick: (i: number) => void;
}

export function Search({ painter, name, onPick }: SearchProps) {
  const text = useSignal('');
  const rows = found(painter, text.value.trim());
  const pick = (i: number) => {
    text.value = '';
    onPick(i);
  };
  return (
    <div class="search">
      <label class="field">
        <span>{name}</span>
        <input
          type="search"
          value={text.value}
          placeholder={say('map.search.help')}
          onInput={(event) => (text.value = event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && rows.length && pick(rows[0])}
        />
      </label>
      {text.value && (
        <>
          <p class="quiet" role="status">
            {say('map.found', { n: rows.length })}
          </p>
          <Examples painter={painter} rows={rows.slice(0, MOST)} onPick={pick} />
        </>
      )}
    </div>
  );
}

/** Examples whose label is the text; else those whose id, or row with a # before it, has it in it, its own first. */
function found(painter: Painter, text: string): number[] {
  const { n, labels, ids } = painter.examples!;
  if (!text) return [];
  const wanted = text.toLowerCase();
  const label = (painter.site.data.class_names ?? []).findIndex((name) => name.toLowerCase() === wanted);
  const rows: number[] = [];
  const own = wanted.replace(/^#/, '');
  for (let i = 0; i < n; i++) {
    const id = (ids?.[i] ?? String(i)).toLowerCase();
    if (label >= 0 && labels) {
      if (labels[i] === label) rows.push(i);
    } else if (id === own) rows.unshift(i);
    else if (own && id.includes(own)) rows.push(i);
  }
  return rows;
}
