package glimt.published;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.json.Json;
import glimt.model.GuidanceRule;
import glimt.model.Sampling;
import glimt.model.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
  /** The class of the sampler. */
  static final String CLASS = "PointCloudSampler";

  /** Where CLIP's text encoder has to be, which is published apart. */
  static final String TEXT_ENCODER = "clip/text_encoder";

  static final String TOKENIZER = "clip/tokenizer";

  private static final String BASE = "base_";
  private static final String UPSAMPLER = "upsample_";

  /** The settings of both stages as published (Nichol et al. 2022). */
  private static final Map<String, Object> BASE_WALK =
      Map.of("_class_name", CLASS, "beta_schedule", "cosine", "sigma_max", 120.0, "s_churn", 3.0);

  private static final Map<String, Object> UPSAMPLER_WALK =
      Map.of("_class_name", CLASS, "beta_schedule", "linear", "sigma_max", 160.0, "s_churn", 0.0);

  private static final int STEPS = 64;
  private static final double GUIDANCE = 3;

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
   * @param sampling as published
   */
  public record PointEPart(Path file, Safetensors weights, Condition condition, Sampling sampling) {

    /** Its configuration: what its own file says, and else what the tensors' shapes say. */
    public PublishedConfig config() {
      Path beside = file.resolveSibling(name().replaceFirst("\\.[^.]+$", ".json"));
      return Files.exists(beside)
          ? PublishedConfig.of(beside.toString(), PublishedFolder.json(beside))
          : PointTransformer.config(file.toString(), weights);
    }

    private String name() {
      return String.valueOf(file.getFileName());
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
    double guidance = condition == Condition.NOTHING ? 0 : GUIDANCE;
    // An image guides both stages, a text the first alone.
    boolean image = condition == Condition.IMAGE || condition == Condition.IMAGE_GRID;
    return new PointEFolder(
        new PointEPart(base, first, condition, sampling(BASE_WALK, guidance)),
        new PointEPart(
            upsampler,
            second,
            condition(upsampler, second),
            sampling(UPSAMPLER_WALK, image ? guidance : 0)));
  }

  private static Sampling sampling(Map<String, Object> walk, double guidance) {
    return new Sampling(
        Sampling.PUBLISHED, STEPS, guidance(guidance), new Schedule.Published(walk));
  }

  /** Each estimate is clipped before they are mixed. */
  static GuidanceRule guidance(double weight) {
    return new GuidanceRule(GuidanceRule.Mixing.DENOISED, weight, 0, null, null);
  }

  /** The index that Point-E's files would have, with CLIP's text encoder where it is there. */
  static ObjectNode index(Path folder) {
    ObjectNode index = Json.mapper().createObjectNode().put("_class_name", CLASS);
    if (Files.isDirectory(folder.resolve(TEXT_ENCODER))) {
      index.putArray(TEXT_ENCODER).add("transformers").add("CLIPTextModelWithProjection");
      index.putArray(TOKENIZER).add("transformers").add("CLIPTokenizer");
    }
    return index;
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
