package glimt.training.sprites;

import glimt.training.recipe.TrainingException;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Decodes the frames of a WebP file, which may be a single picture. In an animation, each frame is
 * a rectangle that replaces or is blended with a part of the canvas, and may be cleared before the
 * next frame.
 */
final class AnimatedWebp {
  private AnimatedWebp() {}

  /** The position of a frame on the canvas (RIFF chunk ANMF). */
  private record Placed(int x, int y, int width, int height, boolean blended, boolean wiped) {}

  /**
   * Decodes a file.
   *
   * @param name the name of the file, for error messages
   * @return the whole canvas after each frame: red, green, blue, alpha in 0..255 for each pixel,
   *     row by row
   * @throws TrainingException if the file is not an animated WebP file or is damaged
   */
  static List<int[]> frames(String name, byte[] file) {
    ByteBuffer riff = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    List<Placed> places = new ArrayList<>();
    int width = 0;
    int height = 0;
    for (int at = 12; at + 8 <= file.length; at += 8 + even(riff.getInt(at + 4))) {
      String chunk = new String(file, at, 4, StandardCharsets.US_ASCII);
      if (riff.getInt(at + 4) < 0) {
        throw new TrainingException(name + " is a damaged WebP file; download it again");
      } else if (chunk.equals("VP8X")) {
        width = 1 + uint24(riff, at + 12);
        height = 1 + uint24(riff, at + 15);
      } else if (chunk.equals("ANMF")) {
        int flags = file[at + 23];
        places.add(
            new Placed(
                2 * uint24(riff, at + 8),
                2 * uint24(riff, at + 11),
                1 + uint24(riff, at + 14),
                1 + uint24(riff, at + 17),
                (flags & 2) == 0,
                (flags & 1) != 0));
      }
    }
    ImageReader reader = ImageIO.getImageReadersByFormatName("webp").next();
    try (ImageInputStream in = ImageIO.createImageInputStream(new ByteArrayInputStream(file))) {
      reader.setInput(in);
      if (places.isEmpty()) {
        return List.of(still(reader.read(0).getRaster()));
      }
      int[] canvas = new int[4 * width * height];
      List<int[]> frames = new ArrayList<>();
      for (int i = 0; i < places.size(); i++) {
        draw(reader.read(i).getRaster(), places.get(i), canvas, width);
        frames.add(canvas.clone());
        if (places.get(i).wiped) {
          wipe(places.get(i), canvas, width);
        }
      }
      return frames;
    } catch (IOException | IndexOutOfBoundsException broken) {
      throw new TrainingException("cannot decode " + name + ": " + broken, broken);
    } finally {
      reader.dispose();
    }
  }

  private static int[] still(Raster picture) {
    int[] canvas = new int[4 * picture.getWidth() * picture.getHeight()];
    Placed whole = new Placed(0, 0, picture.getWidth(), picture.getHeight(), false, false);
    draw(picture, whole, canvas, picture.getWidth());
    return canvas;
  }

  private static void draw(Raster frame, Placed place, int[] canvas, int width) {
    int bands = frame.getNumBands();
    int[] pixel = new int[bands];
    for (int y = 0; y < place.height; y++) {
      for (int x = 0; x < place.width; x++) {
        frame.getPixel(x, y, pixel);
        int to = 4 * ((place.y + y) * width + place.x + x);
        int alpha = bands == 4 ? pixel[3] : 255;
        if (place.blended && alpha < 255) {
          int under = canvas[to + 3] * (255 - alpha) / 255;
          int total = Math.max(1, alpha + under);
          for (int c = 0; c < 3; c++) {
            canvas[to + c] = (pixel[c] * alpha + canvas[to + c] * under) / total;
          }
          canvas[to + 3] = alpha + under;
        } else {
          System.arraycopy(pixel, 0, canvas, to, 3);
          canvas[to + 3] = alpha;
        }
      }
    }
  }

  private static void wipe(Placed place, int[] canvas, int width) {
    for (int y = place.y; y < place.y + place.height; y++) {
      int from = 4 * (y * width + place.x);
      Arrays.fill(canvas, from, from + 4 * place.width, 0);
    }
  }

  private static int uint24(ByteBuffer bytes, int at) {
    return (bytes.getShort(at) & 0xffff) | ((bytes.get(at + 2) & 0xff) << 16);
  }

  private static int even(int length) {
    return length + (length & 1);
  }
}
