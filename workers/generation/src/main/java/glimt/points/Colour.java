package glimt.points;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** The colours that a caption can name, classified by hue, saturation and value. */
public enum Colour {
  RED(0.80f, 0.13f, 0.12f),
  ORANGE(0.93f, 0.48f, 0.10f),
  YELLOW(0.95f, 0.83f, 0.15f),
  GREEN(0.20f, 0.55f, 0.20f),
  CYAN(0.15f, 0.75f, 0.80f),
  BLUE(0.15f, 0.30f, 0.80f),
  PURPLE(0.48f, 0.20f, 0.75f),
  PINK(0.92f, 0.35f, 0.65f),
  BROWN(0.42f, 0.27f, 0.13f),
  WHITE(0.93f, 0.93f, 0.92f),
  GREY(0.50f, 0.50f, 0.51f),
  BLACK(0.09f, 0.09f, 0.10f);

  private final float red;
  private final float green;
  private final float blue;

  Colour(float red, float green, float blue) {
    this.red = red;
    this.green = green;
    this.blue = blue;
  }

  /** A typical sRGB colour of this name: red, green and blue in [0, 1]. */
  public float[] rgb() {
    return new float[] {red, green, blue};
  }

  /** The word for the colour in prompts. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The name of an sRGB colour, given as red, green and blue in [0, 1]. */
  public static Colour of(float red, float green, float blue) {
    float value = Math.max(red, Math.max(green, blue));
    float chroma = value - Math.min(red, Math.min(green, blue));
    if (value < 0.2f) {
      return BLACK;
    }
    if (chroma < 0.18f * value) {
      return value > 0.8f ? WHITE : GREY;
    }
    float hue = hue(red, green, blue, value, chroma);
    if (hue < 14 || hue >= 345) {
      return value < 0.45f ? BROWN : RED;
    } else if (hue < 42) {
      return value < 0.75f ? BROWN : ORANGE;
    } else if (hue < 66) {
      return value < 0.5f ? GREEN : YELLOW;
    } else if (hue < 165) {
      return GREEN;
    } else if (hue < 200) {
      return CYAN;
    } else if (hue < 255) {
      return BLUE;
    } else {
      return hue < 290 ? PURPLE : PINK;
    }
  }

  private static float hue(float red, float green, float blue, float value, float chroma) {
    if (value == red) {
      return 60 * ((green - blue) / chroma + (green < blue ? 6 : 0));
    }
    return value == green ? 60 * ((blue - red) / chroma + 2) : 60 * ((red - green) / chroma + 4);
  }

  /** The most frequent colour of a cloud and the fraction of the points that have it. */
  public record Dominant(Colour colour, double share) {}

  /**
   * Finds the most frequent colour of a cloud.
   *
   * @param cloud {@code [n, 6]} with sRGB in [0, 1], n &gt; 0
   */
  public static Dominant dominant(float[] cloud) {
    Map<Colour, Integer> counts = new EnumMap<>(Colour.class);
    for (int at = 0; at < cloud.length; at += KdOrder.CHANNELS) {
      counts.merge(of(cloud[at + 3], cloud[at + 4], cloud[at + 5]), 1, Integer::sum);
    }
    Map.Entry<Colour, Integer> most =
        Collections.max(counts.entrySet(), Map.Entry.comparingByValue());
    int points = cloud.length / KdOrder.CHANNELS;
    return new Dominant(most.getKey(), most.getValue() / (double) points);
  }
}
