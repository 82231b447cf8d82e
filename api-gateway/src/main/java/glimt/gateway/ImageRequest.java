package glimt.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.Format;
import glimt.job.InvalidSpec;
import glimt.job.SamplingOptions;
import glimt.job.Webhook;
import glimt.json.Json;
import glimt.model.Kind;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The fields of {@code POST /v1/images/generations}, by OpenAI's names, and {@code seed}.
 *
 * @param count how many images, each with a seed of its own
 * @param byUrl whether the answer holds links instead of the files
 * @param partials how many previews of a stream are wished for; 0 for none
 * @param webhook where the events of each image's job are sent; null for nowhere
 */
record ImageRequest(
    @Nullable String prompt,
    @Nullable String model,
    int count,
    @Nullable String size,
    boolean byUrl,
    Format format,
    boolean fast,
    @Nullable Long seed,
    boolean stream,
    int partials,
    @Nullable Webhook webhook) {
  private static final int COUNT_LIMIT = 10;
  private static final int PARTIALS_LIMIT = 3;
  private static final String AUTO = "auto";
  private static final String URL = "url";

  static ImageRequest of(Fields fields, @Nullable Webhook webhook) {
    String size = fields.text("size");
    boolean stream = Boolean.TRUE.equals(fields.flag("stream"));
    ImageRequest asked =
        new ImageRequest(
            fields.text("prompt"),
            fields.text("model"),
            Objects.requireNonNullElse(fields.whole("n", 1, COUNT_LIMIT), 1),
            AUTO.equals(size) ? null : size,
            URL.equals(fields.choice("response_format", List.of("b64_json", URL), word -> word)),
            Objects.requireNonNullElse(
                fields.choice("output_format", Format.of(Kind.IMAGE), Format::ending), Format.PNG),
            "low"
                .equals(
                    fields.choice(
                        "quality",
                        List.of(AUTO, "low", "medium", "high", "standard", "hd"),
                        word -> word)),
            JobRequest.seed(fields),
            stream,
            Objects.requireNonNullElse(fields.whole("partial_images", 0, PARTIALS_LIMIT), 0),
            webhook);
    fields.choice("background", List.of(AUTO, "opaque"), word -> word);
    fields.text("user"); // whom the client works for, which is nothing to a farm
    fields.end();
    if (stream && asked.count > 1) {
      throw new InvalidSpec("n", "must be 1 for a stream");
    }
    return asked;
  }

  /** The names of fields here, by their names in a {@link JobRequest}. */
  static Map<String, String> names() {
    return Map.of("format", "output_format");
  }

  /** The request for one of the images; a given seed counts up. */
  JobRequest job(int index) {
    ObjectNode job =
        Json.mapper()
            .createObjectNode()
            .put("kind", "image")
            .put("prompt", prompt)
            .put("model", model)
            .put("size", size)
            .put("format", format.ending())
            .put("quality", fast ? "fast" : null);
    if (seed != null) {
      job.put("seed", (seed + index) % (SamplingOptions.SEED_LIMIT + 1));
    }
    return JobRequest.of(Fields.of(job));
  }
}
