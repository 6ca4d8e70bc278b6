/* A number under the hand. */
{
  const { ENTRY, format, refusal, on } = window.lesson;
  const REACH = 10; // pixels that the hand moves for one step

  /* Arrow keys step it, a sideways drag moves it; up and down is left to the page, which scrolls
  (touch-action in the styles). now() is the value; move(value, done) takes a new one, done is false
  while the hand is still moving; settle() ends what is being typed; say(sentence) tells why not. */
  function steer(place, { now, move, settle, say, limits = ENTRY }) {
    const { least, most, step, leap } = limits;
    const KEYS = { ArrowUp: step, ArrowDown: -step, PageUp: leap, PageDown: -leap };
    let stepped = false;
    let hand = null;

    // as near to it as it may be, and a sentence where that is not there
    function reach(wanted) {
      const value = Math.max(least, Math.min(most, wanted));
      if (value !== now()) move(value, false);
      return value === wanted
        ? ""
        : `${refusal(format(wanted), limits)} It stays ${format(value)}.`;
    }

    on(place, "keydown", (event) => {
      if (!(event.key in KEYS)) return;
      event.preventDefault();
      settle();
      const before = now();
      const refused = reach(before + KEYS[event.key]);
      stepped ||= now() !== before;
      if (refused) say(refused);
    });
    on(place, "keyup", (event) => {
      if (!stepped || !(event.key in KEYS)) return;
      stepped = false;
      move(now(), true);
    });

    on(place, "mousedown", (event) => event.preventDefault()); // or it selects text
    on(place, "pointerdown", (event) => {
      if (event.button) return;
      settle();
      hand = { x: event.clientX, from: now(), moved: false };
      place.setPointerCapture(event.pointerId);
    });
    on(place, "pointermove", (event) => {
      if (!hand) return;
      const steps = Math.round((event.clientX - hand.x) / REACH);
      hand.moved ||= steps !== 0;
      if (hand.moved) hand.refused = reach(hand.from + steps * step);
    });
    on(place, "pointercancel", () => {
      if (hand?.moved) move(hand.from, true);
      hand = null;
    });
    on(place, "pointerup", () => {
      if (!hand) return;
      const { moved, refused } = hand;
      hand = null;
      if (moved) {
        move(now(), true);
        if (refused) say(refused);
      } else {
        place.focus();
        place.select();
      }
    });
  }

  Object.assign(window.lesson, { steer });
}
