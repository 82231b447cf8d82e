package glimt.training.clips;

import glimt.metrics.Bar;
import glimt.metrics.Clips;
import glimt.metrics.Figure;
import glimt.metrics.Moments;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.pipeline.Mosaic;
import glimt.training.evaluation.CascadeSampler;
import glimt.training.evaluation.CascadeSampler.SegmentSample;
import glimt.training.evaluation.Comparison;
import glimt.training.evaluation.Prompt;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Compares an upsampler with the plain enlargement that it is conditioned on. Held-out clips are
 * reduced to the level below, and a segment of each is generated again.
 *
 * <p>Fréchet distances are computed between classifier features of generated and true patches of 8
 * frames of 16 x 16 pixels at the level's resolution, at positions with visible content. The
 * distance of other true patches gives the scale. The PSNR is computed over all segments together,
 * so that empty segments have no weight.
 */
final class Upsampling {
  /** The name of the enlargement in the table. */
  static final String ENLARGED = "enlarged";

  private static final int PATCHES = 4;
  private static final int TRIES = 20;

  /** The smallest standard deviation of a patch with visible content. */
  private static final double SOMETHING = 0.1;

  /** The results of one way to fill the segments. */
  private static final class Filling {
    private final List<float[]> patches = new ArrayList<>();
    private double square;
    private double sharpness;

    void add(Filling other) {
      patches.addAll(other.patches);
      square += other.square;
      sharpness += other.sharpness;
    }

    double psnr(double values) {
      return 10 * Math.log10(4 * values / square);
    }
  }

  private final Ladder ladder;
  private final Level below;
  private final Level level;
  private final SplittableRandom random;
  private final Filling enlarged = new Filling();
  private final Filling guessed = new Filling();
  private final Filling sampled = new Filling();
  private final Filling real = new Filling();
  private double values;
  private int segments;

  /**
   * Creates an empty comparison.
   *
   * @param seed the seed of the positions of segments and patches
   */
  Upsampling(Ladder ladder, Level below, Level level, long seed) {
    this.ladder = ladder;
    this.below = below;
    this.level = level;
    this.random = new SplittableRandom(seed);
  }

  /** Adds the results of another comparison. */
  Upsampling plus(Upsampling other) {
    enlarged.add(other.enlarged);
    guessed.add(other.guessed);
    sampled.add(other.sampled);
    real.add(other.real);
    values += other.values;
    segments += other.segments;
    return this;
  }

  /** Generates one segment of a clip again and adds the results. */
  void add(CascadeSampler sampler, Prompt<Scene> prompt) throws InterruptedException {
    Segment segment = segment();
    float[] whole = ladder.truth(prompt.wanted(), level);
    float[] under = Ladder.shrunk(whole, level, below);
    float[] truth = Mosaic.of(level).cut(segment, whole);
    float[] plain = Mosaic.of(level).cut(segment, Ladder.enlarged(under, below, level));
    SegmentSample made = sampler.segment(level, segment, prompt, under);
    add(enlarged, plain, truth, segment);
    add(guessed, made.guess(), truth, segment);
    add(sampled, made.sample(), truth, segment);
    real.sharpness += sharpness(truth, segment);
    values += truth.length;
    segments++;
    for (Patch patch : patches(truth, segment)) {
      real.patches.add(patch.of(truth, segment));
      enlarged.patches.add(patch.of(plain, segment));
      sampled.patches.add(patch.of(made.sample(), segment));
    }
  }

  private void add(Filling way, float[] clip, float[] truth, Segment segment) {
    for (int i = 0; i < truth.length; i++) {
      double error = Math.clamp(clip[i], -1, 1) - truth[i];
      way.square += error * error;
    }
    way.sharpness += sharpness(clip, segment);
  }

  private double sharpness(float[] clip, Segment segment) {
    return Ladder.inTime(below, level)
        ? Clips.restlessness(clip, segment.spans().get(0).length())
        : Clips.sharpness(clip, segment.spans().get(2).length());
  }

  private Segment segment() {
    List<Segment> all = level.segments();
    return all.get(random.nextInt(all.size()));
  }

  /**
   * The figures of the comparison.
   *
   * @param others prompts of other real clips
   */
  List<Figure> figures(ClipJudge judge, List<Prompt<Scene>> others) {
    Filling different = new Filling();
    for (Prompt<Scene> other : others) {
      Segment segment = segment();
      float[] truth = ladder.truth(other.wanted(), level, segment);
      patches(truth, segment).forEach(patch -> different.patches.add(patch.of(truth, segment)));
    }
    Moments from = Moments.of(judge.features(real.patches));
    String name = level.name();
    double plain = enlarged.psnr(values);
    double blurred = distance(judge, enlarged, from);
    String sharp = Ladder.inTime(below, level) ? "change from frame to frame" : "sharpness";
    return List.of(
        Figure.of(name + ": segments made again", segments),
        Figure.of(name + ": patches for the Fréchet distance", sampled.patches.size()),
        Figure.of(
                name + ": Fréchet distance of patches to the true", distance(judge, sampled, from))
            .beside(Comparison.REAL, distance(judge, different, from))
            .beside(ENLARGED, blurred)
            .toReach(new Bar.AtMost(blurred)),
        Figure.of(name + ": PSNR of one evaluation, dB", guessed.psnr(values))
            .beside(ENLARGED, plain)
            .toReach(new Bar.AtLeast(plain)),
        Figure.of(name + ": PSNR of samples, dB", sampled.psnr(values)).beside(ENLARGED, plain),
        Figure.of(name + ": " + sharp + ", share of real", sampled.sharpness / real.sharpness)
            .beside(Comparison.REAL, 1)
            .beside(ENLARGED, enlarged.sharpness / real.sharpness)
            .toReach(new Bar.Between(0.8, 1.2)));
  }

  private static double distance(ClipJudge judge, Filling way, Moments from) {
    return Moments.of(judge.features(way.patches)).frechet(from);
  }

  /**
   * The position of 8 frames of 16 x 16 pixels in a segment; the last frame of a shorter segment is
   * repeated.
   */
  private record Patch(int first, int top, int left) {
    float[] of(float[] clip, Segment segment) {
      int height = segment.spans().get(1).length();
      int width = segment.spans().get(2).length();
      float[] out = new float[ClipData.KEYS * 3 * ClipData.SMALL * ClipData.SMALL];
      int last = segment.spans().get(0).length() - 1;
      for (int line = 0; line < out.length / ClipData.SMALL; line++) {
        int frame = Math.min(last, first + line / ClipData.SMALL / 3);
        int plane = frame * 3 + line / ClipData.SMALL % 3;
        int row = top + line % ClipData.SMALL;
        System.arraycopy(
            clip,
            (plane * height + row) * width + left,
            out,
            line * ClipData.SMALL,
            ClipData.SMALL);
      }
      return out;
    }
  }

  private List<Patch> patches(float[] truth, Segment segment) {
    List<Patch> found = new ArrayList<>();
    for (int i = 0; i < TRIES && found.size() < PATCHES; i++) {
      Patch patch =
          new Patch(
              random.nextInt(Math.max(1, segment.spans().get(0).length() - ClipData.KEYS + 1)),
              random.nextInt(segment.spans().get(1).length() - ClipData.SMALL + 1),
              random.nextInt(segment.spans().get(2).length() - ClipData.SMALL + 1));
      if (spread(patch.of(truth, segment)) > SOMETHING) {
        found.add(patch);
      }
    }
    return found;
  }

  /** The standard deviation within channels. */
  private static double spread(float[] patch) {
    int plane = ClipData.SMALL * ClipData.SMALL;
    double[] sum = new double[3];
    double[] square = new double[3];
    for (int i = 0; i < patch.length; i++) {
      int channel = i / plane % 3;
      sum[channel] += patch[i];
      square[channel] += patch[i] * patch[i];
    }
    double count = patch.length / 3.0;
    double variance = 0;
    for (int c = 0; c < 3; c++) {
      variance += (square[c] / count - Math.pow(sum[c] / count, 2)) / 3;
    }
    return Math.sqrt(Math.max(0, variance));
  }
}
