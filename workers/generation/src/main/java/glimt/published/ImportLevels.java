package glimt.published;

import glimt.model.Refinement;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The levels that whoever imports a pipeline wants of it.
 *
 * @param size of the pipeline's own level; null for the usual one
 * @param guidance the weight of guidance at every level; null for the usual ones
 * @param timesteps of the pipeline's own level, as whoever distilled it lists them; empty for the
 *     scheduler's
 * @param above the levels above it, from below
 */
public record ImportLevels(
    @Nullable PixelSize size,
    @Nullable Double guidance,
    List<Double> timesteps,
    List<LevelSource> above) {
  /** The pipeline as it is. */
  public static final ImportLevels NONE = new ImportLevels(null, List.of());

  public ImportLevels {
    timesteps = List.copyOf(timesteps);
    above = List.copyOf(above);
  }

  /** Levels with the usual guidance and timesteps. */
  public ImportLevels(@Nullable PixelSize size, List<LevelSource> above) {
    this(size, null, List.of(), above);
  }

  /**
   * Reads timesteps such as {@code 1000,909,725,421,0}. Those of 0 at the end change nothing and
   * are left out.
   *
   * @throws IllegalArgumentException if they do not fall
   */
  public static List<Double> timesteps(String text) {
    List<Double> times = new ArrayList<>();
    for (String one : text.split(",", -1)) {
      double time;
      try {
        time = Double.parseDouble(one.strip());
      } catch (NumberFormatException wrong) {
        throw new IllegalArgumentException("timesteps are numbers, not " + text, wrong);
      }
      if (!(time >= 0) || (!times.isEmpty() && time >= times.getLast())) {
        throw new IllegalArgumentException("timesteps must fall to 0 or more, not " + text);
      }
      times.add(time);
    }
    if (times.size() > 1 && times.getLast() == 0) {
      times.removeLast();
    }
    return times;
  }

  /**
   * The size of what people see.
   *
   * @param frames null for as many as usual
   */
  public record PixelSize(int width, int height, @Nullable Integer frames) {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,5})x(\\d{1,5})(?:x(\\d{1,5}))?");

    /**
     * Reads {@code WIDTHxHEIGHT} or {@code WIDTHxHEIGHTxFRAMES}.
     *
     * @throws IllegalArgumentException if it is neither
     */
    public static PixelSize parse(String text) {
      Matcher size = TEXT.matcher(text);
      if (!size.matches()) {
        throw new IllegalArgumentException(
            "a size is WIDTHxHEIGHT or WIDTHxHEIGHTxFRAMES, not " + text);
      }
      return new PixelSize(
          Integer.parseInt(size.group(1)),
          Integer.parseInt(size.group(2)),
          size.group(3) == null ? null : (Integer) Integer.parseInt(size.group(3)));
    }

    /** Its extents along the axes of a sample: (frames,) height, width. */
    List<Integer> along(List<Integer> usual) {
      List<Integer> extents = new ArrayList<>();
      if (usual.size() > 2) {
        extents.add(frames == null ? usual.getFirst() : frames);
      }
      extents.add(height);
      extents.add(width);
      return extents;
    }
  }

  /**
   * A pipeline that refines what the level below made (SDEdit, Meng et al. 2022), or enlarges it.
   *
   * @param source its folder or single file
   * @param strength the share of its walk that is walked; null for the usual one
   * @param size of its results; null for the usual one
   * @param tile the size of the pieces that are refined one by one, a quarter of which overlap;
   *     null for one piece
   * @param timesteps of its walk, as whoever distilled it lists them; empty for the scheduler's
   */
  public record LevelSource(
      Path source,
      @Nullable Double strength,
      @Nullable PixelSize size,
      @Nullable PixelSize tile,
      List<Double> timesteps) {
    /** As diffusers' video to video has it. */
    private static final double STRENGTH = 0.6;

    private static final Pattern TEXT =
        Pattern.compile(
            "(.+?)(?::(0?\\.\\d+|[01](?:\\.0*)?))?(?::(\\d+x[\\dx]+)(?:/(\\d+x[\\dx]+))?)?(?:@([\\d.,]+))?");

    /**
     * Reads {@code SOURCE[:STRENGTH][:WIDTHxHEIGHT[/WIDTHxHEIGHT]][@TIMESTEP,…]}, whose second size
     * is the tile's.
     *
     * @throws IllegalArgumentException if a part of it is not as it should be
     */
    public static LevelSource parse(String text) {
      Matcher parts = TEXT.matcher(text);
      if (!parts.matches()) {
        throw new IllegalArgumentException(
            "a level is SOURCE[:STRENGTH][:WIDTHxHEIGHT[/WIDTHxHEIGHT]][@TIMESTEP,…], not " + text);
      }
      String strength = parts.group(2);
      return new LevelSource(
          Path.of(parts.group(1)),
          strength == null ? null : (Double) Double.parseDouble(strength),
          parts.group(3) == null ? null : PixelSize.parse(parts.group(3)),
          parts.group(4) == null ? null : PixelSize.parse(parts.group(4)),
          parts.group(5) == null ? List.of() : ImportLevels.timesteps(parts.group(5)));
    }

    /** A pipeline with its scheduler's timesteps. */
    public LevelSource(
        Path source,
        @Nullable Double strength,
        @Nullable PixelSize size,
        @Nullable PixelSize tile) {
      this(source, strength, size, tile, List.of());
    }

    public LevelSource {
      timesteps = List.copyOf(timesteps);
      if (strength != null) {
        Refinement.checkStrength(strength);
      }
    }

    /** The share of its walk that a pipeline walks which refines. */
    double refining() {
      return strength == null ? STRENGTH : strength;
    }
  }
}
