package glimt.pipeline;

/**
 * The colours of a latent without its decoder: a linear map of the channels at each position,
 * fitted by least squares to what the decoder made of one latent. It gives one pixel for a position
 * and takes a millisecond where the decoder takes seconds.
 *
 * @param weights for each channel of the result, the weights of the latent's channels and, behind
 *     them, a constant
 */
public record LatentColours(double[][] weights) {
  /** Keeps the equations solvable where the channels do not vary. */
  private static final double RIDGE = 1e-6;

  /**
   * Fits the map. A frame of a latent is compared with the first of those that it became.
   *
   * @param latent a latent, row-major, as the walk has it
   * @param shape its shape: [channels, height, width], or [frames, channels, height, width]
   * @param decoded what the decoder made of it
   * @param decodedShape the shape of that, in the same layout
   */
  public static LatentColours fitted(
      float[] latent, long[] shape, float[] decoded, long[] decodedShape) {
    Grid from = Grid.of(shape);
    Grid to = Grid.of(decodedShape);
    int n = from.channels + 1;
    double[][] normal = new double[n][n];
    double[][] sides = new double[to.channels][n];
    double[] row = new double[n];
    for (int place = 0; place < from.places(); place++) {
      from.row(latent, place, row);
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          normal[i][j] += row[i] * row[j];
        }
      }
      for (int channel = 0; channel < to.channels; channel++) {
        double wanted = to.mean(decoded, channel, from, place);
        for (int i = 0; i < n; i++) {
          sides[channel][i] += row[i] * wanted;
        }
      }
    }
    for (int i = 0; i < n; i++) {
      normal[i][i] += RIDGE * from.places();
    }
    double[][] weights = new double[to.channels][];
    for (int channel = 0; channel < to.channels; channel++) {
      weights[channel] = solved(normal, sides[channel]);
    }
    return new LatentColours(weights);
  }

  /** The shape of what {@link #of} gives: the latent's with the channels of the result. */
  public long[] shape(long[] latent) {
    long[] shape = latent.clone();
    shape[shape.length - 3] = weights.length;
    return shape;
  }

  /** The colours of a latent, row-major. */
  public float[] of(float[] latent, long[] shape) {
    Grid from = Grid.of(shape);
    Grid to = Grid.of(shape(shape));
    float[] colours = new float[to.places() * to.channels];
    double[] row = new double[from.channels + 1];
    for (int place = 0; place < from.places(); place++) {
      from.row(latent, place, row);
      for (int channel = 0; channel < to.channels; channel++) {
        double sum = 0;
        for (int i = 0; i < row.length; i++) {
          sum += weights[channel][i] * row[i];
        }
        colours[to.index(place, channel)] = (float) sum;
      }
    }
    return colours;
  }

  /** Solves a symmetric positive definite system by Cholesky's decomposition. */
  private static double[] solved(double[][] matrix, double[] side) {
    int n = side.length;
    double[][] lower = new double[n][n];
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = matrix[i][j];
        for (int k = 0; k < j; k++) {
          sum -= lower[i][k] * lower[j][k];
        }
        lower[i][j] = i == j ? Math.sqrt(Math.max(sum, Double.MIN_NORMAL)) : sum / lower[j][j];
      }
      double sum = side[i];
      for (int k = 0; k < i; k++) {
        sum -= lower[i][k] * x[k];
      }
      x[i] = sum / lower[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int k = i + 1; k < n; k++) {
        x[i] -= lower[k][i] * x[k];
      }
      x[i] /= lower[i][i];
    }
    return x;
  }

  /** Positions of frames, rows and columns, numbered in that order; a picture has one frame. */
  private record Grid(int frames, int channels, int height, int width) {
    static Grid of(long[] shape) {
      int last = shape.length - 1;
      return new Grid(
          last == 3 ? (int) shape[0] : 1,
          (int) shape[last - 2],
          (int) shape[last - 1],
          (int) shape[last]);
    }

    int places() {
      return frames * height * width;
    }

    int index(int place, int channel) {
      int plane = height * width;
      return (place / plane * channels + channel) * plane + place % plane;
    }

    /** The channels at a position, and a 1 for the constant. */
    void row(float[] values, int place, double[] row) {
      for (int channel = 0; channel < channels; channel++) {
        row[channel] = values[index(place, channel)];
      }
      row[channels] = 1;
    }

    /** The mean of this finer grid's values over a position of a coarser one. */
    double mean(float[] values, int channel, Grid coarse, int place) {
      int frame = place / (coarse.height * coarse.width);
      // Causal codecs make 1 + (n - 1) f frames of n, others n f.
      int first = frame == 0 ? 0 : frame * frames / coarse.frames;
      int top = place / coarse.width % coarse.height * height / coarse.height;
      int left = place % coarse.width * width / coarse.width;
      int high = height / coarse.height;
      int wide = width / coarse.width;
      double sum = 0;
      for (int y = top; y < top + high; y++) {
        for (int x = left; x < left + wide; x++) {
          sum += values[index((first * height + y) * width + x, channel)];
        }
      }
      return sum / (high * wide);
    }
  }
}
