/** Which questions are asked while a model is at work, and which answers are shown. */

import { h, render } from 'preact';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { latest, useLatest } from '../src/parts/useLatest';
import { view } from '../src/state/view';

/** All effects, and all that waits for an answer that has come, are done. */
const settled = () => new Promise((done) => setTimeout(done, 60));

/** A model that answers when it is told to, and what it was asked. */
function slow() {
  const asked: string[] = [];
  const open = new Map<string, { done: (answer: string) => void; fail: (error: Error) => void }>();
  const ask = (question: string) => {
    asked.push(question);
    return new Promise<string>((done, fail) => open.set(question, { done, fail }));
  };
  const answer = (question: string) => (open.get(question)!.done(`answer to ${question}`), settled());
  const fail = (question: string) => (open.get(question)!.fail(new Error(`cannot ${question}`)), settled());
  return { asked, ask, answer, fail };
}

test('one question at a time; of those that wait only the newest is asked', async () => {
  const { asked, ask, answer } = slow();
  const go = latest(async (question: string) => void (await ask(question)));
  for (const question of ['1', '2', '3', '4']) go(question);
  expect(asked).toEqual(['1']);
  await answer('1');
  expect(asked).toEqual(['1', '4']);
  go('5');
  await answer('4');
  await answer('5');
  expect(asked).toEqual(['1', '4', '5']);
  go('6');
  expect(asked).toEqual(['1', '4', '5', '6']);
});

describe('the hook', () => {
  const model = slow();
  let shown: string | null = null;
  let old: (() => boolean)[] = [];

  function Shown({ subject, input }: { subject: string; input: number }) {
    shown = useLatest(
      (isOld) => {
        old.push(isOld);
        return model.ask(`${subject}${input}`);
      },
      [subject],
      [input],
    );
    return null;
  }
  // A component that shows nothing needs little of a document.
  const place = { childNodes: [], firstChild: null, insertBefore: () => undefined } as unknown as Element;
  const show = (subject: string, input: number) => (render(h(Shown, { subject, input }), place), settled());

  beforeEach(() => {
    model.asked.length = 0;
    [shown, old] = [null, []];
    view.problem.value = null;
  });
  afterEach(() => void render(null, place));

  test('shows an answer when it comes, and until the next one comes', async () => {
    await show('a', 1);
    expect(shown).toBe(null);
    await model.answer('a1');
    expect(shown).toBe('answer to a1');
    await show('a', 2);
    expect(shown).toBe('answer to a1');
    await model.answer('a2');
    expect(shown).toBe('answer to a2');
  });

  test('asks for the newest inputs only, and shows what comes on the way', async () => {
    for (const input of [1, 2, 3]) await show('a', input);
    await model.answer('a1');
    expect(shown).toBe('answer to a1');
    expect(model.asked).toEqual(['a1', 'a3']);
    await model.answer('a3');
    expect(shown).toBe('answer to a3');
  });

  test('shows nothing of another subject, which is asked about at once', async () => {
    await show('a', 1);
    await model.answer('a1');
    await show('a', 2);
    await show('a', 3);
    await show('b', 3);
    expect(shown).toBe(null);
    expect(model.asked).toEqual(['a1', 'a2', 'b3']);
    expect(old.map((isOld) => isOld())).toEqual([true, true, false]);
    await model.answer('a2');
    expect(shown).toBe(null);
    expect(model.asked, 'what waited is asked no more').toEqual(['a1', 'a2', 'b3']);
    await model.answer('b3');
    expect(shown).toBe('answer to b3');
  });

  test('asks again only when something changed', async () => {
    await show('a', 1);
    await model.answer('a1');
    await show('a', 1);
    expect(model.asked).toEqual(['a1']);
  });

  test('reports a failure, and goes on', async () => {
    await show('a', 1);
    await model.fail('a1');
    expect(String(view.problem.value)).toContain('cannot a1');
    await show('a', 2);
    await model.answer('a2');
    expect(shown).toBe('answer to a2');
  });

  test('tells what is being asked when nothing shows it any more', async () => {
    await show('a', 1);
    render(null, place);
    await settled();
    expect(old.map((isOld) => isOld())).toEqual([true]);
  });
});
