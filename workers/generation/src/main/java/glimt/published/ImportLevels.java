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
 * @param above the levels above it, from below
 */
public record ImportLevels(@Nullable PixelSize size, List<LevelSource> above) {
  /** The pipeline as it is. */
  public static final ImportLevels NONE = new ImportLevels(null, List.of());

  public ImportLevels {
    above = List.copyOf(above);
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
   * A pipeline that refines what the level below made (SDEdit, Meng et al. 2022).
   *
   * @param source its folder or single file
   * @param strength the share of its walk that is walked
   * @param size of its results; null for the usual one
   * @param tile the size of the pieces that are refined one by one, a quarter of which overlap; null
   *     for one piece
   */
  public record LevelSource(
      Path source, double strength, @Nullable PixelSize size, @Nullable PixelSize tile) {
    /** As diffusers' video to video has it. */
    private static final double STRENGTH = 0.6;

    private static final Pattern TEXT =
        Pattern.compile("(.+?)(?::(0?\\.\\d+|[01](?:\\.0*)?))?(?::(\\d+x[\\dx]+)(?:/(\\d+x[\\dx]+))?)?");

    /**
     * Reads {@code SOURCE[:STRENGTH][:WIDTHxHEIGHT[/WIDTHxHEIGHT]]}, whose second size is the tile's.
     *
     * @throws IllegalArgumentException if a part of it is not as it should be
     */
    public static LevelSource parse(String text) {
      Matcher parts = TEXT.matcher(text);
      if (!parts.matches()) {
        throw new IllegalArgumentException(
            "a level is SOURCE[:STRENGTH][:WIDTHxHEIGHT[/WIDTHxHEIGHT]], not " + text);
      }
      String strength = parts.group(2);
      return new LevelSource(
          Path.of(parts.group(1)),
          strength == null ? STRENGTH : Double.parseDouble(strength),
          parts.group(3) == null ? null : PixelSize.parse(parts.group(3)),
          parts.group(4) == null ? null : PixelSize.parse(parts.group(4)));
    }

    public LevelSource {
      Refinement.checkStrength(strength);
    }
  }
}
