/** What is being waited for; nothing once something went wrong, as it will not come. */

import { view } from '../state/view';
import { say, type Key } from '../words';

interface WaitingProps {
  /** This is the key of the text that says what is being waited for. */
  text: Key;
}

export function Waiting({ text }: WaitingProps) {
  return view.problem.value ? null : (
    <span class="quiet" role="status">
      {say(text)}
    </span>
  );
}
