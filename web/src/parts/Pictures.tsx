/** One picture, or some in a row, with or without words below. */

import type { ComponentChildren } from 'preact';
import type { Raw } from '../network';
import type { Painter } from '../pictures/paint';
import { controls } from '../state/view';
import { say } from '../words';
import { Tiles } from './Tiles';

interface ExampleProps {
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
  /** This is the number of the example. */
  i: number;
}

/** Example i as people see it. */
export function Example({ painter, i }: ExampleProps) {
  return (
    <Tiles
      n={1}
      columns={1}
      width={painter.width}
      height={painter.height}
      class="picture"
      label={say('picture.example', { id: i })}
      paint={(pen, _, x, y, w, h) => painter.example(pen, i, x, y, w, h)}
    />
  );
}

interface OutputProps {
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
  /** These are the raw examples that a model put out, one after the other; null leaves the place empty. */
  raw: Raw | null;
  /** The k-th of them is shown, which is the first one by default. */
  k?: number;
}

/** The k-th of what a model put out; an empty place while there is nothing. */
export function Output({ painter, raw, k = 0 }: OutputProps) {
  return (
    <Tiles
      n={raw ? 1 : 0}
      columns={1}
      width={painter.width}
      height={painter.height}
      class="picture output"
      label={say('picture.output')}
      paint={(pen, _, x, y, w, h) => raw && painter.raw(pen, raw, k, x, y, w, h)}
    />
  );
}

interface ExamplesProps {
  /** The painter knows how the examples of this site are drawn. */
  painter: Painter;
  /** These are the numbers of the examples. */
  rows: number[];
  /** This is called with the number of the example that was picked. */
  onPick: (i: number) => void;
}

/** Many examples, each a button that picks it. */
export function Examples({ painter, rows, onPick }: ExamplesProps) {
  const wide = Math.min(9, (3.6 * painter.width) / painter.height);
  return (
    <ul class="sheet" style={painter.hasBars ? { gridTemplateColumns: `repeat(auto-fill, minmax(${wide}rem, 1fr))` } : {}}>
      {rows.map((i) => (
        <li key={i}>
          <button
            type="button"
            title={describe(painter, i)}
            aria-label={say('picture.example', { id: describe(painter, i) })}
            onClick={() => onPick(i)}>
            {painter.showsExamples && <Example painter={painter} i={i} />}
            {/* Bars look alike: it takes words to tell one row from another. */}
            {(painter.hasBars || !painter.showsExamples) && describe(painter, i)}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The example's label and id, in a few words; while one guesses its number alone, as ids may be named after labels. */
export function describe(painter: Painter, i: number): string {
  const { labels, ids } = painter.examples!;
  if (controls.guessing.value) return `#${i}`;
  const name = labels && painter.site.data.class_names?.[labels[i]];
  return [name, ids?.[i] ?? `#${i}`].filter(Boolean).join(' · ');
}

interface CaptionedProps {
  /** The children are what the caption is about. */
  children: ComponentChildren;
  /** The text stands below them. */
  text: string;
}

export function Captioned({ children, text }: CaptionedProps) {
  return (
    <figure class="captioned">
      {children}
      <figcaption>{text}</figcaption>
    </figure>
  );
}
