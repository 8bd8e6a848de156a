// The focus of the keyboard, where the element that has it goes away: otherwise it falls back to the top of the page.
import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

/** Moves a focus that was lost, or is in what was closed, to the content of the page. */
export function catchFocus(closed?: Element | null): void {
  const { activeElement, body } = document;
  const isLost = !activeElement || activeElement === body || closed?.contains(activeElement);
  if (!isLost) return;
  document.getElementById('main')?.focus({ preventScroll: true });
}

/** Catches the focus of an element when it is not shown any more. */
export function useFocusThatStays(element: RefObject<HTMLElement>, isShown: boolean): void {
  // Asked while the page is computed, because afterwards the element is gone, and the focus with it.
  const hadFocus = element.current !== null && element.current === document.activeElement;
  useLayoutEffect(() => {
    if (hadFocus && !isShown) catchFocus();
  });
}
