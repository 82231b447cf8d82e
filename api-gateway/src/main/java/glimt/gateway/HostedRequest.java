package glimt.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.InvalidSpec;
import glimt.json.Json;
import glimt.ledger.Bundles;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Requests as the clients of hosting platforms send them: a model by its name or version, and an
 * object of inputs. The inputs are the fields of {@code POST /v1/jobs}, also by the names that
 * these platforms' models use for them.
 */
final class HostedRequest {
  /** The owner of every model of a farm, where names have one. */
  static final String OWNER = "glimt";

  /** The path of uploaded files, by which requests refer to them. */
  static final String FILES = "/v1/files";

  private static final Map<String, String> NAMES =
      Map.of(
          "num_inference_steps", "steps",
          "guidance_scale", "guidance",
          "num_frames", "frames",
          "output_format", "format",
          "image", "input_image",
          "image_url", "input_image",
          "video_url", "input_video",
          "prompt_strength", "strength");

  private static final Pattern UPLOADED =
      Pattern.compile("https?://[^?#]+" + FILES + "/([0-9a-f]{64})");

  private HostedRequest() {}

  /**
   * Finds a model by its name, its name with the owner, or the digest of its card.
   *
   * @param field the field that names it
   * @throws InvalidSpec if there is none, with those there are
   */
  static Bundles.CatalogueEntry model(Bundles bundles, String field, String named) {
    String name = named.startsWith(OWNER + "/") ? named.substring(OWNER.length() + 1) : named;
    List<Bundles.CatalogueEntry> offered =
        bundles.offers().stream()
            .filter(offer -> offer.standing() != Bundles.Standing.GONE)
            .map(Bundles.Offer::bundle)
            .toList();
    return offered.stream()
        .filter(entry -> entry.card().name().equals(name) || entry.digest().sha256().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidSpec(
                    field,
                    "must be one of %s, not %s"
                        .formatted(
                            offered.stream()
                                .map(entry -> OWNER + "/" + entry.card().name())
                                .toList(),
                            Fields.shown(named))));
  }

  /**
   * The request for a job.
   *
   * @param input what the client sent for the model
   * @throws InvalidSpec with the client's name of the wrong field
   */
  static JobRequest job(Bundles.CatalogueEntry model, ObjectNode input) {
    ObjectNode job =
        Json.mapper()
            .createObjectNode()
            .put("kind", JobDocument.word(model.card().kind()))
            .put("model", model.card().name());
    for (Map.Entry<String, JsonNode> field : input.properties()) {
      String ours = NAMES.getOrDefault(field.getKey(), field.getKey());
      if (job.has(ours)) {
        throw new InvalidSpec(
            field.getKey(), "is given twice, or by the name of the model already");
      }
      Matcher link = UPLOADED.matcher(field.getValue().asText());
      if (ours.equals("input_image") && link.matches()) {
        job.put(ours, link.group(1));
      } else {
        job.set(ours, field.getValue());
      }
    }
    try {
      return JobRequest.of(Fields.of(job));
    } catch (InvalidSpec e) {
      throw named(e, input);
    }
  }

  /** The same refusal, with the client's name of the field. */
  static InvalidSpec named(InvalidSpec e, ObjectNode input) {
    return NAMES.entrySet().stream()
        .filter(name -> name.getValue().equals(e.field()) && input.has(name.getKey()))
        .findFirst()
        .map(name -> new InvalidSpec(name.getKey(), String.valueOf(e.getMessage())))
        .orElse(e);
  }
}
