// Animated images, which browsers play without end, made to stop and start.

/**
 * Gives an image `moves` and `halted`, as clips and clouds have them. While it is halted it shows
 * its first frame.
 *
 * @param img not loaded yet
 * @param halted whether it begins so
 */
export function halting(img, halted) {
  let first;
  let link;
  const show = () => {
    const wanted = halted ? first : link;
    if (wanted && img.src !== wanted) img.src = wanted;
  };
  img.addEventListener("load", () => {
    link = img.src;
    const frame = document.createElement("canvas");
    [frame.width, frame.height] = [img.naturalWidth, img.naturalHeight];
    frame.getContext("2d").drawImage(img, 0, 0);
    first = frame.toDataURL();
    show();
  }, { once: true });
  Object.defineProperties(img, {
    moves: { value: true },
    halted: {
      get: () => halted,
      set: on => {
        halted = on;
        show();
      },
    },
  });
  return img;
}
