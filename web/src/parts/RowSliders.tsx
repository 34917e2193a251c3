/** A row of a table, set column by column. */

import type { Raw } from '../network';
import type { Painter } from '../pictures/paint';
import type { Data } from '../site';
import { Slider } from './Controls';

/** A row of means; of a category, the first. */
export const usualRow = ({ columns, center, shape }: Data): Raw =>
  Float32Array.from({ length: shape[0] }, (_, j) => (columns[j]?.kind === 'category' ? 0 : (center?.[j] ?? 0)));

interface RowSlidersProps {
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
  /** This is the row as it is set now; nothing is shown while it is null. */
  raw: Raw | null;
  /** This is called with a new row whenever one of its columns was set. */
  onChange: (raw: Raw) => void;
}

export function RowSliders({ painter, raw, onChange }: RowSlidersProps) {
  const { columns, center, deviation } = painter.site.data;
  if (!raw) return null;
  const set = (j: number, value: number) => {
    const now = Float32Array.from(raw);
    now[j] = value;
    onChange(now);
  };
  return (
    <div class="strings long">
      {Array.from(raw, (value, j) => {
        const column = columns[j];
        const name = column?.name ?? String(j);
        if (column?.kind === 'category')
          return (
            <label class="field" key={j}>
              <span>{name}</span>
              <select value={value} onChange={(event) => set(j, Number(event.currentTarget.value))}>
                {column.categories.map((one, c) => (
                  <option key={c} value={c}>
                    {one}
                  </option>
                ))}
              </select>
            </label>
          );
        const [middle, spread] = [center?.[j] ?? 0, deviation?.[j] || 1];
        return (
          <Slider
            key={j}
            name={name}
            value={Number.isNaN(value) ? middle : value}
            least={middle - 3 * spread}
            most={middle + 3 * spread}
            onSlide={(now) => set(j, now)}
          />
        );
      })}
    </div>
  );
}
