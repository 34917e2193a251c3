/** Which of many questions are asked while a model is at work. */

import { expect, test } from 'vitest';
import { latest } from '../src/parts/useLatest';

/** A model that answers when it is told to, and what it was asked. */
function slow() {
  const asked: number[] = [];
  const open: (() => void)[] = [];
  const ask = latest((input: number) => {
    asked.push(input);
    return new Promise<void>((done) => open.push(done));
  });
  const answer = async () => {
    open.shift()!();
    await new Promise((done) => setTimeout(done));
  };
  return { asked, ask, answer };
}

test('one question at a time; of those that wait only the newest is asked', async () => {
  const { asked, ask, answer } = slow();
  for (const input of [1, 2, 3, 4]) ask(input);
  expect(asked).toEqual([1]);
  await answer();
  expect(asked).toEqual([1, 4]);
  ask(5);
  await answer();
  await answer();
  expect(asked).toEqual([1, 4, 5]);
  ask(6);
  expect(asked).toEqual([1, 4, 5, 6]);
});
