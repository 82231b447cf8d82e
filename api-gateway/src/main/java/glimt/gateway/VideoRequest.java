package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.ArtifactId;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.SamplingOptions;
import glimt.job.Webhook;
import glimt.json.Json;
import glimt.model.BundleCard;
import glimt.model.Kind;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a request for a video, which have names of their own here: OpenAI's, and those that
 * other self-hosted servers added.
 *
 * @param seconds a decimal number; null for the length of the model's videos
 * @param picture the picture that it begins with; null for none
 * @param webhook where the video's events are sent; null for nowhere
 */
record VideoRequest(
    @Nullable String prompt,
    @Nullable String negativePrompt,
    @Nullable String model,
    @Nullable String seconds,
    Map<String, Integer> extents,
    @Nullable Integer steps,
    @Nullable Double guidance,
    @Nullable Long seed,
    @Nullable InputReference picture,
    @Nullable Webhook webhook) {
  private static final Pattern SECONDS = Pattern.compile("\\d{1,6}(\\.\\d{1,6})?");

  static VideoRequest of(Fields fields, @Nullable Webhook webhook) {
    VideoRequest asked =
        new VideoRequest(
            fields.text("prompt"),
            fields.text("negative_prompt"),
            fields.text("model"),
            seconds(fields.textOrNumber("seconds")),
            JobRequest.extents(fields, Kind.VIDEO, "num_frames"),
            fields.whole("num_inference_steps", 1, SamplingOptions.STEPS_LIMIT),
            fields.number("guidance_scale", 0, SamplingOptions.GUIDANCE_LIMIT),
            JobRequest.seed(fields),
            InputReference.of(fields),
            webhook);
    fields.end();
    return asked;
  }

  private static @Nullable String seconds(@Nullable String text) {
    if (text != null && !SECONDS.matcher(text).matches()) {
      throw new InvalidSpec("seconds", "must be a number of seconds, such as 3");
    }
    return text;
  }

  /** The names of fields here, by their names in a {@link JobRequest}. */
  static Map<String, String> names() {
    return Map.of(
        "frames", "num_frames",
        "steps", "num_inference_steps",
        "guidance", "guidance_scale",
        "input_image", InputReference.FIELD);
  }

  /**
   * The same request for a job.
   *
   * @param image the stored picture that it begins with; null for none
   */
  JobRequest job(@Nullable ArtifactId image) {
    ObjectNode job =
        Json.mapper()
            .createObjectNode()
            .put("kind", "video")
            .put("prompt", prompt)
            .put("negative_prompt", negativePrompt)
            .put("model", model)
            .put("seed", seed)
            .put("steps", steps)
            .put("guidance", guidance)
            .put("format", Format.MP4.ending())
            .put("input_image", image == null ? null : image.sha256());
    extents.forEach(job::put);
    return JobRequest.of(Fields.of(job));
  }

  /**
   * Refuses a length that the model's videos do not have.
   *
   * @throws InvalidSpec with the length that they have
   */
  void checkSeconds(BundleCard card) {
    if (extents.containsKey("frames") || seconds == null) {
      return;
    }
    if (frames(card, new BigDecimal(seconds)) != frames(card, seconds(card))) {
      throw new InvalidSpec(
          "seconds",
          "must be %s, as every video of %s has that length"
              .formatted(seconds(card).toPlainString(), card.name()));
    }
  }

  /** How long every video of a bundle lasts: levels with fewer frames show each of them longer. */
  static BigDecimal seconds(BundleCard card) {
    return BigDecimal.valueOf(card.levels().getLast().seen().getFirst())
        .divide(BigDecimal.valueOf(card.fps()), 3, RoundingMode.HALF_UP)
        .stripTrailingZeros();
  }

  private static int frames(BundleCard card, BigDecimal seconds) {
    return seconds
        .multiply(BigDecimal.valueOf(card.fps()))
        .setScale(0, RoundingMode.HALF_UP)
        .intValueExact();
  }
}
