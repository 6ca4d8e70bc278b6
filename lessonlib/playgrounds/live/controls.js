/* Controls of a playground, each of a slot, {get(), set(value, done)}. */
{
  const { make, button, labelled, options, fill, kernelGrid, same } = window.lesson;

  function gridOf(hand, name, { get, set }, more = {}) {
    const grid = kernelGrid({ name, kernel: get(), say: hand.say, change: set, ...more });
    hand.follow(() => {
      if (grid.kernel !== get()) grid.set(get());
    });
    return grid;
  }

  // kernels with a name, or tuples of them; named() may be others after a change
  function presetMenu(hand, named, { get, set }) {
    const { preset, custom } = hand.words;
    const menu = make("select", { change: () => set(named()[menu.value]) });
    let listed;
    hand.follow(() => {
      if (listed !== named()) {
        listed = named();
        const first = make("option", { disabled: "" }, custom);
        menu.replaceChildren(first, ...options(Object.keys(listed)));
      }
      menu.value = Object.keys(listed).find((name) => same(listed[name], get())) ?? custom;
    });
    return labelled(preset, menu);
  }

  // one of several buttons is pressed; title: what it does, with a place for the button's value
  function choice(hand, name, values, title, { get, set }) {
    const buttons = values.map((value) => button(value, fill(title, { value }), () => set(value)));
    hand.follow(() => {
      for (const [n, value] of values.entries())
        buttons[n].setAttribute("aria-pressed", value === get());
    });
    return make("span", { role: "group", "aria-label": name }, ...buttons);
  }

  // a slider from 1 with its number; one drag is one finished change
  function slider(hand, name, most, { get, set }) {
    const shown = make("output");
    const handle = make("input", {
      type: "range",
      min: 1,
      max: most,
      input: () => set(Number(handle.value), false),
      change: () => set(Number(handle.value), true),
    });
    hand.follow(() => {
      handle.value = get();
      shown.value = get();
    });
    return labelled(name, handle, " ", shown);
  }

  Object.assign(window.lesson, { gridOf, presetMenu, choice, slider });
}
