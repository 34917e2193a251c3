/** Small things to choose with. */

import type { Signal } from '@preact/signals';
import { number } from '../words';

/** One of a few. */
export function Choice<T extends string>({
  name,
  value,
  of,
  onPick,
}: {
  name: string;
  value: T;
  of: [T, string][];
  onPick: (value: T) => void;
}) {
  return (
    <div class="choice" role="group" aria-label={name}>
      <span aria-hidden="true">{name}</span>
      {of.map(([one, text]) => (
        <button type="button" key={one} aria-pressed={one === value} onClick={() => onPick(one)}>
          {text}
        </button>
      ))}
    </div>
  );
}

interface SliderProps {
  name: string;
  value: number;
  least: number;
  most: number;
  step?: number;
  note?: string;
  onSlide: (value: number) => void;
}

export function Slider({ name, value, least, most, step, note, onSlide }: SliderProps) {
  return (
    <label class="slider">
      <span>
        {name}
        {note && <small> {note}</small>}
      </span>
      <input
        type="range"
        min={least}
        max={most}
        step={step ?? (most - least) / 200}
        value={value}
        onInput={(event) => onSlide(Number(event.currentTarget.value))}
      />
      <output>{number(value, 2)}</output>
    </label>
  );
}

export function Switch({ name, on }: { name: string; on: Signal<boolean> }) {
  return (
    <button type="button" class="switch" aria-pressed={on.value} onClick={() => (on.value = !on.value)}>
      {name}
    </button>
  );
}
