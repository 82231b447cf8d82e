package glimt.media;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Arranges frames in a grid and encodes it as a JPEG of at most {@link Preview#MOST_BYTES}. */
final class SpriteSheet {

  static final int MOST_FRAMES = 64;

  /**
   * JPEG halves the resolution of colour, so frames with a shorter side than this are enlarged
   * first.
   */
  private static final int SMALLEST_SIDE = 32;

  /**
   * Sheets with more pixels are shrunk before the first attempt, because they would exceed the
   * limit anyway.
   */
  private static final int MOST_PIXELS = 640 * 640;

  private static final float[] QUALITIES = {0.85f, 0.7f, 0.5f, 0.3f};

  private SpriteSheet() {}

  static Preview.Sheet of(Frames all) {
    int shown = Math.min(all.count(), MOST_FRAMES);
    int columns = (int) Math.ceil(Math.sqrt((double) shown * all.height() / all.width()));
    columns = Math.clamp(columns, 1, shown);
    int rows = Math.ceilDiv(shown, columns);
    int factor = Math.ceilDiv(SMALLEST_SIDE, Math.min(all.width(), all.height()));
    double pixels = (double) columns * all.width() * factor * rows * all.height() * factor;
    double scale = factor * Math.min(1, Math.sqrt(MOST_PIXELS / pixels));
    while (true) {
      int width = Math.max(1, (int) (all.width() * scale));
      int height = Math.max(1, (int) (all.height() * scale));
      Picture grid = Picture.plain(columns * width, rows * height, 0);
      for (int i = 0; i < shown; i++) {
        int frame = (int) ((long) i * all.count() / shown);
        grid.paste(
            all.picture(frame).scaled(width, height), i % columns * width, i / columns * height);
      }
      for (float quality : QUALITIES) {
        byte[] jpeg = jpeg(grid, quality);
        if (jpeg.length <= Preview.MOST_BYTES) {
          return new Preview.Sheet(jpeg, shown, columns, rows, width, height);
        }
      }
      scale /= 2; // terminates, because a sheet of a few pixels fits
    }
  }

  static byte[] jpeg(Picture picture, float quality) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    var bytes = new ByteArrayOutputStream();
    try (var out = new MemoryCacheImageOutputStream(bytes)) {
      ImageWriteParam wish = writer.getDefaultWriteParam();
      wish.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      wish.setCompressionQuality(quality);
      writer.setOutput(out);
      writer.write(null, new IIOImage(picture.image(), null, null), wish);
    } catch (IOException e) {
      throw new MediaException("cannot write a JPEG of " + picture, e);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }
}
