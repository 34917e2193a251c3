import { useEffect } from 'preact/hooks';

/** Is the key the browser's or the system's, as Alt and an arrow are? */
export const isTheirs = (event: KeyboardEvent): boolean => event.ctrlKey || event.metaKey || event.altKey;

/** Do `step` at the left and right arrow, and `more` at other keys, wherever the keyboard is not used for something else. */
export function useArrows(step: (by: 1 | -1) => void, more: Record<string, () => void> = {}, of: unknown[] = []): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const at = event.target as Element;
      const by = ({ ArrowRight: 1, ArrowLeft: -1 } as const)[event.key];
      const other = more[event.key];
      if (isTheirs(event) || !(by || other) || at.closest(by ? 'input, select, .scatter' : 'input, select, button, a')) return;
      event.preventDefault();
      if (by) step(by);
      else other();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, of);
}
