/* Step 4: one bright pixel through B, then C. */
"use strict";

{
  const { compose, zeros, sign } = window.lesson;
  const { steps, data, row, message, picture, slid, pair, pairGrids } = window.explorable;
  const SIDE = 5;

  steps.pixel = (root) => {
    const { element, say } = message();
    let at = [2, 2];
    const grids = pairGrids(say);
    const x = picture("one bright pixel", light(at), { look });
    const afterB = picture("after B", slid(light(at), pair.b, 1));
    const afterC = picture("after B, then C", light(at));
    const turned = picture("A, turned", data.sobel);

    function look(pixel) {
      at = pixel;
      draw();
    }

    function draw() {
      grids.follow();
      const middle = slid(light(at), pair.b, 1);
      const a = compose(pair.b, pair.c);
      x.show(light(at));
      afterB.show(middle);
      afterC.show(slid(middle, pair.c));
      turned.show(a.map((line) => line.toReversed()).toReversed());
      x.frame(...at, 1);
      afterC.frame(at[0] - 1, at[1] - 1);
      const within = at.every((place) => place > 0 && place < SIDE - 1);
      if (within) say("The nine pixels in the frame are the nine entries of A.");
      else say("At the edge a part of A falls outside.");
    }

    const to = () => sign("→");
    const first = [x.element, to(), grids.b.element, to(), afterB.element];
    const second = [to(), grids.c.element, to(), afterC.element, sign("="), turned.element];
    root.replaceChildren(row(...first, ...second), element);
    pair.watchers.push(draw);
    draw();
  };

  function light([row, column]) {
    const rows = zeros(SIDE, SIDE);
    rows[row][column] = 1;
    return rows;
  }
}
