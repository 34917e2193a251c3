/** What is being waited for; nothing once something went wrong, as it will not come. */

import { problem } from '../state';
import { say, type Key } from '../words';

export function Waiting({ text }: { text: Key }) {
  return problem.value ? null : (
    <span class="quiet" role="status">
      {say(text)}
    </span>
  );
}
