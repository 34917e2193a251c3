/** How the reconstructions of a run stand to those of PCA of the same size. */

import type { RunRef } from '../site';
import { view } from '../state/view';

interface VerdictProps {
  /** The verdict of this run is told, if it has one. */
  run: RunRef;
}

export function Verdict({ run: { verdict } }: VerdictProps) {
  return verdict && <p class={`verdict ${verdict.outcome}`}>{verdict.told[view.lang.value]}</p>;
}
