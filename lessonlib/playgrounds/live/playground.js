/* What every playground has: Undo, a line for messages, lines of code to copy. */
{
  const { make, box, button, fill, sayer } = window.lesson;

  const same = (a, b) => a === b || (Array.isArray(a) && String(a) === String(b));

  /* They stand around what build(hand, state) makes: {controls, body, draw, code}. What the learner
  has set is hand.now, by name. A control puts new values there by hand.set(values, done), where done
  is false while the hand is still moving, and gives hand.follow() what shows them again;
  hand.slot(name) is {get(), set(value, done)} of one value. draw() shows the rest and gives the
  sentence for the message; code() the values for the lines of code. */
  function playground(root, state, build) {
    const { words } = state;
    const now = {};
    const followers = [];
    let summary = "";
    const message = make("div", { class: "lesson-message", role: "status" });
    const say = sayer(message);
    const text = make("textarea", {
      class: "lesson-code",
      readonly: "",
      hidden: "",
      "aria-label": words.code,
    });
    const undo = button(words.undo, words.undone, () => {
      if (past.length === 1) return;
      past.pop();
      Object.assign(now, past.at(-1));
      show();
    });
    const more = button(words.code, words.coded, () => {
      text.hidden = !text.hidden;
      show();
    });

    const differ = (values, others) =>
      Object.keys(values).some((name) => !same(values[name], others[name]));

    function set(values, done = true) {
      const news = differ(values, now);
      Object.assign(now, values);
      if (done && differ(now, past.at(-1))) past.push({ ...now });
      if (news) show();
      else tell(); // the hand has come to rest on what is drawn already
    }

    function show() {
      for (const follow of followers) follow();
      summary = draw();
      tell();
      more.setAttribute("aria-expanded", !text.hidden);
      if (text.hidden) return;
      text.value = fill(state.code, code());
      text.rows = text.value.split("\n").length;
    }

    function tell() {
      say(summary);
      undo.setAttribute("aria-disabled", past.length === 1);
    }

    const follow = (show) => followers.push(show);
    const slot = (name) => ({
      get: () => now[name],
      set: (value, done) => set({ [name]: value }, done),
    });
    const { controls, body, draw, code } = build({ now, words, say, set, follow, slot }, state);
    const past = [{ ...now }];
    const last = box("last", message, undo, more);
    root.replaceChildren(box("controls", ...controls), ...body, last, text);
    show();
  }

  Object.assign(window.lesson, { same, playground });
}
