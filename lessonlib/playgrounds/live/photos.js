/* Sample photos, and one's own. */
{
  const { make, button, labelled, options, fill } = window.lesson;

  /* photoMenu(state, changed, say) gives {elements, photo: {name, picture}, set(photo)}: a menu of
  sample photos and a button for one's own; changed() after each choice, say(sentence) why a file will
  not do. state: {side, photos, megapixels, words}, as Python's with_photos makes it. */
  function photoMenu(state, changed, say) {
    const { side, words } = state;
    const samples = Object.entries(state.photos).map(([name, bytes]) => ({
      name,
      picture: decoded(bytes, side),
    }));
    const names = samples.map(({ name }) => name);
    const menu = make("select", {
      change: () => choose(samples[menu.selectedIndex] ?? chooser.photo),
    });
    const file = make("input", {
      type: "file",
      accept: "image/*",
      hidden: "",
      change: () => read(file.files[0]),
    });
    const own = button(words.own, words.owned, () => file.click());
    const chooser = { elements: [labelled(words.photo, menu), own, file], photo: samples[0], set };

    function set(photo) {
      chooser.photo = photo;
      const listed = samples.includes(photo) ? names : [...names, photo.name];
      menu.replaceChildren(...options(listed));
      menu.selectedIndex = listed.indexOf(photo.name);
    }

    function choose(photo) {
      set(photo);
      changed();
    }

    function read(chosen) {
      file.value = ""; // so that the same file is news again after an undo
      if (!chosen) return;
      const image = new Image();
      image.onerror = () => say(words.no_picture);
      image.onload = () => {
        const megapixels = (image.naturalWidth * image.naturalHeight) / 1e6;
        if (megapixels === 0) say(words.no_picture);
        else if (megapixels > state.megapixels)
          say(fill(words.too_large, { megapixels: Math.round(megapixels) }));
        else choose({ name: words.own, picture: middle(image, side) });
        URL.revokeObjectURL(image.src);
      };
      image.src = URL.createObjectURL(chosen);
    }

    set(samples[0]);
    return chooser;
  }

  function decoded(base64, side) {
    const bytes = atob(base64);
    return square(side, (at, channel) => bytes.charCodeAt(3 * at + channel));
  }

  // the middle square of an image, on white where it is transparent
  function middle(image, side) {
    const canvas = make("canvas", { width: side, height: side });
    const context = canvas.getContext("2d");
    const edge = Math.min(image.naturalWidth, image.naturalHeight);
    const left = (image.naturalWidth - edge) / 2;
    const top = (image.naturalHeight - edge) / 2;
    context.fillStyle = "white";
    context.fillRect(0, 0, side, side);
    context.imageSmoothingQuality = "high";
    context.drawImage(image, left, top, edge, edge, 0, 0, side, side);
    const levels = context.getImageData(0, 0, side, side).data;
    return square(side, (at, channel) => levels[4 * at + channel]);
  }

  // a picture from its levels, 0 to 255
  function square(side, level) {
    const planes = [0, 1, 2].map((channel) =>
      Float64Array.from({ length: side * side }, (_, at) => level(at, channel) / 255),
    );
    return { height: side, width: side, planes };
  }

  // the menu for hand.now.photo, and the lines of code that read that photo
  function photoOf(hand, state) {
    const menu = photoMenu(state, () => hand.set({ photo: menu.photo }), hand.say);
    hand.now.photo = menu.photo;
    hand.follow(() => {
      if (menu.photo !== hand.now.photo) menu.set(hand.now.photo);
    });
    return menu.elements;
  }

  const photoCode = (state, { photo }) =>
    photo.name in state.photos ? fill(state.sample, photo) : state.own;

  Object.assign(window.lesson, { photoMenu, photoOf, photoCode });
}
