/* Playground: a 2x2 at each of its four places inside a 3x3, and where it pushes the picture. */
{
  const { correlate, embed, brightness, asCode, fill, box, kernelGrid } = window.lesson;
  const { photoOf, photoCode, choice, gridOf, slider, pictures } = window.lesson;

  window.lesson.playgrounds.placement = (hand, state) => {
    const { now, words } = hand;
    const photo = photoOf(hand, state);
    const places = Object.keys(state.places);
    [now.place] = places;
    [now.kernel] = Object.values(state.presets);
    now.times = 1;
    const larger = () => embed(now.kernel, 3, ...state.places[now.place]);

    const grid = gridOf(hand, words.kernel, hand.slot("kernel"));
    const inside = kernelGrid({ name: words.inside, kernel: larger(), editable: false });
    const corners = choice(hand, words.place, places, words.placed, hand.slot("place"));
    const layers = slider(hand, words.times, state.most, hand.slot("times"));
    const row = pictures(state, () => [1, 1], ring);
    row.element.prepend(box("column", grid.element, inside.element));

    // what the pixel under the hand is made from: as many pixels more as there are layers
    function ring() {
      const [i, j] = row.place();
      const [down, right] = state.places[now.place].map((corner) => (corner - 1) * now.times);
      row.ring(0, i + down, j + right, now.times + 1);
      row.ring(1, i, j, 1);
    }

    function draw() {
      inside.set(larger());
      const { times, place } = now;
      let { picture } = now.photo;
      row.show(0, picture);
      for (let n = 0; n < times; n++) picture = correlate(picture, larger(), 1);
      row.show(1, picture, brightness(now.kernel));
      ring();
      const [down, right] = state.places[place];
      return fill(words.summary, {
        place,
        pixels: `${times / 2} ${times > 2 ? words.pixels : words.one_pixel}`,
        half: times / 2,
        vertical: words.vertical[down],
        sideways: words.sideways[right],
      });
    }

    const code = () => ({ photo: photoCode(state, now), K: asCode(larger()), times: now.times });
    return { controls: [...photo, corners, layers], body: [row.element], draw, code };
  };
}
