/** Small things to choose with. */

import type { Signal } from '@preact/signals';
import { digitsOf, number } from '../words';

interface ChoiceProps<T extends string> {
  /** The name stands before the buttons. */
  name: string;
  /** This value is chosen now. */
  value: T;
  /** These are the values that one can choose, each with the text of its button. */
  of: [T, string][];
  /** This is called with the value that was picked. */
  onPick: (value: T) => void;
}

/** One of a few. */
export function Choice<T extends string>({ name, value, of, onPick }: ChoiceProps<T>) {
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
  /** The name stands before the slider. */
  name: string;
  /** The slider stands at this value. */
  value: number;
  /** This is the value at the left end. */
  least: number;
  /** This is the value at the right end. */
  most: number;
  /** Values differ by multiples of this step, which is a two-hundredth of the whole by default. */
  step?: number;
  /** The note stands behind the name, in smaller letters. */
  note?: string;
  /** This is called with every value that the slider passes. */
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
      <output>{number(value, digitsOf(most - least))}</output>
    </label>
  );
}

interface SwitchProps {
  /** The name stands on the button. */
  name: string;
  /** The signal says whether the switch is on, and the button turns it. */
  on: Signal<boolean>;
}

export function Switch({ name, on }: SwitchProps) {
  return (
    <button type="button" class="switch" aria-pressed={on.value} onClick={() => (on.value = !on.value)}>
      {name}
    </button>
  );
}
