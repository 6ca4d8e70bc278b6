/* Playground: one kernel, 3x3 or 2x2, and what it does to a photo. */
{
  const { total, correlate, brightness, format, asCode, fill } = window.lesson;
  const { photoOf, photoCode, choice, gridOf, presetMenu, underGlass } = window.lesson;

  window.lesson.playgrounds.kernel = (hand, state) => {
    const { now, words } = hand;
    const sizes = Object.keys(state.presets);
    const photo = photoOf(hand, state);
    for (const size of sizes) [now[size]] = Object.values(state.presets[size]);
    [now.size] = sizes;
    const kernel = () => now[now.size];
    const slot = { get: kernel, set: (rows, done) => hand.set({ [now.size]: rows }, done) };

    const toggles = choice(hand, words.size, sizes, words.sized, hand.slot("size"));
    const grid = gridOf(hand, words.kernel, slot);
    const menu = presetMenu(hand, () => state.presets[now.size], slot);
    const { row, glass, look } = underGlass(hand, state, () => [kernel().length, 1], kernel);
    row.element.children[0].after(grid.element);

    function draw() {
      const { picture } = now.photo;
      const shown = brightness(kernel());
      row.show(0, picture);
      row.show(1, correlate(picture, kernel()), shown);
      look();
      const sum = format(Number(total(kernel().flat()).toFixed(9)));
      return fill(words.summary, { total: sum, rule: words[shown.rule] });
    }

    const code = () => ({ photo: photoCode(state, now), K: asCode(kernel()) });
    return { controls: [...photo, toggles, menu], body: [row.element, glass], draw, code };
  };
}
