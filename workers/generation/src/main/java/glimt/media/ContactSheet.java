package glimt.media;

import java.util.List;
import java.util.stream.IntStream;

/** Arranges many pictures on one page, each with a label below, for visual inspection. */
public final class ContactSheet {

  private static final int PAPER = 0xFFFFFF;
  private static final int GAP = 4;
  private static final int LETTERS = 2;

  /** A picture and its label. An empty label takes the same space as any other. */
  public record Cell(Picture picture, String label) {}

  private ContactSheet() {}

  /**
   * Draws a page of cells in reading order.
   *
   * @param side the side in pixels of the square that each picture is fitted into
   * @throws IllegalArgumentException if there are no cells, or {@code columns} or {@code side} is
   *     less than 1
   */
  public static Picture of(List<Cell> cells, int columns, int side) {
    if (cells.isEmpty() || columns < 1 || side < 1) {
      throw new IllegalArgumentException(
          "a contact sheet needs pictures, columns and a positive side, not %s pictures in %s columns of %s pixels"
              .formatted(cells.size(), columns, side));
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
   * Up to {@code most} evenly spaced frames of a video as cells, with the label continuing from one
   * cell to the next.
   *
   * @param side the side in pixels of the cells on the page
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

  /** A picture of four evenly spaced frames of a video in reading order. */
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
