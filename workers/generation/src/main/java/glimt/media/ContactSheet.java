package glimt.media;

import java.util.List;
import java.util.stream.IntStream;

/** Many pictures on one page, each with a label below, to be looked at. */
public final class ContactSheet {

  private static final int PAPER = 0xFFFFFF;
  private static final int GAP = 4;
  private static final int LETTERS = 2;

  /** One place on the page; an empty label takes no less room. */
  public record Cell(Picture picture, String label) {}

  private ContactSheet() {}

  /**
   * A page of cells in reading order.
   *
   * @param side the square of pixels each picture is fitted into
   */
  public static Picture of(List<Cell> cells, int columns, int side) {
    if (cells.isEmpty() || columns < 1 || side < 1) {
      throw new IllegalArgumentException(
          "%s pictures in %s columns of %s pixels".formatted(cells.size(), columns, side));
    }
    int across = side + GAP;
    int down = side + GAP + Lettering.HEIGHT * LETTERS;
    Picture page =
        Picture.plain(
            Math.multiplyExact(Math.min(columns, cells.size()), across) + GAP,
            Math.multiplyExact(Math.ceilDiv(cells.size(), columns), down) + GAP,
            PAPER);
    for (int i = 0; i < cells.size(); i++) {
      int left = GAP + i % columns * across;
      int top = GAP + i / columns * down;
      Picture fitted = cells.get(i).picture().fitted(side);
      page.paste(fitted, left + (side - fitted.width()) / 2, top + (side - fitted.height()) / 2);
      Picture label = Picture.plain(side, Lettering.HEIGHT * LETTERS, PAPER);
      Lettering.write(label, cells.get(i).label(), 0, LETTERS, LETTERS);
      page.paste(label, left, top + side);
    }
    return page;
  }

  /**
   * {@code most} frames of a video, evenly spread, as cells; the label runs on below them.
   *
   * @param side of the cells on their sheet
   */
  public static List<Cell> strip(Frames frames, int most, String label, int side) {
    int shown = Math.clamp(frames.count(), 1, Math.max(1, most));
    int letters = Math.max(1, side / (Lettering.WIDTH * LETTERS));
    return IntStream.range(0, shown)
        .mapToObj(
            i ->
                new Cell(
                    frames.picture((int) ((long) i * frames.count() / shown)),
                    label.substring(
                        Math.min(label.length(), i * letters),
                        Math.min(label.length(), (i + 1) * letters))))
        .toList();
  }

  /** Four frames of a video, evenly spread, in reading order. */
  public static Picture quarters(Frames frames) {
    Picture four = Picture.plain(2 * frames.width() + 2, 2 * frames.height() + 2, PAPER);
    for (int i = 0; i < 4; i++) {
      four.paste(
          frames.picture(i * (frames.count() - 1) / 3),
          i % 2 * (frames.width() + 2),
          i / 2 * (frames.height() + 2));
    }
    return four;
  }
}
