package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Standard normal noise as a pure function of seed, level, purpose, step, draw and absolute
 * position, independent of tiling, worker, thread and batch.
 *
 * <p>Uniforms are Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2,
 * 3"): the key is the seed, low word first, and the counter is
 *
 * <pre>
 *   word 0   y &lt;&lt; 16 | x               (the point's index for a point cloud)
 *   word 1   frame                      (0 for a point cloud)
 *   word 2   step &lt;&lt; 8 | draw
 *   word 3   level &lt;&lt; 24 | purpose &lt;&lt; 16 | channel / 4
 * </pre>
 *
 * so that the four words of a block belong to four neighbouring channels. A word u is mapped to a
 * normal by the inverse of the normal distribution at (u + 1/2) / 2^32 (Wichura 1988, Algorithm AS
 * 241, PPND16): this uses only +, -, x, /, sqrt and {@link StrictMath#log}, so it gives the same
 * bits on every machine. This layout must not change, because every result that was ever made from
 * a seed would change.
 *
 * @param seed the key of the generator
 */
public record Noise(long seed) {

  /** The purpose of a draw, whose code is part of the counter. */
  public enum Purpose {
    /** The initial sample of a walk. */
    START(0),
    /** The draws of stochastic steps. */
    STEP(1),
    /** The noise added to the conditioning of a level. */
    CONDITION(2),
    /** The random choices of a training run. */
    TRAINING(3),
    /** The noise that a decoder takes away. */
    DECODE(4),
    /** The noise by which a latent is drawn from what an encoder answers. */
    ENCODE(5);

    private final int code;

    Purpose(int code) {
      this.code = code;
    }
  }

  /**
   * The initial noise of a walk, [1, ...region], of unit variance.
   *
   * @param level the index of the level in the cascade, 0 for the base, at most 255
   */
  public NDArray start(NDManager manager, int level, Region region, DataType type) {
    float[] values = normals(level, Purpose.START, 0, 0, region);
    return array(manager, values, withBatch(region.shape()), type);
  }

  /** The draws of a walk over one region, for samples of shape [1, ...region] or [...region]. */
  public Draw draws(int level, Region region) {
    return (like, step, draw) -> {
      if (like.size() != region.shape().size()) {
        throw new IllegalArgumentException(
            "the region has shape " + region.shape() + ", but the sample " + like.getShape());
      }
      float[] values = normals(level, Purpose.STEP, step, draw, region);
      return array(like.getManager(), values, like.getShape(), like.getDataType());
    };
  }

  /** The normals of a region, row-major, of shape {@link Region#shape()}. */
  public float[] normals(int level, Purpose purpose, int step, int draw, Region region) {
    if (level < 0 || level > 255 || step < 0 || step >= 1 << 24 || draw < 0 || draw > 255) {
      throw new IllegalArgumentException(
          "level and draw must be 0 to 255 and step 0 to 2^24 - 1, not level %s, step %s, draw %s"
              .formatted(level, step, draw));
    }
    int when = step << 8 | draw;
    int what = level << 24 | purpose.code << 16;
    float[] out = new float[Math.toIntExact(region.shape().size())];
    int[] block = new int[4];
    switch (region) {
      case Region.FrameWindow r -> {
        int plane = r.height() * r.width();
        for (int f = 0; f < r.frames(); f++) {
          for (int p = 0; p < plane; p++) {
            int place = (r.y() + p / r.width()) << 16 | (r.x() + p % r.width());
            int at = f * r.channels() * plane + p;
            channels(place, r.frame() + f, when, what, block, out, at, plane, r.channels());
          }
        }
      }
      case Region.PointRange r -> {
        for (int p = 0; p < r.points(); p++) {
          channels(r.point() + p, 0, when, what, block, out, p * r.channels(), 1, r.channels());
        }
      }
    }
    return out;
  }

  /** Writes the channels of one position to out[at], out[at + stride], ... */
  private void channels(
      int place,
      int frame,
      int when,
      int what,
      int[] block,
      float[] out,
      int at,
      int stride,
      int channels) {
    for (int c = 0; c < channels; c++) {
      if (c % 4 == 0) {
        philox(place, frame, when, what | c / 4, (int) seed, (int) (seed >>> 32), block);
      }
      out[at + c * stride] = (float) quantile(((block[c % 4] & 0xFFFFFFFFL) + 0.5) * 0x1p-32);
    }
  }

  /** Computes one block of Philox4x32-10: four words from the counter c and the key k. */
  static void philox(int c0, int c1, int c2, int c3, int k0, int k1, int[] out) {
    for (int round = 0; round < 10; round++) {
      long p0 = 0xD2511F53L * (c0 & 0xFFFFFFFFL);
      long p1 = 0xCD9E8D57L * (c2 & 0xFFFFFFFFL);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c1 = (int) p1;
      c3 = (int) p0;
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }

  /**
   * The p-quantile of the standard normal distribution. The far tail of AS 241, beyond exp(-25), is
   * omitted because 32-bit uniforms cannot reach it.
   */
  static double quantile(double p) {
    double q = p - 0.5;
    if (Math.abs(q) <= 0.425) {
      double r = 0.180625 - q * q;
      return q * polynomial(CENTRE_UP, r) / polynomial(CENTRE_DOWN, r);
    }
    double r = Math.sqrt(-StrictMath.log(q < 0 ? p : 1 - p)) - 1.6;
    double tail = polynomial(TAIL_UP, r) / polynomial(TAIL_DOWN, r);
    return q < 0 ? -tail : tail;
  }

  /**
   * Horner's rule for eight coefficients, highest power first. Unrolling it makes the generation of
   * noise a sixth faster.
   */
  private static double polynomial(double[] c, double r) {
    return ((((((c[0] * r + c[1]) * r + c[2]) * r + c[3]) * r + c[4]) * r + c[5]) * r + c[6]) * r
        + c[7];
  }

  private static NDArray array(NDManager manager, float[] values, Shape shape, DataType type) {
    if (type == DataType.FLOAT32) {
      return manager.create(values, shape);
    }
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return manager.create(wide, shape);
  }

  private static Shape withBatch(Shape shape) {
    return new Shape(1).addAll(shape);
  }

  private static final double[] CENTRE_UP = {
    2509.0809287301227, 33430.57558358813, 67265.7709270087,
    45921.95393154987, 13731.69376550946, 1971.5909503065513,
    133.14166789178438, 3.3871328727963665
  };
  private static final double[] CENTRE_DOWN = {
    5226.495278852854, 28729.085735721943, 39307.89580009271,
    21213.794301586597, 5394.196021424751, 687.1870074920579,
    42.31333070160091, 1.0
  };
  private static final double[] TAIL_UP = {
    0.0007745450142783414, 0.022723844989269184, 0.2417807251774506,
    1.2704582524523684, 3.6478483247632045, 5.769497221460691,
    4.630337846156546, 1.4234371107496835
  };
  private static final double[] TAIL_DOWN = {
    1.0507500716444169e-09, 0.0005475938084995345, 0.015198666563616457,
    0.14810397642748008, 0.6897673349851, 1.6763848301838038,
    2.053191626637759, 1.0
  };
}
