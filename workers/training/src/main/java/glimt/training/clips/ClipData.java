package glimt.training.clips;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.bundle.Safetensors.Tensor;
import glimt.media.ContactSheet;
import glimt.media.Frames;
import glimt.media.Picture;
import glimt.model.WordList;
import glimt.training.clips.Renderer.Crop;
import glimt.training.learning.Dataset;
import glimt.video.Enlargement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The training samples of a level of {@code clips}.
 *
 * <ul>
 *   <li>{@code base}: every third frame of the whole clip, 16 pixels wide;
 *   <li>{@code temporal}: a window of frames, 16 pixels wide, as the residual over linearly
 *       interpolated key frames;
 *   <li>{@code spatial}: a window of frames and a tile of pixels of the clip 64 pixels wide, as the
 *       residual over its bilinearly enlarged 16 pixels;
 *   <li>{@code detail}: the same for the clip 128 pixels wide, over its enlarged 64 pixels.
 * </ul>
 *
 * In training, noise is added to the level below, so that an upsampler learns to correct the errors
 * of generated samples (noise conditioning augmentation, Ho et al. 2022, §3).
 */
public final class ClipData implements Dataset {
  /** The number of frames of a clip on a sheet. */
  private static final int FRAMES = 8;

  private static final int PIXELS = 64;

  static final int KEYS = 8;
  static final int STRIDE = 3;
  static final int SMALL = 16;
  static final int LARGE = 64;
  static final int FULL = 128;

  /**
   * The data settings of a level in the recipe.
   *
   * @param level base, temporal, spatial or detail
   * @param window the number of frames of a network's input
   * @param tile the height and width of a network's input in pixels
   * @param belowNoise the largest standard deviation of the noise that is added to the level below
   * @param keysOnly the fraction of spatial windows that consist of key frames, so that the level
   *     can be applied to the base directly
   */
  public record LevelScenes(
      @JsonProperty(required = true) String level,
      @JsonProperty(required = true) int window,
      @JsonProperty(required = true) int tile,
      @JsonProperty(required = true) double belowNoise,
      @JsonProperty(required = true) double keysOnly) {}

  private final Grammar grammar;
  private final WordList vocabulary;
  private final Renderer renderer;
  private final LevelScenes shown;
  private final boolean heldOut;

  /**
   * Creates the dataset of a level.
   *
   * @param shown the data settings of the level
   * @param heldOut whether to draw held-out scenes instead of training scenes
   */
  public ClipData(Grammar grammar, Renderer renderer, LevelScenes shown, boolean heldOut) {
    this.grammar = grammar;
    this.vocabulary = grammar.vocabulary();
    this.renderer = renderer;
    this.shown = shown;
    this.heldOut = heldOut;
  }

  @Override
  public Map<String, Double> sizes() {
    return Map.of(
        "vocabulary", 1.0 + vocabulary.words().size(), "length", (double) vocabulary.length());
  }

  @Override
  public Batch batch(int size, RandomGenerator random) {
    boolean base = shown.level.equals("base");
    int values = shown.window * 3 * shown.tile * shown.tile;
    float[] x = new float[size * values];
    float[] below = new float[base ? 0 : size * values];
    long[] words = new long[size * vocabulary.length()];
    for (int row = 0; row < size; row++) {
      Scene scene = grammar.scene(heldOut, random);
      words(grammar.caption(scene, random), words, row);
      switch (shown.level) {
        case "base" ->
            System.arraycopy(
                renderer.render(scene, 0, STRIDE, KEYS, SMALL), 0, x, row * values, values);
        case "temporal" -> temporal(scene, random, x, below, row * values);
        case "spatial" -> spatial(scene, SMALL, LARGE, random, x, below, row * values);
        case "detail" -> spatial(scene, LARGE, FULL, random, x, below, row * values);
        default ->
            throw new IllegalArgumentException(
                "clips have the levels base, temporal, spatial and detail, not " + shown.level);
      }
    }
    long[] shape = {size, shown.window, 3, shown.tile, shown.tile};
    return new Batch(
        Tensor.of(x, shape),
        Tensor.of(words, size, vocabulary.length()),
        base ? null : Tensor.of(below, shape));
  }

  /** Draws up to eight frames of each clip, with a word of its caption below each. */
  @Override
  public Optional<Picture> picture(Batch batch, float[] samples) {
    Tensor below = batch.below();
    float[] clips = samples.clone();
    if (below != null) {
      float[] ground = below.floats();
      for (int i = 0; i < clips.length; i++) {
        clips[i] += ground[i];
      }
    }
    int values = shown.window * 3 * shown.tile * shown.tile;
    long[] words = batch.words().longs();
    List<ContactSheet.Cell> cells = new ArrayList<>();
    for (int row = 0; row < clips.length / values; row++) {
      float[] clip = Arrays.copyOfRange(clips, row * values, (row + 1) * values);
      Frames frames = Frames.ofSample(clip, shown.window, shown.tile, shown.tile, 1);
      List<ContactSheet.Cell> strip = ContactSheet.strip(frames, FRAMES, "", PIXELS);
      for (int i = 0; i < strip.size(); i++) {
        int at = row * vocabulary.length() + i;
        int word = i < vocabulary.length() ? Math.toIntExact(words[at]) : 0;
        String label = word == 0 ? "" : vocabulary.words().get(word - 1);
        cells.add(new ContactSheet.Cell(strip.get(i).picture(), label));
      }
    }
    return Optional.of(ContactSheet.of(cells, Math.min(FRAMES, shown.window), PIXELS));
  }

  private void words(String caption, long[] words, int row) {
    int at = row * vocabulary.length();
    for (int token : vocabulary.read(caption).tokens()) {
      words[at++] = token;
    }
  }

  private void temporal(Scene scene, RandomGenerator random, float[] x, float[] below, int at) {
    float[] all = renderer.render(scene, 0, 1, Renderer.LENGTH, SMALL);
    int frame = 3 * SMALL * SMALL;
    float[] keys = new float[KEYS * frame];
    for (int key = 0; key < KEYS; key++) {
      System.arraycopy(all, key * STRIDE * frame, keys, key * frame, frame);
    }
    roughen(keys, random);
    float[] drawn = Enlargement.inTime(keys, frame, STRIDE, Renderer.LENGTH);
    int first = STRIDE * random.nextInt((Renderer.LENGTH - shown.window) / STRIDE + 1);
    for (int i = 0; i < shown.window * frame; i++) {
      below[at + i] = drawn[first * frame + i];
      x[at + i] = all[first * frame + i] - below[at + i];
    }
  }

  private void spatial(
      Scene scene, int few, int many, RandomGenerator random, float[] x, float[] below, int at) {
    boolean keys = random.nextDouble() < shown.keysOnly;
    int stride = keys ? STRIDE : 1;
    int first = keys ? 0 : random.nextInt(Renderer.LENGTH - shown.window + 1);
    int grid = many / few;
    int top = grid * random.nextInt((many - shown.tile) / grid + 1);
    int left = grid * random.nextInt((many - shown.tile) / grid + 1);
    // Interpolation needs one more small pixel on each side, if there is one.
    Crop part = wider(top, left, grid, many);
    float[] all = renderer.render(scene, first, stride, shown.window, many, part);
    float[] small = shrunk(all, part.height(), part.width(), grid);
    roughen(small, random);
    float[] drawn = Enlargement.inSpace(small, part.height() / grid, part.width() / grid, grid);
    for (int plane = 0; plane < shown.window * 3; plane++) {
      for (int row = 0; row < shown.tile; row++) {
        int from =
            (plane * part.height() + top - part.top() + row) * part.width() + left - part.left();
        int to = at + (plane * shown.tile + row) * shown.tile;
        for (int i = 0; i < shown.tile; i++) {
          below[to + i] = drawn[from + i];
          x[to + i] = all[from + i] - below[to + i];
        }
      }
    }
  }

  private Crop wider(int top, int left, int margin, int size) {
    int up = Math.max(0, top - margin);
    int west = Math.max(0, left - margin);
    int bottom = Math.min(size, top + shown.tile + margin);
    int east = Math.min(size, left + shown.tile + margin);
    return new Crop(up, west, bottom - up, east - west);
  }

  /**
   * Averages over squares of {@code factor} pixels, which converts a sample to the level below.
   *
   * @param planes [planes, height, width]
   * @return [planes, height / factor, width / factor]
   */
  static float[] shrunk(float[] planes, int height, int width, int factor) {
    int few = width / factor;
    int count = planes.length / (height * width);
    float[] out = new float[count * (height / factor) * few];
    for (int plane = 0; plane < count; plane++) {
      for (int y = 0; y < height; y++) {
        int to = (plane * (height / factor) + y / factor) * few;
        int from = (plane * height + y) * width;
        for (int x = 0; x < width; x++) {
          out[to + x / factor] += planes[from + x] / (factor * factor);
        }
      }
    }
    return out;
  }

  private void roughen(float[] values, RandomGenerator random) {
    double spread = random.nextDouble() * shown.belowNoise;
    if (spread > 0) {
      for (int i = 0; i < values.length; i++) {
        values[i] += (float) (spread * random.nextGaussian());
      }
    }
  }
}
