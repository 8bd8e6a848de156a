// An action of the operator: a button, and a dialog that repeats what it is about before it acts.
import { useRef, useState } from 'preact/hooks';
import { type ActionProps, Confirmation, type Opening } from './confirmation.js';
import { catchFocus, useFocusThatStays } from './focus.js';
import { actionNames } from './types.js';

/** Nothing for those who may not act. The server refuses them as well. */
export function ActionButton(props: ActionProps) {
  const { session, action, hold, isPossible = true, onOpen } = props;
  const button = useRef<HTMLButtonElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const count = useRef(0);
  const [opening, setOpening] = useState<Opening>();
  const isShown = isPossible && session.actions[action] !== undefined;
  useFocusThatStays(button, isShown);
  const open = () => {
    if (dialog.current?.open) return;
    count.current += 1;
    setOpening({ number: count.current, action, hold });
    dialog.current?.showModal();
    onOpen?.();
  };
  const closed = () => {
    // This event comes some time after the dialog has closed. By then, a quick key may have opened it again.
    if (dialog.current?.open) return;
    setOpening(undefined);
    catchFocus(dialog.current);
  };
  return (
    <>
      {isShown && (
        <button type="button" class={`action ${action}`} onClick={open} ref={button}>
          {actionNames[action]}
        </button>
      )}
      {(isShown || opening) && (
        <dialog ref={dialog} aria-label={actionNames[opening?.action ?? action]} onClose={closed}>
          {opening && (
            <Confirmation key={opening.number} {...props} opening={opening} close={() => dialog.current?.close()} />
          )}
        </dialog>
      )}
    </>
  );
}
