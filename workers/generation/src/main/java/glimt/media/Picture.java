package glimt.media;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * A still picture: {@code width * height} pixels of sRGB, three bytes each, row by row. The array
 * is not copied.
 */
public record Picture(int width, int height, byte[] rgb) {

  public Picture {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException("a picture of " + width + "x" + height + " pixels");
    }
    if (rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          "%s bytes for a picture of %sx%s, which needs %s"
              .formatted(rgb.length, width, height, 3L * width * height));
    }
  }

  /** A picture of one colour, as {@code 0xRRGGBB}. */
  public static Picture plain(int width, int height, int colour) {
    byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
    for (int i = 0; i < rgb.length; i += 3) {
      rgb[i] = (byte) (colour >> 16);
      rgb[i + 1] = (byte) (colour >> 8);
      rgb[i + 2] = (byte) colour;
    }
    return new Picture(width, height, rgb);
  }

  /**
   * This picture as large as fits into a square of {@code side} pixels: whole pixels repeated, or
   * averaged to shrink.
   */
  public Picture fitted(int side) {
    int longer = Math.max(width, height);
    if (longer <= side) {
      return scaled(width * (side / longer), height * (side / longer));
    }
    return scaled(Math.max(1, width * side / longer), Math.max(1, height * side / longer));
  }

  /**
   * This picture at another size; each new pixel is the mean of the old pixels whose centres it
   * covers, or the nearest.
   */
  Picture scaled(int newWidth, int newHeight) {
    if (newWidth == width && newHeight == height) {
      return this;
    }
    byte[] out = new byte[3 * newWidth * newHeight];
    int at = 0;
    for (int y = 0; y < newHeight; y++) {
      int top = (int) ((long) y * height / newHeight);
      int bottom = Math.max(top + 1, (int) ((long) (y + 1) * height / newHeight));
      for (int x = 0; x < newWidth; x++) {
        int left = (int) ((long) x * width / newWidth);
        int right = Math.max(left + 1, (int) ((long) (x + 1) * width / newWidth));
        int area = (bottom - top) * (right - left);
        for (int channel = 0; channel < 3; channel++) {
          int sum = area / 2;
          for (int v = top; v < bottom; v++) {
            for (int u = left; u < right; u++) {
              sum += rgb[3 * (v * width + u) + channel] & 0xff;
            }
          }
          out[at++] = (byte) (sum / area);
        }
      }
    }
    return new Picture(newWidth, newHeight, out);
  }

  /**
   * Writes {@code other} into this picture's own pixels with its corner at (left, top); it must
   * fit.
   */
  void paste(Picture other, int left, int top) {
    for (int y = 0; y < other.height; y++) {
      System.arraycopy(
          other.rgb, 3 * y * other.width, rgb, 3 * ((top + y) * width + left), 3 * other.width);
    }
  }

  /** The picture as a JPEG file: smaller, and not quite exact. */
  public byte[] jpeg() {
    return SpriteSheet.jpeg(this, 0.85f);
  }

  /** The picture as a PNG file. */
  public byte[] png() {
    var bytes = new ByteArrayOutputStream();
    try (var out = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(image(), "png", out)) {
        throw new MediaException("this JDK writes no PNG");
      }
    } catch (IOException e) {
      throw new MediaException("writing a PNG of " + width + "x" + height, e);
    }
    return bytes.toByteArray();
  }

  /** The same pixels, shared, as the JDK's own kind of picture. */
  BufferedImage image() {
    var colours =
        new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_sRGB),
            false,
            false,
            Transparency.OPAQUE,
            DataBuffer.TYPE_BYTE);
    var raster =
        Raster.createInterleavedRaster(
            new DataBufferByte(rgb, rgb.length),
            width,
            height,
            3 * width,
            3,
            new int[] {0, 1, 2},
            null);
    return new BufferedImage(colours, raster, false, null);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Picture(int w, int h, byte[] pixels)
        && w == width
        && h == height
        && Arrays.equals(pixels, rgb);
  }

  @Override
  public int hashCode() {
    return 31 * width + Arrays.hashCode(rgb);
  }

  @Override
  public String toString() {
    return "Picture[" + width + "x" + height + "]";
  }
}
