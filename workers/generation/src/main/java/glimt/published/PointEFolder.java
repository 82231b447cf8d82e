package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.pipeline.PointEStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder of Point-E's files under their published names: one of {@code base_40m_textvec.pt},
 * {@code base_40m_imagevec.pt}, {@code base_40m_uncond.pt}, {@code base_40m.pt}, {@code
 * base_300m.pt} and {@code base_1b.pt}, and {@code upsample_40m.pt}. They hold tensors alone: what
 * a network sees follows from its name and its tensors.
 *
 * @param base makes the first points
 * @param upsampler adds the others
 */
public record PointEFolder(PointEPart base, PointEPart upsampler) {
  private static final String BASE = "base_";
  private static final String UPSAMPLER = "upsample_";
  private static final List<String> ENDS = List.of(".pt", ".pth", ".bin", ".safetensors");

  /** What a network is conditioned by, besides a cloud. */
  public enum Condition {
    NOTHING,
    /** CLIP's vector of a text, of unit length. */
    TEXT,
    /** CLIP's vector of an image, of unit length. */
    IMAGE,
    /** CLIP's grid of an image; zeros are no image. */
    IMAGE_GRID
  }

  /**
   * One of the two networks.
   *
   * @param stage of the sampler, as published
   */
  public record PointEPart(Path file, Safetensors weights, Condition condition, PointEStage stage) {

    /** Its configuration, made from the tensors' shapes. */
    public PublishedConfig config() {
      return PointTransformer.config(file.toString(), weights);
    }
  }

  /** Whether a folder holds files under the published names. */
  public static boolean is(Path folder) {
    return !files(folder, BASE).isEmpty() && !files(folder, UPSAMPLER).isEmpty();
  }

  /**
   * Opens the two files.
   *
   * @throws BundleException if one is missing or there are several, if one is damaged, or if the
   *     name does not say whether vectors are of texts or of images
   */
  public static PointEFolder of(Path folder) {
    Path base = only(folder, BASE);
    Path upsampler = only(folder, UPSAMPLER);
    Safetensors first = PublishedWeights.file(base).map();
    Safetensors second = PublishedWeights.file(upsampler).map();
    Condition condition = condition(base, first);
    double guidance = condition == Condition.NOTHING ? 0 : PointEStage.BASE.guidance();
    // An image guides both stages, a text the first alone.
    boolean image = condition == Condition.IMAGE || condition == Condition.IMAGE_GRID;
    return new PointEFolder(
        new PointEPart(base, first, condition, PointEStage.BASE.guided(guidance)),
        new PointEPart(
            upsampler,
            second,
            condition(upsampler, second),
            PointEStage.REFINED.guided(image ? guidance : 0)));
  }

  private static Condition condition(Path file, Safetensors weights) {
    if (weights.tensors().containsKey("clip_embed.1.weight")) {
      return Condition.IMAGE_GRID;
    }
    if (!weights.tensors().containsKey("clip_embed.weight")) {
      return Condition.NOTHING;
    }
    String name = String.valueOf(file.getFileName());
    if (name.contains("text") == name.contains("image")) {
      throw new BundleException(
          "%s takes vectors, and its name does not say of what: published names hold textvec or imagevec"
              .formatted(file));
    }
    return name.contains("text") ? Condition.TEXT : Condition.IMAGE;
  }

  private static Path only(Path folder, String start) {
    List<Path> found = files(folder, start);
    if (found.size() != 1) {
      throw new BundleException(
          "%s must hold one file %s*.pt, and holds %s".formatted(folder, start, found));
    }
    return found.getFirst();
  }

  private static List<Path> files(Path folder, String start) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(
              file -> {
                String name = String.valueOf(file.getFileName());
                return name.startsWith(start) && ENDS.stream().anyMatch(name::endsWith);
              })
          .sorted()
          .toList();
    } catch (IOException broken) {
      throw new BundleException("cannot list " + folder + ": " + broken, broken);
    }
  }
}
