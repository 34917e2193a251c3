/** What a model answers, or a file holds, arrives later, when people may already be elsewhere. */

import { signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { report } from '../state/view';

/** Do `act` one at a time. Of the requests that come while it is at work, only the newest is done; the others are left out. */
export function latest<T extends unknown[]>(act: (...given: T) => Promise<void>): (...given: T) => void {
  let busy = false;
  let waiting: T | null = null;
  const go = async (given: T) => {
    busy = true;
    try {
      await act(...given);
    } finally {
      busy = false;
      if (waiting) {
        const next = waiting;
        waiting = null;
        void go(next);
      }
    }
  };
  return (...given) => {
    if (busy) waiting = given;
    else void go(given);
  };
}

/**
 * The newest answer to `ask`; null while there is none. A failure is reported.
 *
 * An answer is of a `subject`, such as a run. When the subject changes, nothing of the old one is shown any more, whether
 * it has come or is still to come, and the new one is asked about at once.
 *
 * For one subject the `inputs` may change as fast as a slider moves. Then one question at a time is at work, the newest
 * waits, those between are never asked, and each answer stays in sight until the next one comes. Where an answer to
 * other inputs must not be shown, let the answer say to which inputs it belongs, and compare.
 *
 * `ask` may look at `isOld`, and give up once it says so: then the subject has changed, or nothing shows the answer.
 */
export function useLatest<T>(
  ask: (isOld: () => boolean) => Promise<T>,
  subject: readonly unknown[],
  inputs: readonly unknown[] = [],
): T | null {
  const about = useMemo(() => {
    const answer = signal<T | null>(null);
    const state = { isOld: false };
    const question = latest(async (ask: (isOld: () => boolean) => Promise<T>) => {
      if (state.isOld) return;
      try {
        answer.value = await ask(() => state.isOld);
      } catch (error) {
        report(error);
      }
    });
    return { answer, question, forget: () => void (state.isOld = true) };
  }, subject);
  useEffect(() => about.forget, [about]);
  useEffect(() => about.question(ask), [about, ...inputs]);
  return about.answer.value;
}
