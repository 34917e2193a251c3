/** A row of a table, column by column, beside what the model makes of it. */

import type { Painter } from '../pictures/paint';
import { digitsOf, number, say } from '../words';

const MOST = 60;

interface ColumnsProps {
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
  /** This is the row itself. */
  raw: ArrayLike<number>;
  /** This is the reconstruction of the row; null where there is none. */
  back: ArrayLike<number> | null;
}

export function Columns({ painter, raw, back }: ColumnsProps) {
  const { columns, deviation } = painter.site.data;
  const text = (value: number, j: number) => {
    if (Number.isNaN(value)) return '–';
    return columns[j]?.kind === 'category'
      ? (columns[j].categories[Math.round(value)] ?? '–')
      : number(value, digitsOf(deviation?.[j] ?? 1, 3));
  };
  return (
    <div class="columns" tabIndex={0} role="group" aria-label={say('column.value')}>
      <table>
        <thead>
          <tr>
            <th />
            <th scope="col">{say('pin.original')}</th>
            {back && <th scope="col">{say('pin.back')}</th>}
          </tr>
        </thead>
        <tbody>
          {Array.from(raw)
            .slice(0, MOST)
            .map((_, j) => (
              <tr key={j}>
                <th scope="row">{columns[j]?.name ?? j}</th>
                <td>{text(raw[j], j)}</td>
                {back && <td>{text(back[j], j)}</td>}
              </tr>
            ))}
          {raw.length > MOST && (
            <tr>
              <th scope="row">… +{raw.length - MOST}</th>
              <td />
              {back && <td />}
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}
