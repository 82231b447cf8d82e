package glimt.media;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * An image: {@code width * height} sRGB pixels, three bytes each, row by row. The array is not
 * copied.
 */
public record Picture(int width, int height, byte[] rgb) {

  public Picture {
    if (width < 1 || height < 1) {
      throw new IllegalArgumentException(
          "a picture needs at least 1x1 pixels, not " + width + "x" + height);
    }
    if (rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          "got %s bytes for a picture of %sx%s pixels, which needs %s"
              .formatted(rgb.length, width, height, 3L * width * height));
    }
  }

  /**
   * A picture of a single colour.
   *
   * @param colour sRGB as {@code 0xRRGGBB}
   */
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
   * Reads a file that people give, such as PNG or JPEG; transparent pixels are on white.
   *
   * @throws MediaException if it is no picture that the JDK reads
   */
  public static Picture read(byte[] file) {
    BufferedImage read;
    try {
      read = ImageIO.read(new ByteArrayInputStream(file));
    } catch (IOException | RuntimeException broken) {
      throw new MediaException("the file is a damaged picture: " + broken, broken);
    }
    if (read == null) {
      throw new MediaException("the file is no PNG, JPEG, GIF or BMP");
    }
    int width = read.getWidth();
    int height = read.getHeight();
    byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int colour = read.getRGB(x, y);
        int opaque = colour >>> 24;
        for (int channel = 0; channel < 3; channel++) {
          int value = colour >> (16 - 8 * channel) & 255;
          rgb[3 * (y * width + x) + channel] =
              (byte) ((value * opaque + 255 * (255 - opaque) + 127) / 255);
        }
      }
    }
    return new Picture(width, height, rgb);
  }

  /** The middle of this picture, as large as it can be with this ratio of sides. */
  public Picture cut(int ratioWidth, int ratioHeight) {
    int newWidth = (int) Math.min(width, Math.max(1, (long) height * ratioWidth / ratioHeight));
    int newHeight = (int) Math.min(height, Math.max(1, (long) width * ratioHeight / ratioWidth));
    int left = (width - newWidth) / 2;
    int top = (height - newHeight) / 2;
    byte[] out = new byte[3 * newWidth * newHeight];
    for (int y = 0; y < newHeight; y++) {
      System.arraycopy(rgb, 3 * ((top + y) * width + left), out, 3 * y * newWidth, 3 * newWidth);
    }
    return new Picture(newWidth, newHeight, out);
  }

  /** The values in [-1, 1], [3, height, width]. */
  public float[] planes() {
    int count = width * height;
    float[] planes = new float[3 * count];
    for (int i = 0; i < rgb.length; i++) {
      planes[i % 3 * count + i / 3] = (rgb[i] & 255) / 127.5f - 1;
    }
    return planes;
  }

  /**
   * Scales this picture to the largest size that fits into a square of {@code side} pixels, by a
   * whole factor if it grows, by averaging if it shrinks.
   */
  public Picture fitted(int side) {
    int longer = Math.max(width, height);
    if (longer <= side) {
      return scaled(width * (side / longer), height * (side / longer));
    }
    return scaled(Math.max(1, width * side / longer), Math.max(1, height * side / longer));
  }

  /**
   * Scales this picture. Each new pixel is the mean of the old pixels it covers, or the nearest one
   * if it covers none.
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
   * Overwrites part of this picture with {@code other}, whose upper left corner is placed at (left,
   * top) and which must fit.
   */
  void paste(Picture other, int left, int top) {
    for (int y = 0; y < other.height; y++) {
      System.arraycopy(
          other.rgb, 3 * y * other.width, rgb, 3 * ((top + y) * width + left), 3 * other.width);
    }
  }

  /** Encodes the picture as JPEG with quality 0.85. */
  public byte[] jpeg() {
    return SpriteSheet.jpeg(this, 0.85f);
  }

  /** Encodes the picture as PNG. */
  public byte[] png() {
    var bytes = new ByteArrayOutputStream();
    try (var out = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(image(), "png", out)) {
        throw new MediaException("this JDK cannot write PNG");
      }
    } catch (IOException e) {
      throw new MediaException("cannot write a PNG of " + width + "x" + height + " pixels", e);
    }
    return bytes.toByteArray();
  }

  /** The picture as the JDK's image type, sharing the same pixels. */
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
