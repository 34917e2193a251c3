/** What is being waited for; nothing once something went wrong, as it will not come. */

import { view } from '../state/view';
import { say, type Key } from '../words';

export function Waiting({ text }: { text: Key }) {
  return view.problem.value ? null : (
    <span class="quiet" role="status">
      {say(text)}
    </span>
  );
}
